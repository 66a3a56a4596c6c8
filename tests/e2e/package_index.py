"""Releases that somebody publishes after the locks were made: newer than what is locked, and without any code."""

import re
from pathlib import Path
from zipfile import ZipFile

NEWER = "9999"
_PINNED = re.compile(r"^([\w.-]+)==([^ ;\\]+)", re.MULTILINE)
_WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def pins(*locks: Path) -> dict[str, str]:
    """The version of each package that the locks name. The locks agree."""
    return {name: version for lock in locks for name, version in _PINNED.findall(lock.read_text())}


def publish_newer(names: set[str], folder: Path) -> Path:
    """Put a newer release of each package into a folder that pip reads as PIP_FIND_LINKS."""
    for name in names:
        module = name.replace("-", "_")
        with ZipFile(folder / f"{module}-{NEWER}-py3-none-any.whl", "w") as wheel:
            about = f"{module}-{NEWER}.dist-info"
            wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {NEWER}\n")
            wheel.writestr(f"{about}/WHEEL", _WHEEL)
            wheel.writestr(f"{about}/RECORD", f"{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")
    return folder
