"""An installation from the wheel."""

import sys
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from tests.e2e.process import FREE_PORT, environment, run, running

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the wheel puts into site-packages."""
    built, folder = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("site-packages")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", built)
    result = run(sys.executable, "-m", "pip", "wheel", *options, ROOT, patience=300)
    assert result.returncode == 0, result.stderr
    (wheel,) = built.iterdir()
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_the_wheel_has_one_package(installed: Path) -> None:
    """The wheel puts one package into site-packages, with the OpenAPI documents and the presets inside it."""
    (package,) = (each.name for each in installed.iterdir() if not each.name.endswith(".dist-info"))
    assert package == "handlers"
    for name in ("snap-token.yaml", "internal.yaml"):
        assert (installed / "handlers/openapi" / name).read_bytes() == (ROOT / "openapi" / name).read_bytes()
    presets = "handlers/config/presets.toml"
    assert (installed / presets).read_bytes() == (ROOT / presets).read_bytes()


def test_an_installed_wheel_serves(installed: Path, tmp_path: Path) -> None:
    """An installation from the wheel creates a sandbox and serves the document inside the package."""
    command = (sys.executable, "-P", "-c", "import sys; from handlers.cli import main; sys.exit(main())")
    env = environment(PYTHONPATH=str(installed), **FREE_PORT)
    assert run(*command, "init", tmp_path / "sandbox", env=env, cwd=tmp_path).returncode == 0
    config = tmp_path / "sandbox/snap-token.toml"
    with (installed / "handlers/openapi/snap-token.yaml").open("a") as document:
        document.write("# from the wheel\n")
    with running(*command, "serve", "--config", config, env=env, cwd=tmp_path) as process:
        origin = process.err.event("server.listening")["endpoint"].partition("/api/")[0]
        served = httpx.get(f"{origin}/openapi.yaml", trust_env=False)
    assert served.text.endswith("# from the wheel\n")
