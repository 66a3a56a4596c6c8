"""Throw-away environments for what is not of this project: made once, kept below .reports/, named when they fail."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

_LIMIT = 180
_SERVING = ("uvicorn", "uvloop", "httptools", "orjson")
WANTED = {
    "web": ("fastapi==0.165.0", *(f"{name}=={version(name)}" for name in ("starlette", "cryptography", *_SERVING))),
    "snapapi": ("snapapi==0.1.9", "asyncer", *(f"{name}=={version(name)}" for name in _SERVING)),
    # The last two it imports without declaring them.
    "doku": ("doku-python-library==1.1.72", "flask", "gunicorn", "xmltodict", "pycryptodome"),
}


class MissingError(Exception):
    """A contestant that cannot take part, and why."""


def python_of(name: str, cache: Path) -> Path:
    """The interpreter of an environment, made if it is not there or no longer what is wanted."""
    folder = cache / name
    stamp, wanted = folder / "installed", "\n".join(WANTED[name])
    if not stamp.is_file() or stamp.read_text() != wanted:
        _run(sys.executable, "-m", "venv", "--clear", folder)
        _run(folder / "bin" / "pip", "--disable-pip-version-check", "--quiet", "install", *WANTED[name])
        stamp.write_text(wanted)
    return folder / "bin" / "python"


def _run(*command: str | Path) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(str(error)) from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines()
        raise MissingError(lines[-1] if lines else f"{command[0]} failed")
