"""Clients from the generators on PyPI: openapi-python-client, and openapi-generator for Python, Go, Java and PHP."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.integrators.generated import INTERNAL_DOCUMENT, TOKEN_DOCUMENT, Workshop
from tests.e2e.integrators.merchant import Merchant
from tests.e2e.process import COMMAND, environment
from tests.environments import python_of
from tests.programs import program, skip_or_fail

_PACKAGES = {"tokenapi": TOKEN_DOCUMENT, "internalapi": INTERNAL_DOCUMENT}
_LANGUAGES = ("python", "go", "java", "php")
_ONLY_CODE = dict.fromkeys(("apiTests", "modelTests", "apiDocs", "modelDocs"), "false")
_DEBIAN_JARS = ("commons-logging", "geronimo-annotation-1.3-spec", "httpclient", "httpcore", "httpmime")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, registry: None) -> Path:  # noqa: ARG001  it skips the test
    """The Python of an environment with the generators, and with what their clients import."""
    return python_of("generators", tmp_path_factory.mktemp("environments"))


@pytest.fixture(scope="module")
def openapi_generator(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what openapi-generator makes of both documents: `LANGUAGE/PACKAGE` for each client."""
    program("java")
    folder = tmp_path_factory.mktemp("openapi-generator")
    for language in _LANGUAGES:
        for package in _PACKAGES:
            (folder / f"{language}-{package}.json").write_text(json.dumps(_options(language, package)))
    command = python.with_name("openapi-generator-cli")
    Workshop(folder).run(command, "batch", "--fail-fast", *sorted(folder.glob("*.json")))
    return folder


def _options(language: str, package: str) -> dict[str, Any]:
    """The options of openapi-generator for one client. It needs neither Maven nor go.mod of its own."""
    in_java: dict[str, Any] = {
        "library": "native",
        "invokerPackage": package,
        "apiPackage": f"{package}.api",
        "modelPackage": f"{package}.model",
        "additionalProperties": {"openApiNullable": False, "useJakartaEe": False},
    }
    of_language: dict[str, dict[str, Any]] = {
        "python": {"packageName": package},
        "go": {"packageName": package, "additionalProperties": {"withGoMod": False}},
        "java": in_java,
        "php": {"invokerPackage": package},
    }
    return of_language[language] | {
        "generatorName": language,
        "inputSpec": str(_PACKAGES[package]),
        "outputDir": f"{language}/{package}",
        "globalProperties": _ONLY_CODE,
    }


def _check_types(workshop: Workshop, python: Path, caller: Path, *packages: str) -> None:
    """The generated code must pass mypy's usual rules, and the caller must pass the strict ones."""
    mypy = (COMMAND.with_name("mypy"), "--python-executable", python, "--cache-dir", "mypy-cache")
    # openapi-generator declares that a server variable has an enum, and a domain has none.
    usual = ("--disable-error-code", "typeddict-item", "--disable-error-code", "annotation-unchecked")
    workshop.run(*mypy, *usual, *(f"--package={package}" for package in packages))
    workshop.run(*mypy, "--strict", "--follow-imports", "silent", caller)


def _importing(folder: Path, python: Path, *projects: str) -> Workshop:
    path = os.pathsep.join(str(folder / project) for project in projects)
    commands = f"{python.parent}{os.pathsep}{os.environ['PATH']}"  # openapi-python-client formats its code with ruff.
    return Workshop(folder, environment(PATH=commands, PYTHONPATH=path, MYPYPATH=path))


def test_openapi_python_client(python: Path, merchant: Merchant, tmp_path: Path) -> None:
    """Its clients have their package names from the documents' titles, pass mypy, and parse each answer."""
    projects = ("snap-access-token-b2b-client", "snap-access-token-b2b-internal-client")
    workshop = _importing(tmp_path, python, *projects)
    for document in _PACKAGES.values():
        workshop.run(python.with_name("openapi-python-client"), "generate", "--path", document)
    caller = workshop.add_caller("openapi_python_client.py")
    _check_types(workshop, python, caller, *(project.replace("-", "_") for project in projects))
    assert workshop.report(merchant, python, caller) == merchant.report()


def test_openapi_generator_for_python(openapi_generator: Path, python: Path, merchant: Merchant) -> None:
    """The Python clients of openapi-generator pass mypy and parse each answer."""
    workshop = _importing(openapi_generator / "python", python, *_PACKAGES)
    caller = workshop.add_caller("openapi_generator.py")
    _check_types(workshop, python, caller, *_PACKAGES)
    assert workshop.report(merchant, python, caller) == merchant.report()


def test_openapi_generator_for_go(openapi_generator: Path, merchant: Merchant) -> None:
    """The Go clients of openapi-generator need only Go's own library, compile, and parse each answer."""
    go = program("go")
    folder = openapi_generator / "go"
    own = {"GOPATH": str(folder / "path"), "GOCACHE": str(folder / "cache"), "GOPROXY": "off", "GOFLAGS": "-mod=mod"}
    workshop = Workshop(folder, environment(**own))
    (folder / "go.mod").write_text("module caller\n\ngo 1.19\n")
    workshop.add_caller("caller.go")
    workshop.run(go, "build", "-o", "caller", ".")
    workshop.run(go, "vet", ".")
    assert workshop.report(merchant, folder / "caller") == merchant.report()


def test_openapi_generator_for_java(openapi_generator: Path, python: Path, merchant: Merchant) -> None:
    """The Java clients of openapi-generator compile and parse each answer. The generator's own jar has Jackson."""
    javac, java = program("javac"), program("java")
    workshop = Workshop(openapi_generator / "java")
    classpath = os.pathsep.join(map(str, ["classes", *_jars(python)]))
    sources = [*workshop.folder.glob("*/src/main/java/**/*.java"), workshop.add_caller("Caller.java")]
    workshop.run(javac, "-nowarn", "-d", "classes", "-classpath", classpath, *sources)
    assert workshop.report(merchant, java, "-classpath", classpath, "Caller") == merchant.report()


def _jars(python: Path) -> list[Path]:
    debian = [Path("/usr/share/java", f"{name}.jar") for name in _DEBIAN_JARS]
    if absent := [jar.name for jar in debian if not jar.exists()]:
        packages = "libhttpmime-java, libgeronimo-annotation-1.3-spec-java"
        skip_or_fail(f"{', '.join(absent)} not installed (Debian: {packages})")
    return [*python.parents[1].glob("lib/*/site-packages/openapi_generator_cli/*.jar"), *debian]


def test_openapi_generator_for_php(openapi_generator: Path, merchant: Merchant) -> None:
    """The PHP clients of openapi-generator are valid PHP and parse each answer. Debian has Guzzle."""
    php = program("php")
    if not Path("/usr/share/php/GuzzleHttp/autoload.php").exists():
        skip_or_fail("Guzzle is not installed (Debian: php-guzzlehttp-guzzle)")
    workshop = Workshop(openapi_generator / "php")
    caller = workshop.add_caller("caller.php")
    for source in workshop.folder.glob("*/lib/**/*.php"):
        workshop.run(php, "-l", source)
    assert workshop.report(merchant, php, caller) == merchant.report()
