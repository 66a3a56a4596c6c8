"""Which runs of `make fuzz` count, and that no documented answer is left out."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.document import RESPONSES
from tests.e2e.process import run
from tests.fuzz import run as driver
from tests.fuzz.tally import ELSEWHERE, SIGNED, UNSIGNED, Pass, Tally, shortcomings

NO_WARNINGS: frozenset[str] = frozenset()
GOOD = Tally(Counter({"200": 50, "400": 98, "405": 1, "415": 1}), 50, NO_WARNINGS)
GOOD_UNSIGNED = Tally(Counter({"400": 1, "401": 1, "405": 1, "415": 1}), 0, frozenset({"missing_auth"}))


def test_every_documented_answer_is_got() -> None:
    """Fuzzing gets a documented answer, or a test is named that does."""
    fuzzed = SIGNED.answers | UNSIGNED.answers
    assert fuzzed.isdisjoint(ELSEWHERE)
    assert fuzzed | ELSEWHERE.keys() == RESPONSES.keys()


def test_the_named_tests_exist() -> None:
    """pytest finds each test that is named."""
    collected = run(driver.PYTHON, "-m", "pytest", "--collect-only", "-q", *set(ELSEWHERE.values()), cwd=driver.ROOT)
    assert collected.returncode == 0, collected.stdout + collected.stderr


@pytest.mark.parametrize(("wanted", "got"), [(SIGNED, GOOD), (UNSIGNED, GOOD_UNSIGNED)], ids=["signed", "unsigned"])
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
        (SIGNED, Tally(GOOD.answers, 49, NO_WARNINGS), "only 49 different bodies got a token, fewer than 50"),
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


def test_a_tally_is_counted_in_the_reports(tmp_path: Path) -> None:
    """Answers and bodies stand in the HAR report, warnings in the JSON report; a warning of nothing is none."""
    bodies = {"{}": 200, "[]": 400, "{ }": 200}
    entries = [
        {"request": {"postData": {"text": body}}, "response": {"status": status}}
        for body, status in [*bodies.items(), ("{}", 200)]
    ]
    har, report = tmp_path / "har", tmp_path / "json"
    har.write_text(json.dumps({"log": {"entries": entries}}))
    report.write_text(json.dumps({"warnings": {"missing_auth": ["POST /"], "rate_limited": []}}))
    tally = Tally.of(har, report)
    assert tally == Tally(Counter({"200": 3, "400": 1}), 2, frozenset({"missing_auth"}))
    assert str(tally) == "4 answers: 200 x 3, 400 x 1; 2 different bodies got a token"


@pytest.mark.parametrize(("wrong", "status"), [([], 0), (["200 was never answered"], 1)], ids=["right", "wrong"])
def test_a_run_ends_with_its_verdict(
    wrong: list[str], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status is 1 if anything is wrong in a pass; seed, tests of the other answers and verdict are printed."""
    monkeypatch.setattr(driver, "fuzz", lambda *_arguments: iter(wrong))
    assert driver.main(["--examples", "1", "--seed", "7"]) == status
    printed = capsys.readouterr().out
    assert "Seed: 7" in printed
    assert all(test in printed for test in ELSEWHERE.values())
    assert ("The run counts." in printed) == (not wrong)
    assert all(f"unsigned: {each}" in printed for each in wrong)
