"""The commands of the README in a clean clone, their errors, and the website of the documentation."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.checkout import ROOT, copied
from tests.e2e.package_index import NEWER, pins, publish_newer
from tests.e2e.process import FREE_PORT, Process, environment, run, running
from tests.programs import program

MAKEFILE = ROOT / "Makefile"
LOCKS = {
    ".venv": (
        "requirements.lock",
        "build.lock",
        "docs/requirements.lock",
        "tests/lint/requirements.lock",
        "tests/mutants.lock",
        "tests/requirements.lock",
    ),
    ".venv/release": ("tests/release.lock",),
}
"""The locks of each environment that the Makefile creates."""
BROKEN = {
    "[link](nowhere.md)": "not found: 'nowhere.md'",
    "[link](metrics.md#nowhere)": "not found in doc 'metrics': 'nowhere'",
    "[link](../../openapi/nothing)": "not found: '../../openapi/nothing'",
}
"""Links to a missing page, heading and file, and the end of the warning."""
_INSTALLING = 1_200
"""Seconds that pip may print nothing."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, registry: None) -> Path:  # noqa: ARG001  it skips the test
    """A clean clone of this repository, or a copy without installed files if this is an unpacked archive."""
    folder = tmp_path_factory.mktemp("readme") / "clone"
    if not (ROOT / ".git").exists():
        return copied(folder)
    cloned = run(program("git"), "-c", f"safe.directory={ROOT}/.git", "clone", "--quiet", ROOT, folder)
    assert cloned.returncode == 0, cloned.stderr
    return folder


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a newer, empty release of each locked package, which pip finds in addition to its index."""
    return str(publish_newer(set(_pins(*LOCKS)), tmp_path_factory.mktemp("published")))


@pytest.fixture
def make_run(clone: Path, published: str) -> Iterator[Process]:
    """`make run` in the clone. The first run installs the packages."""
    env = environment(**FREE_PORT, PIP_FIND_LINKS=published)
    with running(program("make"), "run", cwd=clone, env=env, patience=_INSTALLING) as process:
        yield process


@pytest.fixture
def curl(make_run: Process) -> str:
    """The curl command of several lines that `make run` prints."""
    program("curl")
    lines = [make_run.out.starting("curl ")]
    while lines[-1].endswith("\\\n"):
        lines.append(next(iter(make_run.out)))
    return "".join(lines)


def test_the_readme_names_the_commands() -> None:
    """The shell blocks of the README have its commands."""
    blocks = _blocks("sh")
    assert {"make run", "make story", "make test"} <= set("".join(blocks).splitlines())


def test_the_printed_command(curl: str) -> None:
    """`make run` serves, and the curl command that it prints gets a token without a change."""
    answered = _shell(curl)
    assert json.loads(answered.stdout)["responseCode"] == "2007300", answered.stderr


def test_make_request(clone: Path, curl: str) -> None:
    """`make request` signs and sends a new request to the server that `make run` serves."""
    port = _port(curl)
    result = run(program("make"), "request", cwd=clone, env=environment(SNAP_TOKEN__SERVER__PORT=port))
    assert result.returncode == 0, result.stderr
    assert '"responseCode":"2007300"' in result.stdout


def test_control_c_ends_make_run(make_run: Process, curl: str) -> None:
    """Control-C in `make run` ends the server and prints no traceback."""
    make_run.send_signal(signal.SIGINT)
    make_run.status()
    assert "Traceback" not in "".join(make_run.err)
    assert _shell(curl).returncode == 7  # curl: failed to connect


def test_newer_releases_change_nothing(clone: Path, published: str) -> None:
    """Each command installs exactly the locked releases, even if newer ones are published."""
    stamps = [f".venv/.{name}" for name in ("run", "test", "check", "docs", "mutants", "release")]
    env = environment(PIP_FIND_LINKS=published)
    result = run(program("make"), *stamps, cwd=clone, env=env, patience=_INSTALLING)
    assert result.returncode == 0, result.stderr
    for folder in LOCKS:
        listed = run(clone / folder / "bin/python", "-m", "pip", "list", "--format=json", env=env)
        installed = {each["name"].lower().replace("_", "-"): each["version"] for each in json.loads(listed.stdout)}
        locked = _pins(folder)
        assert NEWER not in installed.values()
        assert {name: version for name, version in installed.items() if name in locked}.items() <= locked.items()


def _pins(*environments: str) -> dict[str, str]:
    return pins(*(ROOT / lock for each in environments for lock in LOCKS[each]))


@pytest.fixture(scope="module")
def stopped_website(clone: Path) -> subprocess.CompletedProcess[str]:
    """`make docs` for pages with a mistake of each kind. It reports all of them."""
    with _changed(clone / "docs/id") as pages:
        (pages / "limits.md").unlink()
        (pages / "lost.md").write_text("# Lost\n")
        with (pages / "answers.md").open("a") as page:
            page.writelines(f"\n{link}\n" for link in BROKEN)
        return run(program("make"), "docs", cwd=clone, patience=_INSTALLING)


@pytest.mark.parametrize("warning", BROKEN.values())
def test_a_broken_link_stops_the_website(stopped_website: subprocess.CompletedProcess[str], warning: str) -> None:
    """`make docs`, which `make check` runs, fails for a link to a missing page, heading or file."""
    assert stopped_website.returncode != 0
    assert re.search(rf"docs/id/answers\.md:\d+: WARNING: .*{re.escape(warning)}", stopped_website.stderr)


def test_a_page_that_is_missing_in_one_language_stops_the_website(
    stopped_website: subprocess.CompletedProcess[str],
) -> None:
    """`make docs` fails if a page of the navigation is missing in one language."""
    assert stopped_website.returncode != 0
    assert "WARNING: toctree contains reference to nonexisting document 'limits'" in stopped_website.stderr


def test_a_page_outside_of_the_navigation_stops_the_website(
    stopped_website: subprocess.CompletedProcess[str],
) -> None:
    """`make docs` fails for a page that the navigation does not list."""
    assert stopped_website.returncode != 0
    assert "docs/id/lost.md: WARNING" in stopped_website.stderr


@pytest.fixture(scope="module")
def website(clone: Path) -> Path:
    """The website that `make docs` builds without a warning."""
    built = run(program("make"), "docs", cwd=clone, patience=_INSTALLING)
    assert (built.returncode, built.stderr) == (0, "")
    return clone / ".site"


@pytest.mark.parametrize("folder", [".", "id"])
def test_the_search_finds_a_response_code(website: Path, folder: str) -> None:
    """The search of the website finds the table of answers by a response code."""
    text = (website / folder / "searchindex.js").read_text()
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    assert "answers" in [index["docnames"][place] for place, *_ in index["indexentries"]["4017300"]]


def test_the_website_loads_nothing_from_elsewhere(website: Path) -> None:
    """`make docs` builds both languages, and no page loads a script, style, font or picture from another host."""
    for language, page in (("en", "index.html"), ("id", "id/index.html")):
        text = (website / page).read_text(encoding="utf-8")
        assert f' lang="{language}" ' in text.partition("\n<body")[0]
    for file in [*website.rglob("*.html"), *website.rglob("*.css")]:
        loaded = re.findall(r"""\bsrc="([^"]+)"|<link[^>]+href="([^"]+)"|url\(([^)]+)\)""", file.read_text())
        assert not [each for each in loaded if re.match("(https?:)?//", "".join(each))], file


def test_pip_and_npm_resolve_nothing() -> None:
    """Each installation uses only locked releases: pip without dependencies, npm from its lock file."""
    recipes = [line for line in MAKEFILE.read_text().splitlines() if re.search(r"\$\((PIP|LOCKED)\)|npm ", line)]
    assert recipes
    for recipe in recipes:
        assert re.search(r"\$\(LOCKED\)|--no-deps|npm ci |npm update --package-lock-only ", recipe), recipe
    dependencies = json.loads((ROOT / "tests/lint/package.json").read_text())["devDependencies"]
    assert all(re.fullmatch(r"[0-9.]+", version) for version in dependencies.values())
    packages = json.loads((ROOT / "tests/lint/package-lock.json").read_text())["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)


def test_make_without_a_target_prints_help() -> None:
    """`make` without a target prints a description of each target."""
    targets = re.findall(r"^\.PHONY:(.*)", MAKEFILE.read_text(), re.MULTILINE)
    printed = run(program("make"), cwd=ROOT)
    assert (printed.returncode, printed.stderr) == (0, "")
    for target in " ".join(targets).split():
        assert re.search(rf"^  make {target} +\S", printed.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("shim", "advice"),
    [
        ("import sys; sys.version_info = (3, 10, 14, 'final', 0)", "Python 3.11 or newer is needed"),
        ("import sys; sys.modules['ensurepip'] = None", "apt-get install python3-venv"),
    ],
    ids=["too old", "without venv"],
)
def test_an_unsuitable_python_is_refused(tmp_path: Path, shim: str, advice: str) -> None:
    """A Python that is too old or cannot create environments is refused in one line that says what to install."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "build.lock"):
        shutil.copy(ROOT / name, tmp_path)
    result = run(program("make"), "run", cwd=tmp_path, env=environment(PYTHON=str(_wrapped_python(tmp_path, shim))))
    (line,) = (line for line in result.stderr.splitlines() if not line.startswith("make: ***"))
    assert result.returncode == 2
    assert advice in line
    assert not (tmp_path / ".venv").exists()


@contextmanager
def _changed(folder: Path) -> Iterator[Path]:
    """A folder that may be changed until the block ends."""
    before = shutil.copytree(folder, folder.with_name("before"))
    yield folder
    shutil.rmtree(folder)
    before.rename(folder)


def _blocks(language: str) -> list[str]:
    """The fenced blocks of the README in this language."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def _shell(command: str) -> subprocess.CompletedProcess[str]:
    return run(program("sh"), "-c", command, env=environment(NO_PROXY="127.0.0.1"))


def _port(curl: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:(\d+)/", curl)
    assert found
    return found[1]


def _wrapped_python(folder: Path, shim: str) -> Path:
    """A command that starts this Python and runs the shim first."""
    (folder / "sitecustomize.py").write_text(shim)
    wrapper = folder / "python3"
    wrapper.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}" exec "{sys.executable}" "$@"\n')
    wrapper.chmod(0o700)
    return wrapper
