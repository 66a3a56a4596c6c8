"""Which runs of `make fuzz` count, and that no documented answer is left out."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests import document
from tests.e2e.process import run
from tests.fuzz import run as driver
from tests.fuzz.passes import ELSEWHERE, GENUINE, PASSES, SIGNED, STRANGE, UNSIGNED, Pass
from tests.fuzz.tally import Tally, shortcomings

NO_WARNINGS: frozenset[str] = frozenset()
GOOD = Tally(Counter({"200": 50, "400": 98, "405": 1, "415": 1}), 50, NO_WARNINGS)
GOOD_UNSIGNED = Tally(Counter({"400": 1, "401": 1, "405": 1, "415": 1}), 0, frozenset({"missing_auth"}))
GOOD_GENUINE = Tally(Counter({"200": 50, "400": 50, "401": 48, "405": 1, "415": 1}), 25, NO_WARNINGS)
GOOD_STRANGE = Tally(Counter({"200": 2, "401": 1, "405": 1}), 0, frozenset({"missing_auth"}))


@pytest.mark.parametrize(
    ("path", "described"), [(document.PATH, document.DOCUMENT), (document.INTERNAL_PATH, document.INTERNAL)]
)
def test_every_documented_answer_is_got(path: Path, described: dict[str, Any]) -> None:
    """Fuzzing gets a documented answer, or a test is named that does."""
    operations = [each for item in described["paths"].values() for each in item.values() if isinstance(each, dict)]
    fuzzed = frozenset[str]().union(*(each.answers for each in PASSES if each.document == path))
    assert fuzzed.isdisjoint(ELSEWHERE[path])
    assert fuzzed | ELSEWHERE[path].keys() == {status for each in operations for status in each["responses"]}


def test_the_named_tests_exist() -> None:
    """pytest finds each test that is named."""
    tests = {test for each in ELSEWHERE.values() for test in each.values()}
    collected = run(driver.PYTHON, "-m", "pytest", "--collect-only", "-q", *tests, cwd=driver.ROOT)
    assert collected.returncode == 0, collected.stdout + collected.stderr


@pytest.mark.parametrize(
    ("wanted", "got"),
    [(SIGNED, GOOD), (UNSIGNED, GOOD_UNSIGNED), (GENUINE, GOOD_GENUINE), (STRANGE, GOOD_STRANGE)],
    ids=["signed", "unsigned", "genuine", "strange"],
)
def test_a_good_pass_counts(wanted: Pass, got: Tally) -> None:
    """A pass that is just good enough has no shortcomings."""
    assert not list(shortcomings(wanted, got))


@pytest.mark.parametrize(
    ("wanted", "got", "shortcoming"),
    [
        (
            SIGNED,
            Tally(Counter({"200": 50, "400": 99, "405": 1, "415": 1}), 50, NO_WARNINGS),
            "only 50 of 151 answers are 200, fewer than 33%",
        ),
        (
            SIGNED,
            Tally(GOOD.answers, 49, NO_WARNINGS),
            "only 49 different requests to /access-token/b2b got a 200, fewer than 50",
        ),
        (SIGNED, Tally(Counter({"200": 50, "400": 1, "405": 1}), 50, NO_WARNINGS), "415 was never answered"),
        (
            SIGNED,
            Tally(Counter({"200": 50, "400": 97, "401": 1, "405": 1, "415": 1}), 50, NO_WARNINGS),
            "401 was answered, and must not be",
        ),
        (SIGNED, Tally(GOOD.answers, 50, frozenset({"rate_limited"})), "schemathesis warns of rate_limited"),
        (UNSIGNED, Tally(GOOD_UNSIGNED.answers, 0, NO_WARNINGS), "schemathesis did not warn of missing_auth"),
        (
            UNSIGNED,
            Tally(GOOD_UNSIGNED.answers + Counter({"200": 1}), 1, GOOD_UNSIGNED.warnings),
            "200 was answered, and must not be",
        ),
    ],
)
def test_a_bad_pass_does_not_count(wanted: Pass, got: Tally, shortcoming: str) -> None:
    """Too few tokens, too few bodies, an answer too few or too many, or a warning: each is told."""
    assert list(shortcomings(wanted, got)) == [shortcoming]


def _entry(status: int, body: str, path: str = "/authorize", about: str = "GET") -> dict[str, Any]:
    headers = [{"name": "X-Original-URI", "value": about}, {"name": "X-TIMESTAMP", "value": body}]
    request = {"method": "POST", "url": f"http://a{path}?x", "headers": headers, "postData": {"text": body}}
    return {"request": request, "response": {"status": status}}


def test_a_tally_is_counted_in_the_reports(tmp_path: Path) -> None:
    """Answers and requests stand in the HAR report, warnings in the JSON report; a warning of nothing is none."""
    good = [_entry(200, "{}"), _entry(200, "{ }"), _entry(200, "{}"), _entry(200, "{}", about="PUT")]
    entries = [*good, _entry(400, "[]"), _entry(200, "0", "/revoke")]
    har, report = tmp_path / "har", tmp_path / "json"
    har.write_text(json.dumps({"log": {"entries": entries}}))
    report.write_text(json.dumps({"warnings": {"missing_auth": ["POST /"], "rate_limited": []}}))
    tally = Tally.of(GENUINE, har, report)
    assert tally == Tally(Counter({"200": 5, "400": 1}), 3, frozenset({"missing_auth"}))
    assert str(tally) == "6 answers: 200 x 5, 400 x 1; 3 different requests counted"


@pytest.mark.parametrize(("wrong", "status"), [([], 0), (["200 was never answered"], 1)], ids=["right", "wrong"])
def test_a_run_ends_with_its_verdict(
    wrong: list[str], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status is 1 if anything is wrong in a pass; seed, tests of the other answers and verdict are printed."""
    monkeypatch.setattr(driver, "fuzz", lambda *_arguments: iter(wrong))
    assert driver.main(["--examples", "1", "--seed", "7"]) == status
    printed = capsys.readouterr().out
    assert "Seed: 7" in printed
    assert all(test in printed for each in ELSEWHERE.values() for test in each.values())
    assert ("The run counts." in printed) == (not wrong)
    assert all(f"unsigned: {each}" in printed for each in wrong)
