"""Each check of `make fuzz` can fail: schemathesis finds a planted defect."""

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
from tests.fuzz.defects import DEFECTS, SLOW, is_slow, refuses_genuine_signatures
from tests.fuzz.finding import DefectRun, Findings
from tests.fuzz.internal_defects import INTERNAL_DEFECTS
from tests.fuzz.passes import SIGNED
from tests.fuzz.planted import Defect, DefectiveServer, none, served
from tests.fuzz.run import Target
from tests.merchant import BASE_PATH, services_of, write_settings
from tests.nicepay import Nicepay

SIGNATURE = re.compile(r"[A-Za-z0-9+/]{342}==")
NOT_APPLICABLE = {
    "ensure_resource_availability": "no operation creates a resource that another operation could find",
    "use_after_free": "no operation deletes anything",
    "object_level_authorization": "there are no objects that belong to a user",
}


@pytest.fixture(scope="module")
def defect_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DefectRun]:
    """The product with room for a defect, and the signed pass."""
    folder = tmp_path_factory.mktemp("planted")
    nicepay = Nicepay()
    key = folder / "private.pem"
    key.write_text(nicepay.private_pem)
    settings = Settings.load(write_settings(folder, nicepay))
    configure.set_up(io.StringIO())
    services = replace(services_of(settings, assembly.system_clock), revocations=loaded_revocations())
    server = DefectiveServer(application(public_api(BASE_PATH), lambda: services))
    with served(server) as origin:
        yield DefectRun(SIGNED, server, Target.public(origin + BASE_PATH, key), folder)


@pytest.fixture(scope="module")
def without_defect(defect_run: DefectRun) -> Findings:
    """The findings without a defect."""
    return defect_run.run(none)


def test_without_a_defect_no_check_fails(without_defect: Findings) -> None:
    """Without a defect, each check that a defect can make fail runs and succeeds."""
    assert without_defect.checks("failure") == set(), without_defect.printed
    assert without_defect.checks("success") >= set().union(*DEFECTS.values())


def test_a_case_breaks_only_one_header(without_defect: Findings) -> None:
    """In the signed pass, a case that breaks one header is refused for this header."""
    refused = list(without_defect.refused_headers())
    assert {name for name, _ in refused} == {"X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE"}
    assert all(message.endswith(name) for name, message in refused)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
def test_a_defect_is_found(defect_run: DefectRun, defect: Defect) -> None:
    """A planted defect makes its checks fail, and no other checks."""
    found = defect_run.run(defect, *([f"--max-response-time={SLOW}"] if defect is is_slow else []))
    assert found.checks("failure") == DEFECTS[defect], found.printed


def test_no_signature_is_shown(defect_run: DefectRun) -> None:
    """The output and the reports of a failure show a mask instead of X-SIGNATURE."""
    found = defect_run.run(refuses_genuine_signatures)
    assert "X-SIGNATURE: [Filtered]" in found.printed
    assert "X-SIGNATURE: [Filtered]" in found.junit
    assert '{"name": "X-SIGNATURE", "value": "[Filtered]"}' in found.har
    assert not any(SIGNATURE.search(text) for text in (found.printed, found.junit, found.har))


def test_every_check_can_fail_or_is_not_applicable() -> None:
    """Each check of schemathesis can fail here, or there is a reason why it does not apply."""
    load_all_checks()
    can_fail = set().union(*DEFECTS.values(), *INTERNAL_DEFECTS.values())
    assert can_fail.isdisjoint(NOT_APPLICABLE)
    ours = {"max_response_time", "signed_data_acceptance", "right_request_acceptance"}
    assert can_fail | NOT_APPLICABLE.keys() == {*CHECKS.get_all_names(), *ours}
