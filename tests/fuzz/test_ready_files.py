"""The files in docs/fuzz, copied to an empty folder: they fuzz any SNAP server."""

import io
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from handlers.config.settings import Settings
from handlers.server.observability import configure
from handlers.server.openapi.application import application, public_api
from handlers.server.process import assembly
from tests.calls import loaded_revocations
from tests.document import PATH
from tests.e2e.process import environment
from tests.fuzz.defects import refuses_genuine_signatures
from tests.fuzz.planted import DefectiveServer, none, served
from tests.fuzz.run import PYTHON
from tests.merchant import BASE_PATH, services_of, write_settings
from tests.nicepay import CLIENT_KEY, Nicepay
from tests.pages import ROOT

FILES = ("schemathesis.toml", "snap_signing.py")


@dataclass(frozen=True)
class Integrator:
    """A folder with the copied files and the document, and the variables of the signing hook."""

    folder: Path
    server: DefectiveServer
    url: str
    variables: dict[str, str]

    def fuzz(self, **variables: str) -> subprocess.CompletedProcess[str]:
        options = ("--max-examples=10", "--seed=1", "--phases=examples,coverage")
        return subprocess.run(
            [PYTHON.with_name("st"), "run", "snap-token.yaml", "--url", self.url, *options],
            cwd=self.folder,
            env=environment(**{"no_proxy": "127.0.0.1", **self.variables, **variables}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def integrator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Integrator]:
    """An integrator outside the repository, and a server with room for a defect."""
    folder, nicepay = tmp_path_factory.mktemp("fuzz"), Nicepay()
    for file in (PATH, *(ROOT / "docs" / "fuzz" / name for name in FILES)):
        shutil.copy(file, folder)
    settings = Settings.load(write_settings(tmp_path_factory.mktemp("server"), nicepay))
    configure.set_up(io.StringIO())
    services = replace(services_of(settings, assembly.system_clock), revocations=loaded_revocations())
    server = DefectiveServer(application(public_api(BASE_PATH), lambda: services))
    variables = {"SNAP_CLIENT_KEY": CLIENT_KEY, "SNAP_PRIVATE_KEY": nicepay.private_pem}
    with served(server) as origin:
        yield Integrator(folder, server, origin + BASE_PATH, variables)


def test_a_correct_server_passes(integrator: Integrator) -> None:
    """Against a server without a defect no check fails, and the report says that it was tested."""
    integrator.server.defect = none
    done = integrator.fuzz()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout


def test_a_defect_is_found(integrator: Integrator) -> None:
    """If the server refuses genuine signatures, the run fails, and its output shows no signature."""
    integrator.server.defect = refuses_genuine_signatures
    done = integrator.fuzz()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "A valid and signed request got 401" in done.stdout


@pytest.mark.parametrize("name", ["SNAP_CLIENT_KEY", "SNAP_PRIVATE_KEY"])
def test_a_missing_variable_is_named(integrator: Integrator, name: str) -> None:
    """Without its variables the hook does not run: the output names the missing one, and the status is not 0."""
    done = integrator.fuzz(**{name: ""})
    assert done.returncode != 0
    assert f"set the environment variable {name}" in done.stdout + done.stderr
