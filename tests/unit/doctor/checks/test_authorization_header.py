"""The Authorization header: anybody can send one, so a hostile value must not cost more than linear time."""

import pytest

from handlers.doctor.checks import authorization_header
from handlers.doctor.checks.authorization_header import read


@pytest.mark.parametrize("piece", [" ", '"', "bearer", "bearer ", "access_token ", "gAAAA ", "eyJ.", "%", "auth-"])
def test_a_hostile_value_takes_linear_time(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value of the signs that stand around a token is read in linear time, so this test ends."""
    length = 200_000
    monkeypatch.setattr(authorization_header, "_LONGEST", length)
    found = read(piece * (length // len(piece) - 1) + "!")
    assert found.finding
    assert len(found.token) < length
