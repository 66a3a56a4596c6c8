"""The differences between two versions of the settings."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from handlers.config.changes import changes, tables_that_need_restart
from handlers.config.settings import Settings
from handlers.config.token_key_file import KeyLine
from handlers.config.watched_files import FileStamps, record_files
from handlers.snap.keys import fingerprint
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.tls_pair import TLS, ec_key, write_pair

OLD = Nicepay("OLD")
NEW = Nicepay("NEW")
SERVICES = '[[services]]\npath = "/a"\nservice_code = "24"\n[[services]]\npath = "/b"\nservice_code = "25"\n'
INTERNAL = '[internal]\nsecret_file = "a.secret"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Settings with one client, two services and an internal listener."""
    _secret(tmp_path / "a.secret", "a-secret-of-the-proxy\n")
    return write_settings(tmp_path, OLD, extra=f"{SERVICES}{INTERNAL}")


def _secret(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o600)


def _read(file: Path) -> tuple[Settings, FileStamps]:
    with record_files() as files:
        return Settings.load(file), files


def _edit(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text().replace(old, new))


def _name(nicepay: Nicepay) -> str:
    return fingerprint(nicepay.private_key.public_key())


def _rename(file: Path) -> None:
    (file.parent / "NEW.pem").write_text(NEW.public_pem)
    _edit(file, "OLD", "NEW")


def _second_key(file: Path) -> None:
    (file.parent / "NEW.pem").write_text(NEW.public_pem)
    _edit(file, '["OLD.pem"]', '["NEW.pem", "OLD.pem"]')


def _notification_key(file: Path) -> None:
    (file.parent / "NEW.pem").write_text(NEW.public_pem)
    _edit(file, '["OLD.pem"]', '["OLD.pem"]\nnotification_keys = ["NEW.pem"]')


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        pytest.param(lambda _file: None, {}, id="nothing"),
        pytest.param(
            _rename,
            {
                "clients_added": ["NEW"],
                "clients_removed": ["OLD"],
                "keys_added": {"NEW": [_name(NEW)]},
                "keys_removed": {"OLD": [_name(OLD)]},
            },
            id="another client",
        ),
        pytest.param(
            _second_key,
            {"clients_changed": {"OLD": ["public_keys"]}, "keys_added": {"OLD": [_name(NEW)]}},
            id="a second key",
        ),
        pytest.param(
            lambda file: _edit(file, "_seconds = 300", "_seconds = 200\nsuspended = true"),
            {"clients_changed": {"OLD": ["clock_tolerance_seconds", "suspended"]}},
            id="values of a client",
        ),
        pytest.param(
            lambda file: _edit(file, "_seconds = 300", '_seconds = 300\npartner_id = ["A", "B"]\nchannel_id = "95231"'),
            {"clients_changed": {"OLD": ["partner_id", "channel_id"]}},
            id="particulars of a client",
        ),
        pytest.param(
            lambda file: _edit(file, "[token]", "[token]\nlifetime_seconds = 700"),
            {"values_changed": ["token.lifetime_seconds"]},
            id="a value",
        ),
        pytest.param(
            lambda file: _edit(file, "[token]", "[limits]\nclient_requests_per_minute = 7\n[token]"),
            {"values_changed": ["limits.client_requests_per_minute"]},
            id="a limit",
        ),
        pytest.param(
            lambda file: _secret(file.with_name("a.secret"), "another-secret-of-it\na-secret-of-the-proxy\n"),
            {"values_changed": ["internal.secret_file"]},
            id="a secret",
        ),
        pytest.param(
            lambda file: _edit(file, '"/b"\nservice_code = "25"', '"/c"\nservice_code = "26"'),
            {"services_added": ["/c"], "services_removed": ["/b"]},
            id="another service",
        ),
        pytest.param(lambda file: _edit(file, '"25"', '"26"'), {"services_changed": ["/b"]}, id="a service code"),
        pytest.param(
            lambda file: _edit(file, '"25"', '"25"\nforms = ["token", "notification"]'),
            {"services_changed": ["/b"]},
            id="the forms of a service",
        ),
        pytest.param(
            _notification_key,
            {"clients_changed": {"OLD": ["notification_keys"]}, "notification_keys_added": {"OLD": [_name(NEW)]}},
            id="a notification key",
        ),
    ],
)
def test_changes_are_listed_by_name(file: Path, change: Callable[[Path], object], reported: dict[str, object]) -> None:
    """The log fields name clients and services by name, keys by fingerprint, values by path, and never secrets."""
    before, _ = _read(file)
    change(file)
    after, _ = _read(file)
    assert changes(before, after) == reported


def test_token_keys_are_listed_by_fingerprint(file: Path) -> None:
    """An added and a removed token key are listed by the fingerprints that `snap-token keys list` shows."""
    before, _ = _read(file)
    key = Fernet.generate_key()
    file.with_name("token.keys").write_bytes(key)
    after, _ = _read(file)
    assert changes(before, after) == {
        "token_keys_added": [KeyLine(key).fingerprint],
        "token_keys_removed": before.token.fingerprints,
        "values_changed": ["token.keys_file"],
    }


def _unread(file: Path, change: Callable[[Path], object]) -> list[str]:
    started = _read(file)
    change(file)
    return tables_that_need_restart(*started, *_read(file))


@pytest.mark.parametrize(
    ("change", "tables"),
    [
        (lambda _file: None, []),
        (lambda file: _edit(file, "[token]", "[server]\nport = 1\n[token]"), ["server"]),
        (lambda file: _edit(file, "memory://", "sqlite:///state.db"), ["state"]),
        (lambda file: _edit(file, INTERNAL, ""), ["internal"]),
        (lambda file: _edit(file, INTERNAL, f"{INTERNAL}port = 1\n"), ["internal"]),
        (lambda file: _edit(file, INTERNAL, "[internal]\n"), []),
        (lambda file: _secret(file.with_name("a.secret"), "another-secret-of-it"), []),
        (lambda file: _edit(file, "[token]", "[debug]\nexplain = false\n[token]"), ["debug"]),
        (lambda file: _edit(file, "[token]", "[sandbox]\nprivate_key_file = 'another.pem'\n[token]"), ["sandbox"]),
    ],
)
def test_tables_that_need_a_restart_are_listed(file: Path, change: Callable[[Path], object], tables: list[str]) -> None:
    """A table that the server reads only at start is listed if it changed. Secrets do not need a restart."""
    assert _unread(file, change) == tables


def test_a_new_sandbox_key_needs_a_restart(file: Path) -> None:
    """The sandbox table is listed if the content of its key file changed, because the server reads it only at start."""
    _secret(file.with_name("nicepay-private.pem"), OLD.private_pem)
    _edit(file, "[token]", "[sandbox]\nenabled = true\n[token]")
    assert _unread(file, lambda file: file.with_name("nicepay-private.pem").touch()) == []
    assert _unread(file, lambda file: _secret(file.with_name("nicepay-private.pem"), NEW.private_pem)) == ["sandbox"]


@pytest.fixture
def with_tls(tmp_path: Path) -> Path:
    """Settings whose listeners have TLS."""
    write_pair(tmp_path)
    _secret(tmp_path / "a.secret", "a-secret-of-the-proxy\n")
    return write_settings(tmp_path, OLD, extra=f"[server]\n{TLS}{INTERNAL}{TLS}")


def test_a_new_certificate_needs_no_restart(with_tls: Path) -> None:
    """The log names the keys of both listeners that changed."""
    before, files = _read(with_tls)
    write_pair(with_tls.parent, ec_key())
    after, files_after = _read(with_tls)
    keys = ("tls_certificate_file", "tls_key_file")
    assert changes(before, after) == {
        "values_changed": [f"{name}.{key}" for name in ("server", "internal") for key in keys]
    }
    assert tables_that_need_restart(before, files, after, files_after) == []


def test_tls_needs_a_restart_to_begin_or_to_end(with_tls: Path) -> None:
    """A listener whose certificate is removed, and one that gets its first, are as before until the next start."""
    before, files = _read(with_tls)
    with_tls.write_text(with_tls.read_text().replace(TLS, "", 1))
    after, files_after = _read(with_tls)
    assert changes(before, after) == {}
    assert tables_that_need_restart(before, files, after, files_after) == ["server"]
    assert tables_that_need_restart(after, files_after, before, files) == ["server"]
