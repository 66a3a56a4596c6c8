"""A folder in which generators make clients of both documents, and in which these clients call a server."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.integrators.merchant import Merchant
from tests.e2e.process import environment, run
from tests.pages import ROOT

TOKEN_DOCUMENT = ROOT / "openapi/snap-token.yaml"
INTERNAL_DOCUMENT = ROOT / "openapi/internal.yaml"
_CALLERS = Path(__file__).parent / "callers"
_PATIENCE = 300
"""Seconds that a generator or a compiler may take on a busy machine."""


@dataclass(frozen=True)
class Workshop:
    """A folder and the environment of the commands that run in it."""

    folder: Path
    env: dict[str, str] = field(default_factory=environment)

    def add_caller(self, name: str, folder: str = ".") -> Path:
        """Copy one of the callers into the folder, beside the generated clients that it uses."""
        return Path(shutil.copy(_CALLERS / name, self.folder / folder))

    def run(self, *command: str | Path) -> str:
        """Run a command in the folder and return its output. It must succeed."""
        done = run(*command, cwd=self.folder, env=self.env, patience=_PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def report(self, merchant: Merchant, *command: str | Path) -> dict[str, Any]:
        """Run a caller with its plan as the last argument, and return its report."""
        report: dict[str, Any] = json.loads(self.run(*command, json.dumps(merchant.plan())))
        return report
