"""The checks of the genuine pass find the defects that are planted in front of the internal listener."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from starlette.types import ASGIApp

from handlers.config.settings import Settings
from tests.fuzz.finding import DefectRun, Findings
from tests.fuzz.internal_defects import INTERNAL_DEFECTS, PATHS
from tests.fuzz.passes import GENUINE
from tests.fuzz.planted import Defect, DefectiveServer, none
from tests.fuzz.run import Target
from tests.internal import PROXY_SECRET, running_internal, write_internal_settings
from tests.merchant import Clock
from tests.nicepay import Nicepay


class _MachineClock(Clock):
    """The clock of the machine, with which the hooks sign."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="module")
def defect_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DefectRun]:
    """The internal listener with room for a defect, and the genuine pass."""
    folder = tmp_path_factory.mktemp("planted")
    nicepay, key = Nicepay(), folder / "private.pem"
    key.write_text(nicepay.private_pem)
    location = 'accel_redirect = "@merchant"'
    settings = Settings.load(write_internal_settings(folder, nicepay, internal=location, secret=True))
    servers: list[DefectiveServer] = []

    def wrap(app: ASGIApp) -> ASGIApp:
        servers.append(DefectiveServer(app))
        return servers[0]

    with running_internal(settings, _MachineClock(), wrap=wrap) as listener:
        now = datetime.now(UTC)
        target = Target.internal(listener.origin, key, lambda client_key: listener.token(client_key, now))
        yield DefectRun(GENUINE, servers[0], target, folder)


@pytest.fixture(scope="module")
def without_defect(defect_run: DefectRun) -> Findings:
    """The findings without a defect."""
    return defect_run.run(none)


def test_without_a_defect_no_check_fails(without_defect: Findings) -> None:
    """Without a defect, each check that a defect can make fail runs and succeeds."""
    assert without_defect.checks("failure") == set(), without_defect.printed
    assert without_defect.checks("success") >= set().union(*INTERNAL_DEFECTS.values())


@pytest.mark.parametrize("defect", INTERNAL_DEFECTS, ids=lambda defect: defect.__name__)
def test_a_defect_is_found(defect_run: DefectRun, defect: Defect) -> None:
    """A planted defect makes its checks fail, and no other checks."""
    found = defect_run.run(defect, f"--include-path={PATHS[defect]}")
    assert found.checks("failure") == INTERNAL_DEFECTS[defect], found.printed


def test_no_secret_is_shown(defect_run: DefectRun, without_defect: Findings) -> None:
    """The output and the reports show a mask instead of tokens, signatures and the proxy's secret."""
    assert '{"name": "X-Internal-Authorization", "value": "[Filtered]"}' in without_defect.har
    secrets = [PROXY_SECRET, defect_run.target.variables["FUZZ_SYMMETRIC_TOKEN"]]
    assert not [
        each
        for each in secrets
        for text in (without_defect.printed, without_defect.junit, without_defect.har)
        if each in text
    ]
