"""`make fuzz-nightly`: its minutes, and a short run."""

import pytest

from tests.fuzz import nightly
from tests.fuzz.passes import Pass
from tests.fuzz.run import started


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "721", "ten", "٣", "1e1", "1 "])
def test_other_minutes_are_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Only whole numbers from 1 to 720 are accepted. One line says so, and the exit status is 2."""
    with pytest.raises(SystemExit) as end:
        nightly.main([f"--minutes={text}"])
    assert end.value.code == 2
    assert capsys.readouterr().err.endswith("is no whole number from 1 to 720\n")


@pytest.mark.parametrize("fuzz_pass", nightly.PASSES, ids=lambda fuzz_pass: fuzz_pass.name)
def test_a_short_run_finds_nothing(fuzz_pass: Pass) -> None:
    """A run of two seconds against a real server with genuine signatures ends in time and finds no failure."""
    with started(fuzz_pass) as target:
        assert nightly.fuzz(fuzz_pass, target, 2) == 0
