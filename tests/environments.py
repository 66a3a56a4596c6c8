"""Virtual environments for third-party programs: built from a lock file, and built again when the lock file changes."""

import subprocess
import sys
from pathlib import Path

LOCKS = Path(__file__).parent / "locks"
_LIMIT = 300
_INSTALL = ("-m", "pip", "--disable-pip-version-check", "--quiet", "install")
_LOCKED = ("--no-deps", "--require-hashes", "--requirement")


class MissingError(Exception):
    """An environment cannot be made. The message says why."""


def python_of(name: str, cache: Path, maker: str | Path = sys.executable) -> Path:
    """Return the interpreter of an environment that holds the packages of `tests/locks/<name>.lock`.

    `maker` is the Python that creates the environment.

    Raises:
        MissingError: The environment cannot be made, for example because no package index can be reached.
    """
    folder, lock = cache / name, LOCKS / f"{name}.lock"
    python, installed = folder / "bin" / "python", folder / "installed.lock"
    if not installed.is_file() or installed.read_text() != lock.read_text():
        _run(maker, "-m", "venv", "--clear", folder)
        _run(python, *_INSTALL, *_LOCKED, lock)
        installed.write_text(lock.read_text())
    return python


def _run(*command: str | Path) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(str(error)) from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines()
        raise MissingError(lines[-1] if lines else f"{command[0]} failed")
