"""The checks of the genuine pass find what is planted in front of the internal listener."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from starlette.types import ASGIApp

from handlers.config.settings import Settings
from tests.fuzz.finding import Found, Fuzzed
from tests.fuzz.internal_defects import INTERNAL_DEFECTS
from tests.fuzz.passes import GENUINE
from tests.fuzz.planted import Defect, Defective, none
from tests.fuzz.run import Target
from tests.internal import PROXY_SECRET, running_internal, write_internal_settings
from tests.merchant import Clock
from tests.nicepay import Nicepay


class _MachineClock(Clock):
    """The hooks sign by this one."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    """The product, with room for a defect, and the calls that a proxy holds."""
    folder = tmp_path_factory.mktemp("planted")
    nicepay, key = Nicepay(), folder / "private.pem"
    key.write_text(nicepay.private_pem)
    delivers = 'accel_redirect = "@merchant"'
    settings = Settings.load(write_internal_settings(folder, nicepay, internal=delivers, secret=True))
    servers: list[Defective] = []

    def wrap(app: ASGIApp) -> ASGIApp:
        servers.append(Defective(app))
        return servers[0]

    with running_internal(settings, _MachineClock(), wrap=wrap) as listener:
        now = datetime.now(UTC)
        target = Target.internal(listener.origin, key, lambda client_key: listener.token(client_key, now))
        yield Fuzzed(GENUINE, servers[0], target, folder)


@pytest.fixture(scope="module")
def sound(fuzzed: Fuzzed) -> Found:
    """What is found without a defect."""
    return fuzzed.run(none)


def test_without_a_defect_nothing_is_found(sound: Found) -> None:
    """Each check that a defect can make fail is made, and passes, when there is no defect."""
    assert sound.checks("failure") == set(), sound.printed
    assert sound.checks("success") >= set().union(*INTERNAL_DEFECTS.values())


@pytest.mark.parametrize("defect", INTERNAL_DEFECTS, ids=lambda defect: defect.__name__)
def test_a_defect_is_found(fuzzed: Fuzzed, defect: Defect) -> None:
    """A planted defect makes its checks fail and no other."""
    found = fuzzed.run(defect)
    assert found.checks("failure") == INTERNAL_DEFECTS[defect], found.printed


def test_no_secret_is_told(fuzzed: Fuzzed, sound: Found) -> None:
    """What is printed and kept has a mask in the place of tokens, signatures and the secret."""
    assert '{"name": "X-Internal-Authorization", "value": "[Filtered]"}' in sound.har
    secrets = [PROXY_SECRET, fuzzed.target.variables["FUZZ_SYMMETRIC_TOKEN"]]
    assert not [each for each in secrets for text in (sound.printed, sound.junit, sound.har) if each in text]
