"""The end of token keys on a running server: a retired key expires, and leaked keys are dropped at once."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from cryptography.fernet import Fernet

from handlers.cli.files.atomic_write import replace
from tests.e2e.instances import TABLES, Instance, Payments, TokenKeys, instances, signed_now
from tests.e2e.process import COMMAND, PATIENCE, run
from tests.merchant import write_settings
from tests.nicepay import CLIENT_KEY, Nicepay

RETIRED_KEY_LASTS = timedelta(seconds=601 + 60)
"""The lifetime of a token in these settings, and a minute for clock skew between hosts."""


@pytest.fixture
def settings(tmp_path: Path, nicepay: Nicepay) -> Path:
    """Settings with a short token lifetime and one token key."""
    file = write_settings(tmp_path, nicepay, extra=TABLES)
    file.write_text(file.read_text().replace("[token]", "[token]\nlifetime_seconds = 601"))
    return file


@pytest.fixture
def served(settings: Path) -> Iterator[Instance]:
    """A process that serves these settings."""
    with instances(settings) as (served,):
        yield served


def _minted(key: str) -> str:
    """A token that is minted now with this key."""
    return Fernet(key).encrypt(CLIENT_KEY.encode()).decode()


def _add_retired_key(settings: Path, key: str, at: datetime) -> None:
    keys = settings.with_name("token.keys")
    minting = keys.read_text().splitlines()[0]
    replace(keys, f"{minting}\n{key}  # retired {at.strftime('%Y-%m-%dT%H:%M:%SZ')}\n")


def test_a_retired_key_expires_by_itself(served: Instance, settings: Path) -> None:
    """A retired key verifies tokens for the token lifetime and a minute, and then stops without a reload."""
    retired = Fernet.generate_key().decode()
    _add_retired_key(settings, retired, datetime.now(UTC))
    served.process.err.event("settings.read")
    assert served.is_active(_minted(retired))
    _add_retired_key(settings, retired, datetime.now(UTC) - RETIRED_KEY_LASTS + timedelta(seconds=4))
    served.process.err.event("settings.read")
    start = monotonic()
    while served.is_active(_minted(retired)):
        assert monotonic() - start < PATIENCE


def test_a_malformed_retirement_time_is_refused(served: Instance, settings: Path) -> None:
    """A key file with a malformed retirement time is refused with a log line, and the former keys stay in force."""
    retired = Fernet.generate_key().decode()
    keys = settings.with_name("token.keys")
    replace(keys, f"{keys.read_text()}{retired}  # retired yesterday\n")
    (mistake,) = served.process.err.event("settings.refused")["mistakes"]
    assert re.search(r"key [0-9a-f]{8}: its comment must be only 'retired' and a time, such as", mistake)
    assert not served.is_active(_minted(retired))
    checked = run(COMMAND, "serve", "--check", "--config", settings)
    assert (checked.returncode, checked.stdout, checked.stderr.count("\n")) == (2, "", 1)


def test_leaked_keys_end_at_once(served: Instance, settings: Path, nicepay: Nicepay) -> None:
    """After `keys rotate --now`, tokens of all old keys are refused and tokens of the new key are valid."""
    keys = settings.with_name("token.keys")
    leaked = keys.read_text().strip()
    assert run(COMMAND, "keys", "rotate", "--config", settings).returncode == 0
    served.process.err.event("settings.read")
    published = keys.read_text().splitlines()[1].partition(" ")[0]
    token = served.ask(signed_now(nicepay)).token
    assert all(served.is_active(each) for each in (token, _minted(leaked), _minted(published)))
    done = run(COMMAND, "keys", "rotate", "--now", "--config", settings)
    assert (done.returncode, done.stderr, done.stdout.count("dropped")) == (0, "", 2)
    served.process.err.event("settings.read")
    assert not any(served.is_active(each) for each in (token, _minted(leaked), _minted(published)))
    new = served.ask(signed_now(nicepay)).token
    assert served.authorise(Payments(nicepay, token).call("ordNo1")).code == "4019001"
    assert served.authorise(Payments(nicepay, new).call("ordNo1")).status == 200
    assert TokenKeys(keys).issued_at(new)


def test_a_host_needs_the_new_key_file_for_new_tokens(
    served: Instance, settings: Path, nicepay: Nicepay, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Another host refuses tokens of a new key until the key file is copied to it."""
    keys = settings.with_name("token.keys")
    other = write_settings(tmp_path_factory.mktemp("other"), nicepay, extra=TABLES)
    replace(other.with_name("token.keys"), keys.read_text())
    with instances(other) as (other_host,):
        assert run(COMMAND, "keys", "rotate", "--now", "--config", settings).returncode == 0
        served.process.err.event("settings.read")
        token = served.ask(signed_now(nicepay)).token
        assert served.is_active(token)
        assert not other_host.is_active(token)
        replace(other.with_name("token.keys"), keys.read_text())
        other_host.process.err.event("settings.read")
        assert other_host.is_active(token)
