"""Empty package releases that are newer than the locked ones, as if published after the locks were made."""

import re
from pathlib import Path
from zipfile import ZipFile

NEWER = "9999"
_PINNED = re.compile(r"^([\w.-]+)==([^ ;\\]+)", re.MULTILINE)
_WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def pins(*locks: Path) -> dict[str, str]:
    """The locked version of each package. All locks name the same version of a package."""
    return {name: version for lock in locks for name, version in _PINNED.findall(lock.read_text())}


def publish_newer(names: set[str], folder: Path) -> Path:
    """Write a newer release of each package into a folder that pip reads through PIP_FIND_LINKS."""
    for name in names:
        module = name.replace("-", "_")
        with ZipFile(folder / f"{module}-{NEWER}-py3-none-any.whl", "w") as wheel:
            about = f"{module}-{NEWER}.dist-info"
            wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {NEWER}\n")
            wheel.writestr(f"{about}/WHEEL", _WHEEL)
            wheel.writestr(f"{about}/RECORD", f"{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")
    return folder
