"""Fixtures with the npm packages of this folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.integrators.merchant import Merchant, serving
from tests.e2e.process import COMMAND, environment
from tests.nicepay import Nicepay
from tests.programs import skip_or_fail


class NodePrograms:
    """The commands of the npm packages in this folder, and the environment with their node in PATH."""

    packages = Path(__file__).parent / "node_modules"
    node = COMMAND.with_name("node")

    def __init__(self) -> None:
        if not self.packages.is_dir():
            skip_or_fail("the npm packages are not installed; `make integrators` installs them")
        self.env = environment(PATH=f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}")

    def command(self, name: str) -> Path:
        """The path of a command, for example `newman`."""
        return self.packages / ".bin" / name


@pytest.fixture(scope="session")
def node_programs() -> NodePrograms:
    """The installed programs."""
    return NodePrograms()


@pytest.fixture
def merchant(tmp_path: Path, nicepay: Nicepay) -> Iterator[Merchant]:
    """A running server with both listeners."""
    with serving(tmp_path, nicepay) as merchant:
        yield merchant
