"""The wheel and the source distribution: what is in them, and that each build gives the same bytes."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.e2e.built import Packages, build
from tests.e2e.checkout import copied, files
from tests.e2e.process import COMMAND, environment, run

SNAP_TOKEN = (sys.executable, "-P", "-c", "import sys; from handlers.cli import main; sys.exit(main())")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """Both packages, built from a copy of this checkout."""
    return build(copied(tmp_path_factory.mktemp("built") / "checkout"), tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def unpacked(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in the source distribution."""
    folder = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(packages.sdist, folder, filter="data")
    (top,) = folder.iterdir()
    return top


@pytest.fixture(scope="module")
def site_packages(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the wheel puts into site-packages."""
    folder = tmp_path_factory.mktemp("site-packages")
    shutil.unpack_archive(packages.wheel, folder, "zip")
    return folder


def test_the_source_distribution_is_the_checkout(packages: Packages, unpacked: Path) -> None:
    """The source distribution has the files of the checkout, its own metadata, and nothing else."""
    assert files(unpacked) == files(packages.checkout) | {"PKG-INFO"}


def test_the_wheel_has_the_server_alone(packages: Packages, site_packages: Path) -> None:
    """The wheel puts one package into site-packages: the server, and inside it the documents that it serves."""
    server = {f"handlers/{name}" for name in files(packages.checkout / "handlers")}
    documents = {f"handlers/openapi/{name}" for name in files(packages.checkout / "openapi")}
    history = {name for name in documents if "/released/" in name or name.endswith("CHANGELOG.md")}
    found = {name for name in files(site_packages) if ".dist-info/" not in name}
    assert found == server | documents - history
    for name in found - server:
        assert (site_packages / name).read_bytes() == (packages.checkout / name.removeprefix("handlers/")).read_bytes()


def test_both_packages_are_reproducible(packages: Packages, tmp_path: Path) -> None:
    """Another folder, umask, time zone, language, and other times of the files give the same bytes."""
    checkout = copied(tmp_path / "elsewhere" / "checkout")
    for file in checkout.rglob("*"):
        file.chmod(file.stat().st_mode & 0o700)
        file.touch()
    again = build(checkout, tmp_path, umask=0o077, TZ="Asia/Jakarta", LANG="id_ID.UTF-8", PYTHONHASHSEED="7")
    assert again.sdist.read_bytes() == packages.sdist.read_bytes()
    assert again.wheel.read_bytes() == packages.wheel.read_bytes()


def test_the_source_distribution_builds_the_same_wheel(packages: Packages, unpacked: Path, tmp_path: Path) -> None:
    """The wheel from the source distribution has the same bytes as the wheel from the checkout."""
    assert build(unpacked, tmp_path).wheel.read_bytes() == packages.wheel.read_bytes()


def test_a_wheel_makes_the_pack(site_packages: Path, tmp_path: Path) -> None:
    """The files of the wheel make the same pack as a checkout: they include the key pair and the programs."""
    options = ("share", "--base-url", "https://shop.example", "--output")
    env = environment(PYTHONPATH=str(site_packages))
    assert run(*SNAP_TOKEN, *options, tmp_path / "wheel.zip", env=env, cwd=tmp_path).returncode == 0
    assert run(COMMAND, *options, tmp_path / "checkout.zip").returncode == 0
    assert (tmp_path / "wheel.zip").read_bytes() == (tmp_path / "checkout.zip").read_bytes()
