"""The wheel in an environment elsewhere, where another user runs it and no checkout can be imported."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.built import build
from tests.e2e.checkout import ROOT, copied
from tests.e2e.process import FREE_PORT, environment, run, running
from tests.programs import check_program
from tests.users import SERVER_GROUP, SERVER_USER, as_user, give_all, open_folder

LOCK = ROOT / "requirements.lock"
API_TESTS = [f"tests/api/test_{name}.py" for name in ("answers", "internal", "other_documents", "sandbox")]
"""They use each document, each page and each operation in the package."""
PYTEST = "import sys; sys.path.append(sys.argv.pop(1)); import pytest; sys.exit(pytest.main(sys.argv[1:]))"
"""The installation has no packages for tests. It takes them from this environment, without its .pth files."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the user of the server may enter."""
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def home(folder: Path) -> Path:
    """The folder of that user, with the tests and what they read, and without the source of the server."""
    return copied(folder / "home")


@pytest.fixture(scope="module")
def wheel(folder: Path, home: Path) -> Path:
    """The wheel. After the build, nothing but the wheel has the source of the server."""
    wheel = build(home, folder).wheel
    shutil.rmtree(home / "handlers")
    give_all(home, SERVER_USER, SERVER_GROUP)
    return wheel


@pytest.fixture(scope="module")
def env(home: Path) -> dict[str, str]:
    """The environment of that user. Its processes share the compiled modules, which they cannot write beside them."""
    return environment(HOME=str(home), PYTHONPYCACHEPREFIX=str(home / "pycache"), **FREE_PORT)


@pytest.fixture(scope="module")
def user() -> tuple[str, ...]:
    """The beginning of a command that runs as the user of the server."""
    return as_user(SERVER_USER, SERVER_GROUP)


@pytest.fixture(scope="module")
def command(folder: Path, wheel: Path, registry: None) -> Path:  # noqa: ARG001  it skips the test
    """The command that `uv tool install` installs from the wheel, within the bounds of its dependencies."""
    env = environment(UV_TOOL_DIR=str(folder / "tools"), UV_TOOL_BIN_DIR=str(folder / "bin"))
    installed = run(check_program("uv"), "tool", "install", "--constraints", LOCK, wheel, env=env, patience=300)
    assert installed.returncode == 0, installed.stderr
    return folder / "bin" / "snap-token"


def test_the_api_tests_pass(home: Path, env: dict[str, str], command: Path, user: tuple[str, ...]) -> None:
    """The installed server passes the API tests."""
    options = ("--quiet", "--no-header", "-p", "no:cacheprovider", "--basetemp", home / "tmp")
    pytest_here = (command.resolve().with_name("python"), "-c", PYTEST, Path(pytest.__file__).parents[1])
    tested = run(*user, *pytest_here, *API_TESTS, *options, cwd=home, env=env, patience=300)
    assert tested.returncode == 0, tested.stdout


def test_the_installed_command_serves(home: Path, env: dict[str, str], command: Path, user: tuple[str, ...]) -> None:
    """The installed command makes a sandbox, gives a token, and serves the document and the page of Swagger UI."""
    config = home / "sandbox/snap-token.toml"
    made = run(*user, command, "init", config.parent, cwd=home, env=env)
    assert made.returncode == 0, made.stderr
    with running(*user, command, "serve", "--config", config, cwd=home, env=env) as process:
        origin = process.err.event("server.listening")["endpoint"].partition("/api/")[0]
        port = {"SNAP_TOKEN__SERVER__PORT": origin.rpartition(":")[2]}
        answer = run(*user, command, "request", "--config", config, cwd=home, env=env | port)
        with httpx.Client(base_url=origin, trust_env=False) as client:
            page = client.get("/ui/")
            parts = [client.get(path) for path in ("/ui/swagger-ui-bundle.js", "/ui/signing.js", "/openapi.yaml")]
    assert '"responseCode":"2007300"' in answer.stdout, answer.stderr
    assert [each.status_code for each in (page, *parts)] == [200, 200, 200, 200]
    assert "swagger-ui-bundle.js" in page.text
