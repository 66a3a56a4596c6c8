"""`make release-check`, on a small project that is ready for a release until a test changes it."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests import release
from tests.programs import program, release_program

LOCK = "idna==3.7 \\\n    --hash=sha256:82fee1fc78add43492d3a1898bfa6d8a904cc97d8427f683ed8e798d07761aa0\n"
FILES = {
    "handlers/__init__.py": '__version__ = "1.2.0"\n',
    "CHANGELOG.md": f"# Changelog\n\n## [1.2.0] - {time.strftime('%Y-%m-%d')}\n",
    "README.md": "# Example\n",
    ".gitignore": "/dist/\n",
    "requirements.lock": LOCK,
    "tests/requirements.lock": LOCK,
    "pyproject.toml": """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "snap-token-server"
readme = "README.md"
requires-python = ">=3.11"
dynamic = ["version"]
[tool.hatch.version]
path = "handlers/__init__.py"
[tool.hatch.build.targets.wheel]
only-include = ["handlers"]
""",
    **{f"openapi/{folder}{name}.yaml": name for folder in ("", "released/") for name in ("internal", "snap-token")},
}
HOOK = '[tool.hatch.build.hooks.custom]\npath = "hook.py"\n'
RANDOM = """
import uuid
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        with open("handlers/built.py", "w") as file:
            file.write(f"# {uuid.uuid4()}")
"""
MISTAKES: dict[str, tuple[dict[str, str], str]] = {
    "version": ({"handlers/__init__.py": '__version__ = "1.2.0.dev1"\n'}, '"1.2.0.dev1" is not the version'),
    "changelog": ({"CHANGELOG.md": "## [1.2.0] - 2026-01-01\n"}, "there is no heading '## [1.2.0] - "),
    "documents": ({"openapi/internal.yaml": "new"}, "not as in openapi: internal.yaml; run `make release-contract`"),
    "build": ({"pyproject.toml": FILES["pyproject.toml"] + HOOK, "hook.py": RANDOM}, "two builds differ: snap_"),
    "metadata": ({"pyproject.toml": FILES["pyproject.toml"].replace("readme", "#")}, "`long_description` missing"),
    "sbom": ({"requirements.lock": "-r nowhere.txt\n"}, "cyclonedx-py fails: "),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that is ready for a release. No database of vulnerabilities can be reached."""
    for name in ("cyclonedx-py", "pip-audit", "twine"):
        release_program(name)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path, FILES)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com")
    subprocess.run((program("git"), *author, *arguments), cwd=folder, check=True)


def commit(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Change")


def test_a_project_that_is_ready(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If all is done, the exit status is 0, and dist/ has the packages, the lock, the list of packages and the sums."""
    assert release.main(project) == 0
    lines = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    done = {check.__name__: "ok" for check in release.CHECKS} | {"audit": "unknown"}
    assert lines == [[state, f"{name}:"] for name, state in done.items()]
    sums = [line.split() for line in (project / "dist/SHA256SUMS").read_text().splitlines()]
    assert {name for _, name in sums} == {
        "constraints.txt",
        "requirements.txt",
        "snap_token_server-1.2.0-py3-none-any.whl",
        "snap_token_server-1.2.0.cdx.json",
        "snap_token_server-1.2.0.tar.gz",
    }
    assert (project / "dist/constraints.txt").read_text() == "idna==3.7\n"
    assert all(sha256((project / "dist" / name).read_bytes()).hexdigest() == digest for digest, name in sums)


def test_all_that_is_missing_is_listed(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes that are not committed, a tag that exists and an old date are each one line, and the exit status is 1."""
    monkeypatch.setattr(release, "CHECKS", [release.version, release.changelog, release.tree, release.tag])
    git(project, "tag", "v1.2.0")
    (project / "CHANGELOG.md").write_text("# Changelog\n")
    assert release.main(project) == 1
    missing = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("MISSING")]
    assert missing == ["changelog:", "tree:", "tag:"]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(project: Path, name: str) -> None:
    """Each check refuses what it is there for, and says what is wrong."""
    files, message = MISTAKES[name]
    commit(project, files)
    checks: dict[str, Callable[[Path], str]] = {check.__name__: check for check in release.CHECKS}
    if name == "metadata":
        release.build(project)
    with pytest.raises(release.NotReadyError) as refused:
        checks[name](project)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_list_of_packages_is_reproducible(project: Path) -> None:
    """The list has the version and the hash of each locked package, and no random number and no time."""
    texts = []
    for _ in range(2):
        (project / "dist").mkdir(exist_ok=True)
        release.sbom(project)
        texts.append((project / "dist/snap_token_server-1.2.0.cdx.json").read_text())
    assert texts[0] == texts[1]
    listed = json.loads(texts[0])
    (package,) = listed["components"]
    assert (listed["specVersion"], listed["metadata"]["component"]["version"]) == ("1.6", "1.2.0")
    assert package["purl"] == "pkg:pypi/idna@3.7"
    assert package["externalReferences"][0]["hashes"][0]["content"] in LOCK


def test_a_known_vulnerability_stops_the_release(project: Path) -> None:
    """A vulnerability of a locked package is named with its package."""
    affected = [{"package": {"ecosystem": "PyPI", "name": "idna"}, "versions": ["3.7"]}]
    answer = {"vulns": [{"id": "PYSEC-2099-1", "details": "Example", "affected": affected}]}
    with database(200, answer) as url, pytest.raises(release.NotReadyError) as refused:
        release.audit(project, "--osv-url", url)
    assert str(refused.value) == "known vulnerabilities: idna 3.7 (PYSEC-2099-1)"


def test_packages_without_vulnerabilities_pass(project: Path) -> None:
    """If the database knows nothing about the locked packages, the check says how many it asked for."""
    with database(200, {}) as url:
        assert release.audit(project, "--osv-url", url) == "1 packages, no known vulnerability"


def test_a_database_that_fails_stops_nothing(project: Path) -> None:
    """An error of the database is no finding."""
    with database(503, {}) as url, pytest.raises(release.UnreachableError):
        release.audit(project, "--osv-url", url)


def test_an_audit_that_cannot_run_is_missing(project: Path) -> None:
    """A lock that cannot be read is not taken for a database that cannot be reached."""
    (project / "tests/requirements.lock").unlink()
    with pytest.raises(release.NotReadyError, match="pip-audit fails"):
        release.audit(project)


@contextmanager
def database(status: int, answer: Mapping[str, object]) -> Iterator[str]:
    """A database of vulnerabilities that gives one answer. The block receives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()
