"""What is allowed but not good, as the log and the check tell it."""

from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import CertificateBuilder, Name, NameAttribute, NameOID
from redis import Redis

from handlers.config import setting_warnings
from handlers.config.setting_warnings import SettingWarning
from handlers.config.settings import Settings
from handlers.state.opening import StateUrl
from tests.engines import REDIS_SERVERS, RedisServer, asynchronous
from tests.merchant import NOON, write_settings
from tests.nicepay import Nicepay, new_key

DAY = timedelta(days=1)
NOW = NOON.replace(microsecond=0)


def _of(settings_file: Path) -> list[SettingWarning]:
    return list(setting_warnings.of_settings(Settings.load(settings_file), NOW))


def _certificate(nicepay: Nicepay, end: datetime, encoding: Encoding = Encoding.PEM) -> bytes:
    name = Name([NameAttribute(NameOID.COMMON_NAME, "NICEPAY")])
    key = nicepay.private_key
    builder = CertificateBuilder(name, name, key.public_key(), 1, end - 365 * DAY, end)
    return builder.sign(key, SHA256()).public_bytes(encoding)


def test_good_settings_are_no_concern(settings_file: Path) -> None:
    """Of settings with nothing doubtful in them there is nothing to say."""
    assert _of(settings_file) == []


def test_a_short_key_is_a_concern(tmp_path: Path, nicepay: Nicepay) -> None:
    """A key under 2048 bits is told with its client, its size and the size that is wanted."""
    (found,) = _of(write_settings(tmp_path, nicepay, Nicepay("SHORT", new_key(1024))))
    assert found.message == "clients[1].public_keys: a key of 1024 bits is weak; ask for a key of 2048 bits or more"
    assert found.event == "client.key_is_short"
    assert found.log_fields == {"client_key": "SHORT", "bits": 1024, "advised": 2048}


@pytest.mark.parametrize(
    ("left", "word"),
    [(-400 * DAY, "expired"), (timedelta(), "expired"), (timedelta(seconds=1), "ends"), (30 * DAY, "ends")],
    ids=str,
)
@pytest.mark.parametrize("inline", [False, True], ids=["file", "inline"])
def test_a_certificate_that_ends_is_a_concern(
    settings_file: Path, nicepay: Nicepay, left: timedelta, word: str, *, inline: bool
) -> None:
    """A certificate that has expired, or will within 30 days, is told with its client, its key and its last day."""
    end = NOW + left
    file = settings_file.with_name("IONPAYTEST.pem")
    file.write_bytes(_certificate(nicepay, end))
    if inline:
        der = b64encode(_certificate(nicepay, end, Encoding.DER)).decode()
        settings_file.write_text(settings_file.read_text().replace(file.name, der))
    (found,) = _of(settings_file)
    assert found.event == f"client.certificate_{word}"
    assert (found.log_fields["client_key"], found.log_fields["not_after"]) == ("IONPAYTEST", end.isoformat())
    assert found.message == f"clients[0].public_keys[0]: the certificate {word} on {end:%Y-%m-%d}; ask for a new one"


def test_a_certificate_with_time_left_is_no_concern(settings_file: Path, nicepay: Nicepay) -> None:
    """A certificate that ends after more than 30 days gives nothing to say yet."""
    settings_file.with_name("IONPAYTEST.pem").write_bytes(_certificate(nicepay, NOW + 30 * DAY + timedelta(seconds=1)))
    assert _of(settings_file) == []


def test_a_key_file_that_has_gone_is_no_concern(settings_file: Path, nicepay: Nicepay) -> None:
    """A file that is taken away after the settings were read is passed over: the next reading of the settings tells."""
    file = settings_file.with_name("IONPAYTEST.pem")
    file.write_bytes(_certificate(nicepay, NOW))
    settings = Settings.load(settings_file)
    file.unlink()
    assert list(setting_warnings.of_settings(settings, NOW)) == []


@pytest.mark.parametrize(("mode", "told"), [(0o600, 0), (0o640, 1), (0o604, 1), (0o644, 1)], ids=str)
def test_a_password_that_others_can_read_is_a_concern(tmp_path: Path, nicepay: Nicepay, mode: int, told: int) -> None:
    """A password in a settings file that others can use is told with the command that mends it, and not repeated."""
    file = write_settings(tmp_path, nicepay, extra='[state]\nurl = "redis://:RECOGNISEME@localhost/0"')
    file.chmod(mode)
    found = _of(file)
    advice = f"state.url: it contains a password, and other users can access the settings file; run: chmod 600 {file}"
    assert found == [SettingWarning("state.password_is_readable", advice, {"file": str(file)})] * told


def test_a_password_of_the_environment_is_no_concern(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that the file does not hold makes no difference to who may read the file."""
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", "redis://:RECOGNISEME@localhost/0")
    assert _of(settings_file) == []


@pytest.mark.parametrize("written", ['url = "redis://[:password@h"', "url = 5"])
def test_a_url_that_a_variable_replaces_may_be_none(
    tmp_path: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    """What the file has in place of a URL is of no concern where a variable gives the URL."""
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", "memory://")
    assert _of(write_settings(tmp_path, nicepay, extra=f"[state]\n{written}")) == []


def test_a_settings_file_that_has_gone_is_no_concern(tmp_path: Path, nicepay: Nicepay) -> None:
    """A settings file that is taken away after it was read is passed over."""
    file = write_settings(tmp_path, nicepay, extra='[state]\nurl = "redis://:RECOGNISEME@localhost/0"')
    settings = Settings.load(file)
    file.unlink()
    assert list(setting_warnings.of_settings(settings, NOW)) == []


@pytest.fixture
def redis(emptied_redis: Callable[[str], RedisServer]) -> RedisServer:
    """A Redis, which writes nothing down."""
    return emptied_redis(REDIS_SERVERS[0])


VOLATILE = SettingWarning(
    "state.not_persistent",
    "state.url: Redis does not write each change to disk, and can lose data when it stops; set appendonly yes",
    {"appendonly": "no", "advised": "yes"},
)


@asynchronous
async def test_a_redis_that_writes_nothing_down_is_a_concern(redis: RedisServer) -> None:
    """A Redis without an append-only file is told, with what to set."""
    assert await setting_warnings.of_state(StateUrl(redis.url)) == [VOLATILE]


@pytest.mark.parametrize(
    ("memory", "policy", "told"),
    [("100mb", "allkeys-lru", 1), ("100mb", "volatile-ttl", 1), ("100mb", "noeviction", 0), ("0", "allkeys-lru", 0)],
)
@asynchronous
async def test_a_redis_that_evicts_is_a_concern(redis: RedisServer, memory: str, policy: str, told: int) -> None:
    """A Redis with a limit of memory and a policy that evicts keys is told, with the policy to set."""
    with Redis.from_url(redis.url) as client:
        before = client.config_get("maxmemory*")
        try:
            client.config_set("maxmemory", memory)
            client.config_set("maxmemory-policy", policy)
            found = await setting_warnings.of_state(StateUrl(redis.url))
        finally:
            client.config_set("maxmemory", before["maxmemory"])
            client.config_set("maxmemory-policy", before["maxmemory-policy"])
    advice = "state.url: Redis can evict keys, and then accepts a replay; set maxmemory-policy noeviction"
    evicts = SettingWarning("state.evicts", advice, {"maxmemory_policy": policy, "advised": "noeviction"})
    assert found == [*([evicts] * told), VOLATILE]


@asynchronous
async def test_a_redis_that_keeps_everything_is_no_concern(redis: RedisServer) -> None:
    """Of a Redis that evicts nothing and has an append-only file there is nothing to say."""
    with Redis.from_url(redis.url) as client:
        client.config_set("appendonly", "yes")
        try:
            assert await setting_warnings.of_state(StateUrl(redis.url)) == []
        finally:
            client.config_set("appendonly", "no")


@pytest.mark.parametrize("url", ["memory://", "sqlite:///state.db", "unix:///nowhere.sock?db=0"])
@asynchronous
async def test_of_other_states_there_is_nothing_to_say(tmp_path: Path, url: str) -> None:
    """Of the other engines, and of a Redis that does not answer, nothing is said."""
    assert await setting_warnings.of_state(StateUrl(url, tmp_path)) == []


def test_a_notification_key_is_looked_at_too(settings_file: Path) -> None:
    """A short notification key and its certificate's end are told with their place, like those of the other keys."""
    short = Nicepay("SHORT", new_key(1024))
    settings_file.with_name("notification.pem").write_bytes(_certificate(short, NOW))
    settings_file.write_text(settings_file.read_text() + '\nnotification_keys = ["notification.pem"]')
    weak, expired = _of(settings_file)
    assert weak.message.startswith("clients[0].notification_keys: a key of 1024 bits is weak")
    assert expired.message.startswith("clients[0].notification_keys[0]: the certificate expired")
    assert (weak.event, expired.event) == ("client.key_is_short", "client.certificate_expired")
