"""Each check can fail: a defect is planted in front of the product, and schemathesis finds it."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from schemathesis.checks import CHECKS, load_all_checks

from handlers.config.settings import Settings
from handlers.server.observability import configure
from handlers.server.openapi.application import application, public_api
from handlers.server.process import assembly
from tests.calls import loaded_revocations
from tests.fuzz.defects import DEFECTS, SLOW, refuses_what_is_genuine, takes_its_time
from tests.fuzz.finding import Found, Fuzzed
from tests.fuzz.internal_defects import INTERNAL_DEFECTS
from tests.fuzz.passes import SIGNED
from tests.fuzz.planted import Defect, Defective, none, served
from tests.fuzz.run import Target
from tests.merchant import BASE_PATH, services_of, write_settings
from tests.nicepay import Nicepay

SIGNATURE = re.compile(r"[A-Za-z0-9+/]{342}==")
NOTHING_TO_LOOK_AT = {
    "ensure_resource_availability": "no operation makes a resource that another could find",
    "use_after_free": "no operation deletes anything",
    "object_level_authorization": "there are no objects that belong to one of several users",
}


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    """The product, with room for a defect, and its client."""
    folder = tmp_path_factory.mktemp("planted")
    nicepay = Nicepay()
    key = folder / "private.pem"
    key.write_text(nicepay.private_pem)
    settings = Settings.load(write_settings(folder, nicepay))
    configure.set_up(io.StringIO())
    services = replace(services_of(settings, assembly.system_clock), revocations=loaded_revocations())
    server = Defective(application(public_api(BASE_PATH), lambda: services))
    with served(server) as origin:
        yield Fuzzed(SIGNED, server, Target.public(origin + BASE_PATH, key), folder)


@pytest.fixture(scope="module")
def sound(fuzzed: Fuzzed) -> Found:
    """What is found without a defect."""
    return fuzzed.run(none)


def test_without_a_defect_nothing_is_found(sound: Found) -> None:
    """Each check that a defect can make fail is made, and passes, when there is no defect."""
    assert sound.checks("failure") == set(), sound.printed
    assert sound.checks("success") >= set().union(*DEFECTS.values())


def test_what_is_broken_is_the_only_thing_that_is(sound: Found) -> None:
    """In the signed pass a case that breaks one header is refused for this header, however the others were drawn."""
    refused = list(sound.refused_headers())
    assert {name for name, _ in refused} == {"X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE"}
    assert all(message.endswith(name) for name, message in refused)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
def test_a_defect_is_found(fuzzed: Fuzzed, defect: Defect) -> None:
    """A planted defect makes its checks fail and no other."""
    found = fuzzed.run(defect, *([f"--max-response-time={SLOW}"] if defect is takes_its_time else []))
    assert found.checks("failure") == DEFECTS[defect], found.printed


def test_no_signature_is_told(fuzzed: Fuzzed) -> None:
    """What is printed of a failure, and what is kept in the reports, has a mask in the place of X-SIGNATURE."""
    found = fuzzed.run(refuses_what_is_genuine)
    assert "X-SIGNATURE: [Filtered]" in found.printed
    assert "X-SIGNATURE: [Filtered]" in found.junit
    assert '{"name": "X-SIGNATURE", "value": "[Filtered]"}' in found.har
    assert not any(SIGNATURE.search(text) for text in (found.printed, found.junit, found.har))


def test_every_check_is_made_or_has_nothing_to_look_at() -> None:
    """Of all checks that schemathesis has, each can fail here, or there is a reason why it cannot."""
    load_all_checks()
    can_fail = set().union(*DEFECTS.values(), *INTERNAL_DEFECTS.values())
    assert can_fail.isdisjoint(NOTHING_TO_LOOK_AT)
    ours = {"max_response_time", "signed_data_acceptance", "right_request_acceptance"}
    assert can_fail | NOTHING_TO_LOOK_AT.keys() == {*CHECKS.get_all_names(), *ours}
