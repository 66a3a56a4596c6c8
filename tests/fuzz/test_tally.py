"""The requirements of `make fuzz`, and that every documented answer is tested."""

import json
from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import document
from tests.e2e.process import run
from tests.forms import NOTIFY_URI, SIGNED_URI, TOKEN_URI
from tests.fuzz import run as driver
from tests.fuzz.call_rules import BODY_SIGNED, FORMS, NOTIFICATION, SYMMETRIC_TOKEN
from tests.fuzz.passes import GENUINE, OTHER_ANSWERS, PASSES, SIGNED, UNSIGNED, WRONG_SECRET, Pass
from tests.fuzz.tally import Tally, failures
from tests.internal import SYMMETRIC

NO_WARNINGS: frozenset[str] = frozenset()
GOOD = Tally(Counter({"200": 50, "400": 98, "405": 1, "415": 1}), 50, NO_WARNINGS)
GOOD_UNSIGNED = Tally(Counter({"400": 1, "401": 1, "405": 1, "415": 1}), 0, frozenset({"missing_auth"}))
GOOD_GENUINE = Tally(
    Counter({"200": 50, "400": 50, "401": 48, "405": 1, "415": 1}), 25, NO_WARNINGS, Counter(dict.fromkeys(FORMS, 8))
)
GOOD_WRONG_SECRET = Tally(Counter({"200": 2, "401": 1, "405": 1}), 0, frozenset({"missing_auth"}))


@pytest.mark.parametrize(
    ("path", "described", "from_proxies"),
    [
        (document.PATH, document.DOCUMENT, document.PROXY_ANSWERS.keys()),
        (document.INTERNAL_PATH, document.INTERNAL, {"default"}),
    ],
)
def test_every_documented_answer_is_tested(
    path: Path, described: dict[str, Any], from_proxies: AbstractSet[str]
) -> None:
    """Each documented answer of the server is either required of a pass, or a named test gets it."""
    operations = [each for item in described["paths"].values() for each in item.values() if isinstance(each, dict)]
    fuzzed = frozenset[str]().union(*(each.answers for each in PASSES if each.document == path))
    assert fuzzed.isdisjoint(OTHER_ANSWERS[path])
    documented = {status for each in operations for status in each["responses"]}
    assert fuzzed | OTHER_ANSWERS[path].keys() == documented - from_proxies


def test_the_named_tests_exist() -> None:
    """pytest finds each named test."""
    tests = {test for each in OTHER_ANSWERS.values() for test in each.values()}
    collected = run(driver.PYTHON, "-m", "pytest", "--collect-only", "-q", *tests, cwd=driver.ROOT)
    assert collected.returncode == 0, collected.stdout + collected.stderr


@pytest.mark.parametrize(
    ("fuzz_pass", "tally"),
    [(SIGNED, GOOD), (UNSIGNED, GOOD_UNSIGNED), (GENUINE, GOOD_GENUINE), (WRONG_SECRET, GOOD_WRONG_SECRET)],
    ids=["signed", "unsigned", "genuine", "wrong-secret"],
)
def test_a_pass_that_meets_its_requirements_has_no_failures(fuzz_pass: Pass, tally: Tally) -> None:
    """A pass whose results meet each requirement exactly has no failures."""
    assert not list(failures(fuzz_pass, tally))


@pytest.mark.parametrize(
    ("fuzz_pass", "tally", "failure"),
    [
        (
            SIGNED,
            Tally(Counter({"200": 50, "400": 99, "405": 1, "415": 1}), 50, NO_WARNINGS),
            "only 50 of 151 answers have status 200; at least 33% are required",
        ),
        (
            SIGNED,
            Tally(GOOD.answers, 49, NO_WARNINGS),
            "only 49 different requests to /access-token/b2b got status 200; at least 50 are required",
        ),
        (SIGNED, Tally(Counter({"200": 50, "400": 1, "405": 1}), 50, NO_WARNINGS), "no answer has status 415"),
        (
            SIGNED,
            Tally(Counter({"200": 50, "400": 97, "401": 1, "405": 1, "415": 1}), 50, NO_WARNINGS),
            "an answer has status 401",
        ),
        (SIGNED, Tally(GOOD.answers, 50, frozenset({"rate_limited"})), "schemathesis warned of rate_limited"),
        (UNSIGNED, Tally(GOOD_UNSIGNED.answers, 0, NO_WARNINGS), "schemathesis did not warn of missing_auth"),
        (
            GENUINE,
            replace(GOOD_GENUINE, forms=GOOD_GENUINE.forms - Counter({"notification": 1})),
            "only 7 calls of the form notification are genuine; at least 8 are required",
        ),
        (
            UNSIGNED,
            Tally(GOOD_UNSIGNED.answers + Counter({"200": 1}), 1, GOOD_UNSIGNED.warnings),
            "an answer has status 200",
        ),
    ],
)
def test_a_pass_reports_its_failure(fuzz_pass: Pass, tally: Tally, failure: str) -> None:
    """Too few accepted requests, a missing or unexpected status, and a missing or unexpected warning are reported."""
    assert list(failures(fuzz_pass, tally)) == [failure]


def _entry(status: int, body: str, path: str = "/authorize", about: str = "GET") -> dict[str, Any]:
    headers = [{"name": "X-Original-URI", "value": about}, {"name": "X-TIMESTAMP", "value": body}]
    request = {"method": "POST", "url": f"http://a{path}?x", "headers": headers, "postData": {"text": body}}
    return {"request": request, "response": {"status": status}}


def test_a_tally_is_counted_in_the_reports(tmp_path: Path) -> None:
    """The tally counts answers and requests in the HAR report, and warnings with operations in the JSON report."""
    accepted = [_entry(200, "{}"), _entry(200, "{ }"), _entry(200, "{}"), _entry(200, "{}", about="PUT")]
    entries = [*accepted, _entry(400, "[]"), _entry(200, "0", "/revoke")]
    har, report = tmp_path / "har", tmp_path / "json"
    har.write_text(json.dumps({"log": {"entries": entries}}))
    report.write_text(json.dumps({"warnings": {"missing_auth": ["POST /"], "rate_limited": []}}))
    tally = Tally.of(GENUINE, har, report)
    assert tally == Tally(Counter({"200": 5, "400": 1}), 3, frozenset({"missing_auth"}))
    assert str(tally) == "6 answers: 200 x 5, 400 x 1; 3 different requests with status 200"


def _called(status: int, **headers: str) -> dict[str, Any]:
    named = [{"name": name.replace("_", "-"), "value": value} for name, value in headers.items()]
    request = {"method": "POST", "url": "http://a/authorize", "headers": named}
    return {"request": request, "response": {"status": status}}


def test_genuine_calls_are_counted_by_their_form(tmp_path: Path) -> None:
    """A call with status 200 counts for the form that its path accepts and its headers tell."""
    token = {"Authorization": "[Filtered]", "X_External_Id": "1"}
    entries = [
        _called(200, X_Original_URI=f"{TOKEN_URI}?a", X_Partner_Id=SYMMETRIC, X_Client_Key="ignored", **token),
        _called(200, X_Original_URI=NOTIFY_URI, X_Client_Key="A"),
        _called(200, X_Original_URI=SIGNED_URI, X_Partner_Id="A", X_External_Id="1"),
        _called(401, X_Original_URI=SIGNED_URI, X_Partner_Id="A", X_External_Id="1"),
        _called(200, X_Original_URI=SIGNED_URI, X_Partner_Id="A", **token),
    ]
    har, report = tmp_path / "har", tmp_path / "json"
    har.write_text(json.dumps({"log": {"entries": entries}}))
    report.write_text(json.dumps({"warnings": {}}))
    tally = Tally.of(GENUINE, har, report)
    assert tally.forms == Counter([SYMMETRIC_TOKEN, NOTIFICATION, BODY_SIGNED])
    assert str(tally).endswith("; body-signed x 1; notification x 1; token, symmetric x 1")


@pytest.mark.parametrize(("failed", "status"), [([], 0), (["no answer has status 200"], 1)], ids=["success", "failure"])
def test_a_run_ends_with_its_result(
    failed: list[str], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run prints its seed, the tests of the other answers and its failures; the exit status is 1 if a pass fails."""
    monkeypatch.setattr(driver, "fuzz", lambda *_arguments: iter(failed))
    assert driver.main(["--examples", "1", "--seed", "7"]) == status
    printed = capsys.readouterr().out
    assert "Seed: 7" in printed
    assert all(test in printed for each in OTHER_ANSWERS.values() for test in each.values())
    assert ("All passes succeeded." in printed) == (not failed)
    assert all(f"unsigned: {each}" in printed for each in failed)
