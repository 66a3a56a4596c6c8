"""A second installed copy of the server: the wheel of this checkout, unpacked into a folder of its own."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from shutil import unpack_archive

from tests.e2e.built import build
from tests.e2e.checkout import copied
from tests.e2e.process import COMMAND


@dataclass(frozen=True)
class Installed:
    """How an installed copy is started. Workers inherit its variables."""

    command: tuple[str | Path, ...]
    variables: dict[str, str] = field(default_factory=dict)


FIRST = Installed((COMMAND,))


def second_copy(folder: Path) -> Installed:
    """Build the wheel, and unpack it."""
    packages, site_packages = folder / "packages", folder / "site-packages"
    packages.mkdir()
    unpack_archive(build(copied(folder / "checkout"), packages).wheel, site_packages, "zip")
    command = (sys.executable, "-P", "-c", "import sys; from handlers.cli import main; sys.exit(main())")
    return Installed(command, {"PYTHONPATH": str(site_packages)})
