"""Installed programs that tests need."""

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest


def skip_or_fail(reason: str) -> NoReturn:
    """End a test that cannot run here: skip it on a user's machine, fail it in CI."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str) -> str:
    """Return the path of an installed program. Debian puts nginx into /usr/sbin, which only root has in PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin") or skip_or_fail(f"{name} is not installed")


def check_program(name: str) -> Path:
    """Return the path of a program that `make check` installs beside this Python."""
    return _installed(Path(sys.prefix, "bin", name), "make check")


def release_program(name: str) -> Path:
    """Return the path of a program that `make release-check` installs."""
    return _installed(Path(sys.prefix, "release/bin", name), "make release-check")


def _installed(path: Path, command: str) -> Path:
    return path if path.exists() else skip_or_fail(f"{path.name} is not installed; `{command}` installs it")
