"""The keys by which repeated requests are recognised."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import datetimes, integers, just, text, tuples

from handlers.snap.replay_key import ReplayKey
from handlers.snap.timestamp import parse

NOW = datetime(2026, 1, 22, 5, 0, 0, tzinfo=UTC)
NOON = "2026-01-22T12:00:00+07:00"
TOLERANCE = timedelta(seconds=300)
VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
TIMESTAMPS = datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda each: f"{each.isoformat()}+07:00")  # noqa: DTZ001  the zone is beside it
PARTS = tuples(text(VISIBLE, min_size=1, max_size=36), TIMESTAMPS)


def _token_key(timestamp: str = NOON, client_key: str = "A") -> str:
    return ReplayKey.of_token_request(client_key, timestamp, TOLERANCE).key


def _call_key(client_key: str = "A", timestamp: str = NOON, external_id: str = "1") -> str:
    return ReplayKey.of_call(client_key, timestamp, external_id, NOW, TOLERANCE).key


def test_a_token_request_is_remembered_for_its_window_and_a_minute() -> None:
    """A key lives long enough for instances whose clocks differ by up to a minute."""
    assert ReplayKey.of_token_request("A", NOON, TOLERANCE).ttl_seconds == 660


@given(PARTS, PARTS)
def test_token_requests_share_a_key_if_they_are_the_same(one: tuple[str, str], other: tuple[str, str]) -> None:
    """The key depends on client key and timestamp as sent. Another split of the same text is another key."""
    keys = [ReplayKey.of_token_request(client_key, timestamp, TOLERANCE).key for client_key, timestamp in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


def test_another_spelling_of_a_timestamp_is_another_request() -> None:
    """The signature covers the text, so the same instant in another offset is another request."""
    assert _token_key("2026-01-22T12:00:00+07:00") != _token_key("2026-01-22T05:00:00Z")


def test_keys_of_token_requests_are_sorted_by_time() -> None:
    """The keys of one second sort before the keys of the next, for all clients and offsets."""
    texts = ("2026-01-22T12:00:00+07:00", "2026-01-22T05:00:00.9Z", "2026-01-22T12:00:01+07:00", "2026-01-22T05:00:02Z")
    keys = [_token_key(each, client_key) for each, client_key in zip(texts, "ZAZA", strict=True)]
    assert sorted(each[:8] for each in keys) == [each[:8] for each in keys]
    assert keys[0][:8] == keys[1][:8] < keys[2][:8] < keys[3][:8]


def test_parts_are_separated() -> None:
    """A character that moves from the external id to the client key gives another key."""
    assert _call_key("A", external_id="11") != _call_key("A1", external_id="1")


def test_a_key_reveals_nothing_of_the_request() -> None:
    """A key is hexadecimal, and contains no client key, timestamp or external id."""
    for key in (_call_key(), _token_key()):
        assert re.fullmatch("[0-9a-f]{32}", key)


def test_keys_do_not_change_between_versions() -> None:
    r"""Two versions share a state store: `printf 'call\nA\n2026-01-22\n1' | sha256sum` gives the key."""
    assert _token_key() == "6971aed0" + "a0310f83ba18bb738010f3f7"
    assert _call_key() == "870798730c9afd106528a0284bc7d204"
    assert _notification_key() == "6971aed0" + "c04a014ea4e3e3155039827f"


def test_an_external_id_belongs_to_one_client() -> None:
    """The same external id of two clients has two keys, and so have two external ids of one client."""
    assert len({_call_key(), _call_key("B"), _call_key(external_id="2")}) == 3


@pytest.mark.parametrize(
    ("timestamp", "same"),
    [
        ("2026-01-22T00:00:00+07:00", True),
        ("2026-01-22T23:59:59.999+07:00", True),
        ("2026-01-21T17:00:00Z", True),
        ("2026-01-22T16:59:59Z", True),
        ("2026-01-22T17:00:00Z", False),
        ("2026-01-21T16:59:59Z", False),
        ("2026-01-21T23:59:59+07:00", False),
        ("2026-01-23T00:00:00+07:00", False),
        ("2026-01-21T12:00:00-05:00", True),
    ],
)
def test_an_external_id_belongs_to_one_day_in_jakarta(timestamp: str, *, same: bool) -> None:
    """Calls of one day in Jakarta, with any offset, share an external id. Calls of other days do not."""
    assert (_call_key(timestamp=timestamp) == _call_key()) is same


@pytest.mark.parametrize(
    ("timestamp", "now", "seconds"),
    [
        (NOON, NOW, 12 * 3600 + 600),
        ("2026-01-22T05:00:00Z", NOW, 12 * 3600 + 600),
        (NOON, NOW + timedelta(milliseconds=1), 12 * 3600 + 600),
        (NOON, NOW + timedelta(seconds=1), 12 * 3600 + 599),
        ("2026-01-22T23:59:59+07:00", datetime(2026, 1, 22, 17, 4, 59, tzinfo=UTC), 301),
        ("2026-01-23T00:00:00+07:00", datetime(2026, 1, 22, 16, 59, 59, tzinfo=UTC), 86_400 + 601),
    ],
)
def test_an_external_id_is_remembered_until_its_day_ends_and_a_while(
    timestamp: str, now: datetime, seconds: int
) -> None:
    """The key lives until the day of X-TIMESTAMP ends, plus twice the tolerance."""
    assert ReplayKey.of_call("A", timestamp, "1", now, TOLERANCE).ttl_seconds == seconds


@given(datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=just(UTC)), integers(-300, 300))  # noqa: DTZ001  the zone is beside it
def test_an_external_id_outlives_its_window(now: datetime, seconds: int) -> None:
    """A call's key lives until its timestamp is outside the window for every clock within the tolerance."""
    timestamp = (now + timedelta(seconds=seconds)).isoformat()
    replay_key = ReplayKey.of_call("A", timestamp, "1", now, TOLERANCE)
    assert now + timedelta(seconds=replay_key.ttl_seconds) > parse(timestamp) + 2 * TOLERANCE
    assert 0 < replay_key.ttl_seconds <= 86_400 + 900


def _notification_key(client_key: str = "A", timestamp: str = NOON, body: bytes = b"{}") -> str:
    return ReplayKey.of_notification(client_key, timestamp, body, TOLERANCE).key


def test_a_notification_is_its_client_its_time_and_its_body() -> None:
    """A copy has the same key, and a notification that differs in one of the three has another."""
    others = {
        _notification_key("B"),
        _notification_key(timestamp="2026-01-22T05:00:00Z"),
        _notification_key(body=b"{ }"),
    }
    assert len(others | {_notification_key()}) == 4
    assert re.fullmatch("[0-9a-f]{32}", _notification_key())
    assert _notification_key()[:8] == _token_key()[:8]


def test_a_notification_is_remembered_for_its_window_and_a_minute() -> None:
    """After that the clock refuses a copy on every instance."""
    assert ReplayKey.of_notification("A", NOON, b"", TOLERANCE).ttl_seconds == 660


def test_token_requests_calls_and_notifications_have_different_keys() -> None:
    """A token request or a notification uses up no X-EXTERNAL-ID, and not the other one's key."""
    assert len({_call_key(), _token_key(), _notification_key()}) == 3
