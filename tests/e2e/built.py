"""The wheel and the source distribution, built from a copy of this checkout."""

import sys
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.process import environment, run

EPOCH = "1790000000"
"""The time of the files in the packages: seconds since 1970."""


@dataclass(frozen=True)
class Packages:
    """The checkout that they were built from, and the two files."""

    checkout: Path
    sdist: Path
    wheel: Path


def build(checkout: Path, folder: Path, *, umask: int = 0o022, **variables: str) -> Packages:
    """Build both packages into the folder."""
    env = environment(SOURCE_DATE_EPOCH=EPOCH, **variables)
    command = ("-m", "hatchling", "build", "--directory", folder)
    built = run(sys.executable, *command, cwd=checkout, env=env, umask=umask)
    assert built.returncode == 0, built.stderr
    return Packages(checkout, next(folder.glob("*.tar.gz")), next(folder.glob("*.whl")))
