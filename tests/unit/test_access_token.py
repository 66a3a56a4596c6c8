"""The decision, step by step."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.access_token import issue_access_token
from handlers.server import start
from handlers.server.settings import Settings
from handlers.services import Services
from handlers.snap.codes import SnapError
from tests.merchant import NOON, Clock
from tests.nicepay import Nicepay, jakarta

Ask = Callable[..., object]


@pytest.fixture
def services(settings_file: Path) -> Services:
    """A merchant that knows NICEPAY, at noon."""
    return start.assemble(Settings.load(settings_file), Clock())


def _ask(services: Services, timestamp: str, client_key: str, signature: str) -> str:
    answer = asyncio.run(
        issue_access_token(services, x_timestamp=timestamp, x_client_key=client_key, x_signature=signature)
    )
    return str(answer["accessToken"])


def test_the_token_is_the_client_s_from_this_second_on(services: Services, nicepay: Nicepay) -> None:
    """The token that is handed out opens to the client that asked, issued at the server's own time."""
    timestamp = jakarta(NOON - timedelta(seconds=200))
    token = _ask(services, timestamp, nicepay.client_key, nicepay.signature(timestamp))
    opened = services.token_keys.open(token, NOON)
    assert (opened.client_key, opened.issued_at) == ("IONPAYTEST", NOON.replace(microsecond=0))


@pytest.mark.parametrize(
    ("seconds", "client_key", "signed", "reason"),
    [
        (-301, "NOBODY", False, "clock.behind"),
        (301, "IONPAYTEST", True, "clock.ahead"),
        (0, "NOBODY", False, "client.unknown"),
        (0, "IONPAYTEST", False, "signature.mismatch"),
    ],
)
def test_the_first_check_that_fails_decides(  # noqa: PLR0913  the columns of a table
    services: Services, nicepay: Nicepay, seconds: int, client_key: str, reason: str, *, signed: bool
) -> None:
    """Window, client, signature: a request that fails several is refused for the first of them."""
    timestamp = jakarta(NOON + timedelta(seconds=seconds))
    signature = nicepay.signature(timestamp) if signed else nicepay.signature("another")
    with pytest.raises(SnapError) as refusal:
        _ask(services, timestamp, client_key, signature)
    assert refusal.value.reason == reason
