"""The response codes and the error that carries one."""

import pytest

from handlers.snap import codes
from handlers.snap.codes import SnapError, unauthorized


@pytest.mark.parametrize(
    ("code", "digits"),
    [
        (codes.SUCCESSFUL, "2007300"),
        (codes.INVALID_FIELD_FORMAT, "4007301"),
        (codes.INVALID_MANDATORY_FIELD, "4007302"),
        (codes.UNAUTHORIZED, "4017300"),
        (codes.INVALID_TOKEN, "4017301"),
        (codes.TOKEN_NOT_FOUND, "4017303"),
        (codes.CONFLICT, "4097300"),
        (codes.EXTERNAL_SERVER_ERROR, "5007302"),
        (codes.SERVICE_UNAVAILABLE, "5037300"),
    ],
)
def test_a_code_is_status_service_and_case(code: codes.ResponseCode, digits: str) -> None:
    """A responseCode is HTTP status, service code and case code, seven digits in all."""
    assert code.response_code("73") == digits


@pytest.mark.parametrize("catalogue", [codes.CATALOGUE, codes.INTERNAL_CATALOGUE])
def test_codes_are_unique(catalogue: tuple[codes.ResponseCode, ...]) -> None:
    """Every row of a catalogue has its own code."""
    assert len({(code.status, code.case) for code in catalogue}) == len(catalogue)


def test_an_error_names_its_field() -> None:
    """The message names the field, and contains nothing of the log fields."""
    error = SnapError(codes.INVALID_FIELD_FORMAT, field="X-TIMESTAMP", reason="header.malformed", value="secret")
    assert error.message == "Invalid Field Format X-TIMESTAMP"
    assert error.log_fields == {"value": "secret"}
    assert str(error) == "header.malformed"
    assert not error.headers


def test_an_error_without_a_field_names_none() -> None:
    """A message without a place for a field stays unchanged, and an absent field is empty."""
    error = SnapError(codes.INVALID_MANDATORY_FIELD, reason="x")
    assert error.message == "Invalid Mandatory Field "
    assert SnapError(codes.BAD_REQUEST, reason="x").message == "Bad Request"


def test_a_401_names_the_wrong_header() -> None:
    """A refusal of credentials names the header. The reason is only for the log."""
    error = unauthorized(field="X-TIMESTAMP", reason="clock.behind")
    assert error.code is codes.UNAUTHORIZED
    assert error.message == "Unauthorized. X-TIMESTAMP"
    assert not error.headers
