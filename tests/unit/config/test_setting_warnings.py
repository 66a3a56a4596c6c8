"""Warnings about settings that are valid but risky."""

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
from handlers.config.setting_warning import SettingWarning
from handlers.config.settings import Settings
from handlers.state.opening import StateUrl
from tests.engines import REDIS_SERVERS, RedisServer, asynchronous, redis_server
from tests.merchant import NOON, write_settings
from tests.nicepay import Nicepay, new_key
from tests.postgresql_server import PostgresqlServer

DAY = timedelta(days=1)
NOW = NOON.replace(microsecond=0)


def _of(settings_file: Path) -> list[SettingWarning]:
    return list(setting_warnings.of_settings(Settings.load(settings_file), NOW))


def _certificate(nicepay: Nicepay, end: datetime, encoding: Encoding = Encoding.PEM) -> bytes:
    name = Name([NameAttribute(NameOID.COMMON_NAME, "NICEPAY")])
    key = nicepay.private_key
    builder = CertificateBuilder(name, name, key.public_key(), 1, end - 365 * DAY, end)
    return builder.sign(key, SHA256()).public_bytes(encoding)


def test_good_settings_have_no_warnings(settings_file: Path) -> None:
    """Settings without a risk cause no warning."""
    assert _of(settings_file) == []


def test_a_misspelt_variable_is_warned_of(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that resembles one of ours sets nothing. The warning has the right name."""
    monkeypatch.setenv("SNAP_TOKEN_SERVER_PORT", "80")
    (found,) = _of(settings_file)
    said = "this environment variable sets nothing; did you mean SNAP_TOKEN__SERVER__PORT?"
    assert (found.event, found.message) == ("settings.variable_ignored", f"SNAP_TOKEN_SERVER_PORT: {said}")
    assert found.log_fields == {"variable": "SNAP_TOKEN_SERVER_PORT", "meant": "SNAP_TOKEN__SERVER__PORT"}


def test_a_short_key_is_warned_of(tmp_path: Path, nicepay: Nicepay) -> None:
    """The warning about a key of less than 2048 bits names the client, the size and the recommended size."""
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
def test_a_certificate_near_its_end_is_warned_of(
    settings_file: Path, nicepay: Nicepay, left: timedelta, word: str, *, inline: bool
) -> None:
    """The warning about a certificate that ended or ends within 30 days names client, key and date."""
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


def test_a_certificate_with_time_left_has_no_warning(settings_file: Path, nicepay: Nicepay) -> None:
    """A certificate that ends after more than 30 days causes no warning."""
    settings_file.with_name("IONPAYTEST.pem").write_bytes(_certificate(nicepay, NOW + 30 * DAY + timedelta(seconds=1)))
    assert _of(settings_file) == []


@pytest.mark.parametrize(
    ("server", "internal", "warned"),
    [
        ("", "", True),
        ('host = "::1"', "", True),
        ('host = "192.0.2.1"', "", False),
        ('host = "192.0.2.1"', "[internal]", True),
        ('trusted_proxies = ["127.0.0.1"]', "[internal]", False),
    ],
)
def test_networks_without_trusted_proxies_are_warned_of(
    tmp_path: Path, nicepay: Nicepay, server: str, internal: str, *, warned: bool
) -> None:
    """The warning comes if callers come through a proxy, on loopback or to the internal listener."""
    file = write_settings(tmp_path, nicepay, extra=f"[server]\n{server}\n{internal}")
    assert _of(file) == []
    file.write_text(f'{file.read_text()}\nallowed_networks = ["203.0.113.0/24"]')
    advice = "server.trusted_proxies is empty; list the addresses of your proxies"
    message = f"clients: {nicepay.client_key} has allowed_networks, but {advice}"
    expected = SettingWarning("client.addresses_are_unknown", message, {"client_keys": [nicepay.client_key]})
    assert _of(file) == [expected] * warned


SERVICE = '[[services]]\npath = "/a"\nservice_code = "24"\n'
NOTIFIED = 'forms = ["token", "notification"]\n'
KEYS = '[[clients]]\nid = "B"\npublic_keys = ["IONPAYTEST.pem"]\nnotification_keys = ["notification.pem"]\n'


@pytest.mark.parametrize(
    ("tables", "warnings"),
    [
        (SERVICE, []),
        (SERVICE + NOTIFIED + KEYS, []),
        (
            SERVICE + NOTIFIED,
            [
                SettingWarning(
                    "service.refuses_all_notifications",
                    'services: /a accepts "notification", but no client has notification_keys; add them',
                    {"paths": ["/a"]},
                )
            ],
        ),
        (
            SERVICE + KEYS,
            [
                SettingWarning(
                    "client.notification_keys_unused",
                    'clients: B has notification_keys, but no service has "notification" in forms; add it',
                    {"client_keys": ["B"]},
                )
            ],
        ),
    ],
)
def test_notifications_need_a_service_and_keys(
    settings_file: Path, stranger: Nicepay, tables: str, warnings: list[SettingWarning]
) -> None:
    """A warning names the half that is missing: a service without keys, or keys without a service."""
    settings_file.with_name("notification.pem").write_text(stranger.public_pem)
    settings_file.write_text(f"{settings_file.read_text()}\n{tables}")
    assert _of(settings_file) == warnings


def _write_secret(settings_file: Path, name: str) -> None:
    secret = settings_file.with_name(f"{name}.secret")
    secret.write_text(f"a secret of the tests, number {name}")
    secret.chmod(0o600)


SIGNED = 'signed_path = "/qr"\n'
BODY_SIGNED = 'forms = ["body-signed"]\n'
A = SERVICE + BODY_SIGNED
QR = A.replace('"/a"', '"/qr"')
B = A.replace('"/a"', '"/b"')
SHARED = "another service has this path in its string to sign; a call to one of them is also valid for the other"


@pytest.mark.parametrize(
    ("tables", "shared"),
    [
        (A + SIGNED, []),
        (A + SIGNED + B, []),
        (A + SIGNED + QR, [0]),
        (A + SIGNED + QR + SIGNED.replace("/qr", "/c"), []),
        (A + SIGNED + B + SIGNED, [0, 1]),
    ],
)
def test_a_path_that_two_services_sign_is_warned_of(settings_file: Path, tables: str, shared: list[int]) -> None:
    """The warning names each service whose signed path is in the string to sign of another service."""
    settings_file.write_text(f"{settings_file.read_text()}\n{tables}")
    found = _of(settings_file)
    assert [each.message for each in found] == [f"services[{number}].signed_path: {SHARED}" for number in shared]
    assert {each.event for each in found} <= {"service.signed_path_shared"}
    assert [each.log_fields["path"] for each in found] == [("/a", "/b")[number] for number in shared]


@pytest.mark.parametrize(
    ("service", "client", "unused"),
    [
        (SERVICE, "", 1),
        (SERVICE + NOTIFIED, KEYS, 1),
        (A, "", 0),
        (SERVICE, 'call_signature = "symmetric"\nclient_secret_file = "one.secret"\n', 0),
    ],
)
def test_a_signed_path_that_nobody_signs_is_warned_of(
    settings_file: Path, stranger: Nicepay, service: str, client: str, unused: int
) -> None:
    """With a token, only the symmetric signature covers the path. A signed path without effect is a warning."""
    settings_file.with_name("notification.pem").write_text(stranger.public_pem)
    _write_secret(settings_file, "one")
    settings_file.write_text(f"{settings_file.read_text()}\n{client}{service}{SIGNED}")
    advice = 'it needs "body-signed" in forms, or a client with call_signature = "symmetric"'
    message = f"services[0].signed_path: no signature of a call to /a covers a path; {advice}"
    log_fields = {"path": "/a", "signed_path": "/qr"}
    assert _of(settings_file) == [SettingWarning("service.signed_path_unused", message, log_fields)] * unused


@pytest.mark.parametrize(
    ("path", "signed", "unused"),
    [("/m/a", "", 0), ("/m", "", 1), ("/ma", "", 1), ("/a/m", "", 1), ("/m/a", SIGNED, 1)],
)
def test_a_prefix_of_no_path_is_warned_of(settings_file: Path, path: str, signed: str, unused: int) -> None:
    """The warning about a prefix that no signed path has names the client and the prefix."""
    service = f'[[services]]\npath = "{path}"\nservice_code = "24"\nforms = ["body-signed"]\n{signed}'
    settings_file.write_text(f'{settings_file.read_text()}\npath_prefix_not_signed = "/m"\n{service}')
    message = "clients[0].path_prefix_not_signed: no path of a service begins with /m/; correct one of the two"
    log_fields = {"client_key": "IONPAYTEST", "prefix": "/m"}
    assert _of(settings_file) == [SettingWarning("client.path_prefix_unused", message, log_fields)] * unused


@pytest.mark.parametrize(
    ("paths", "shared"),
    [
        (["/m/a", "/b"], []),
        (["/m/a", "/a"], ["/m/a", "/a"]),
        (["/m/m/a", "/m/a"], []),
        (["/m/m/a", "/m/a", "/a"], ["/m/a", "/a"]),
        (["/m/qr", "/a"], ["/m/qr", "/a"]),
    ],
)
def test_a_prefix_that_makes_two_paths_the_same_is_warned_of(
    settings_file: Path, paths: list[str], shared: list[str]
) -> None:
    """The warning names the services for which the client signs the same path. `/a` is fixed as `/qr` in the last."""
    fixed = SIGNED if "/m/qr" in paths else ""
    services = "".join(A.replace("/a", path) + (fixed if path == "/a" else "") for path in paths)
    settings_file.write_text(f'{settings_file.read_text()}\npath_prefix_not_signed = "/m"\n{services}')
    advice = f"a call to one of {', '.join(shared)} is also valid for another"
    message = f"clients[0].path_prefix_not_signed: services have the same path without it; {advice}"
    log_fields = {"client_key": "IONPAYTEST", "prefix": "/m", "paths": shared}
    expected = [SettingWarning("client.path_prefix_shared", message, log_fields)] if shared else []
    assert _of(settings_file) == expected


SAME_KEY = '[[clients]]\nid = "B"\npublic_keys = ["IONPAYTEST.pem"]\n'
SLOT = 'call_signature = "symmetric"\nempty_token_slot = true\nclient_secret_file = "{}.secret"\n'


@pytest.mark.parametrize(
    ("form", "clients", "shared"),
    [
        ("body-signed", SAME_KEY, ["IONPAYTEST", "B"]),
        ("body-signed", SAME_KEY.replace("IONPAYTEST", "stranger"), []),
        ("token", SAME_KEY, []),
        ("body-signed", SAME_KEY + SLOT.format("one"), []),
        (
            "body-signed",
            SAME_KEY + SLOT.format("one") + SAME_KEY.replace('"B"', '"C"') + SLOT.format("one"),
            ["B", "C"],
        ),
        ("body-signed", SAME_KEY + SLOT.format("one") + SAME_KEY.replace('"B"', '"C"') + SLOT.format("two"), []),
    ],
)
def test_clients_that_share_what_verifies_their_calls_are_warned_of(
    settings_file: Path, stranger: Nicepay, form: str, clients: str, shared: list[str]
) -> None:
    """No signature covers X-PARTNER-ID, so the warning names two clients whose body-signed calls one key verifies."""
    settings_file.with_name("stranger.pem").write_text(stranger.public_pem)
    for name in ("one", "two"):
        _write_secret(settings_file, name)
    settings_file.write_text(f'{settings_file.read_text()}\n{SERVICE}forms = ["{form}"]\n{clients}')
    found = _of(settings_file)
    assert [each.log_fields["client_keys"] for each in found] == [shared] * bool(shared)
    assert {each.event for each in found} <= {"client.signer_shared"}


def test_a_deleted_key_file_has_no_warning(settings_file: Path, nicepay: Nicepay) -> None:
    """A key file that was deleted after reading causes no warning. The next reading of the settings reports it."""
    file = settings_file.with_name("IONPAYTEST.pem")
    file.write_bytes(_certificate(nicepay, NOW))
    settings = Settings.load(settings_file)
    file.unlink()
    assert list(setting_warnings.of_settings(settings, NOW)) == []


@pytest.mark.parametrize("url", ["redis://:RECOGNISEME@localhost/0", "postgresql://u:RECOGNISEME@h,[::1]/db"])
@pytest.mark.parametrize(("mode", "reported"), [(0o600, 0), (0o640, 1), (0o604, 1), (0o644, 1)], ids=str)
def test_a_readable_password_is_warned_of(tmp_path: Path, nicepay: Nicepay, url: str, mode: int, reported: int) -> None:
    """The warning about a readable password gives the command that corrects it, and not the password."""
    file = write_settings(tmp_path, nicepay, extra=f'[state]\nurl = "{url}"')
    file.chmod(mode)
    found = _of(file)
    advice = f"other users can access {file}; run: chmod 600 {file}"
    message = f"state.url: the settings file contains its password, and {advice}"
    assert found == [SettingWarning("state.password_is_readable", message, {"file": str(file)})] * reported


def test_a_password_in_a_variable_has_no_warning(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password in the environment causes no warning, because the settings file does not contain it."""
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", "redis://:RECOGNISEME@localhost/0")
    assert _of(settings_file) == []


@pytest.mark.parametrize("written", ['url = "redis://[h"', "url = 5"])
def test_a_replaced_url_may_be_invalid(
    tmp_path: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    """If a variable gives the URL, an invalid URL in the file causes no warning."""
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", "memory://")
    assert _of(write_settings(tmp_path, nicepay, extra=f"[state]\n{written}")) == []


def test_a_deleted_settings_file_has_no_warning(tmp_path: Path, nicepay: Nicepay) -> None:
    """A settings file that was deleted after reading causes no warning."""
    file = write_settings(tmp_path, nicepay, extra='[state]\nurl = "redis://:RECOGNISEME@localhost/0"')
    settings = Settings.load(file)
    file.unlink()
    assert list(setting_warnings.of_settings(settings, NOW)) == []


@pytest.fixture
def redis(emptied_redis: Callable[[str], RedisServer]) -> RedisServer:
    """A Redis that does not save to disk."""
    return emptied_redis(REDIS_SERVERS[0])


VOLATILE = SettingWarning(
    "state.not_persistent",
    "state.url: Redis does not write each change to disk, and can lose data when it stops; set appendonly yes",
    {"appendonly": "no", "advised": "yes"},
)


@asynchronous
async def test_a_redis_without_append_only_file_is_warned_of(redis: RedisServer) -> None:
    """The warning about a Redis without an append-only file says what to set."""
    assert await setting_warnings.of_state(StateUrl(redis.url)) == [VOLATILE]


@pytest.mark.parametrize(
    ("memory", "policy", "reported"),
    [("100mb", "allkeys-lru", 1), ("100mb", "volatile-ttl", 1), ("100mb", "noeviction", 0), ("0", "allkeys-lru", 0)],
)
@asynchronous
async def test_a_redis_that_evicts_is_warned_of(redis: RedisServer, memory: str, policy: str, reported: int) -> None:
    """The warning about a Redis with a memory limit and an eviction policy says which policy to set."""
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
    assert found == [*([evicts] * reported), VOLATILE]


@asynchronous
async def test_a_redis_that_does_not_flush_is_warned_of(redis: RedisServer) -> None:
    """The warning about a Redis that never flushes its append-only file says which policy to set."""
    with Redis.from_url(redis.url) as client:
        client.config_set("appendonly", "yes")
        client.config_set("appendfsync", "no")
        try:
            (warning,) = await setting_warnings.of_state(StateUrl(redis.url))
        finally:
            client.config_set("appendfsync", "everysec")
            client.config_set("appendonly", "no")
    assert (warning.event, warning.message.partition("; ")[2]) == (
        "state.not_persistent",
        "set appendfsync everysec, or always",
    )


@asynchronous
async def test_a_redis_cluster_is_warned_of() -> None:
    """The warning about a Redis in cluster mode says what is supported in its place."""
    with redis_server(REDIS_SERVERS[0], "--cluster-enabled", "yes") as cluster:
        warning, volatile = await setting_warnings.of_state(StateUrl(cluster.url))
    assert (warning.event, volatile) == ("state.is_cluster", VOLATILE)
    assert warning.message.endswith("; use Redis Sentinel")


@asynchronous
async def test_a_safe_redis_has_no_warning(redis: RedisServer) -> None:
    """A Redis that evicts nothing and has an append-only file causes no warning."""
    with Redis.from_url(redis.url) as client:
        client.config_set("appendonly", "yes")
        try:
            assert await setting_warnings.of_state(StateUrl(redis.url)) == []
        finally:
            client.config_set("appendonly", "no")


@asynchronous
async def test_a_postgresql_that_does_not_flush_is_warned_of(
    emptied_postgresql: Callable[[], PostgresqlServer],
) -> None:
    """The warning about a PostgreSQL that loses data when the power fails names the setting."""
    server = emptied_postgresql()
    (found,) = await setting_warnings.of_state(StateUrl(server.url))
    cause = "PostgreSQL can lose its data when the power fails, because fsync is off; set fsync on"
    assert found == SettingWarning("state.not_persistent", f"state.url: {cause}", {"fsync": "off", "advised": "on"})


@pytest.mark.parametrize(
    "url", ["memory://", "sqlite:///state.db", "unix:///nowhere.sock?db=0", "postgresql://127.0.0.1:1/db"]
)
@asynchronous
async def test_other_engines_have_no_warning(tmp_path: Path, url: str) -> None:
    """Other engines, and a Redis or PostgreSQL that does not answer, cause no warning."""
    assert await setting_warnings.of_state(StateUrl(url, tmp_path)) == []


def test_a_notification_key_is_checked_too(settings_file: Path) -> None:
    """Warnings about a short notification key and its certificate name the place in the settings."""
    short = Nicepay("SHORT", new_key(1024))
    settings_file.with_name("notification.pem").write_bytes(_certificate(short, NOW))
    settings_file.write_text(
        settings_file.read_text() + f'\nnotification_keys = ["notification.pem"]\n{SERVICE}{NOTIFIED}'
    )
    weak, expired = _of(settings_file)
    assert weak.message.startswith("clients[0].notification_keys: a key of 1024 bits is weak")
    assert expired.message.startswith("clients[0].notification_keys[0]: the certificate expired")
    assert (weak.event, expired.event) == ("client.key_is_short", "client.certificate_expired")
