"""The unmodified python-nicepay library from PyPI with the real server."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Sandbox, Server
from tests.e2e.process import run
from tests.environments import python_of
from tests.programs import skip_or_fail

HERE = Path(__file__).parent
JAKARTA = "Asia/Jakarta"
_PYTHONS = (Path(sys.base_prefix, "bin", "python3"), Path("/usr/bin/python3"))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, registry: None) -> Path:  # noqa: ARG001  it skips the test
    """The Python of an environment that holds python-nicepay and no package of this project."""
    return python_of("python-nicepay", tmp_path_factory.mktemp("environments"), _python_with_tkinter())


def test_the_library_gets_a_token(library: Path, server: Server, sandbox: Sandbox, tmp_path: Path) -> None:
    """On a machine in Jakarta's time zone, the library gets a token and reads it from the answer."""
    if not Path("/usr/share/zoneinfo", JAKARTA).exists():
        skip_or_fail(f"the time zone {JAKARTA} is not installed (Debian: tzdata)")
    ended = _token(library, server, sandbox, tmp_path, zone=JAKARTA)
    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout) == 100
    assert server.process.err.event("token.issued")["client_key"] == "IONPAYTEST"


def test_the_library_mislabels_local_time(library: Path, server: Server, sandbox: Sandbox, tmp_path: Path) -> None:
    """On a machine in the time zone UTC, the library labels UTC as +07:00, and the log names this cause."""
    ended = _token(library, server, sandbox, tmp_path, zone="UTC")
    decision = server.process.err.event("token.refused")
    assert ended.returncode != 0
    assert decision["response_code"] == "4017300"
    assert decision["reason"] == "clock.local_time_labelled_jakarta"
    assert decision["cause"] == "local time of a UTC host labelled +07:00"


def _python_with_tkinter() -> Path:
    """A Python with tkinter, which the library imports and Debian packages separately."""
    for python in _PYTHONS:
        if python.exists() and run(python, "-c", "import ensurepip, tkinter").returncode == 0:
            return python
    return skip_or_fail("no Python here has tkinter, which python-nicepay imports (Debian: python3-tk)")


def _token(
    python: Path, server: Server, sandbox: Sandbox, folder: Path, *, zone: str
) -> subprocess.CompletedProcess[str]:
    key = folder / "key.b64"
    key.write_text("".join(sandbox.private_pem.splitlines()[1:-1]))
    base_url = server.endpoint.removesuffix("/v1.0/access-token/b2b")
    # Without the variables of this process, no HTTP proxy is used.
    env = {"TZ": zone, "NO_PROXY": "*"}
    return run(python, "-I", HERE / "python_nicepay_client.py", base_url, "IONPAYTEST", key, env=env)
