"""Token keys end on a running server: a retired one by its time, leaked ones at once."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from cryptography.fernet import Fernet

from handlers.cli.files.atomic_write import replace
from tests.e2e.conftest import COMMAND
from tests.e2e.instances import TABLES, Instance, Payments, TokenKeys, instances, signed_now
from tests.e2e.process import PATIENCE, run
from tests.merchant import write_settings
from tests.nicepay import CLIENT_KEY, Nicepay

LIFETIME_AND_CLOCKS_APART = timedelta(seconds=601 + 60)


@pytest.fixture
def settings(tmp_path: Path, nicepay: Nicepay) -> Path:
    """Settings with a shorter lifetime, and one token key."""
    file = write_settings(tmp_path, nicepay, extra=TABLES)
    file.write_text(file.read_text().replace("[token]", "[token]\nlifetime_seconds = 601"))
    return file


@pytest.fixture
def served(settings: Path) -> Iterator[Instance]:
    """A process that serves them."""
    with instances(settings) as (served,):
        yield served


def _is_active(served: Instance, token: str) -> bool:
    """At a connection of its own: commands take a while, and idle ones are closed."""
    with served.internal() as internal:
        active: bool = internal.introspect(token).content["active"]
    return active


def _token(served: Instance, nicepay: Nicepay) -> str:
    with served.public() as public:
        return public.ask(signed_now(nicepay)).token


def _minted(key: str) -> str:
    """A token of now, by whoever has the key."""
    return Fernet(key).encrypt(CLIENT_KEY.encode()).decode()


def _with_retired(settings: Path, key: str, at: datetime) -> None:
    keys = settings.with_name("token.keys")
    minting = keys.read_text().splitlines()[0]
    replace(keys, f"{minting}\n{key}  # retired {at.strftime('%Y-%m-%dT%H:%M:%SZ')}\n")


def test_a_retired_key_ends_without_anybody_s_doing(served: Instance, settings: Path) -> None:
    """A retired key opens until the lifetime and a minute are over; then it opens nothing, and no file is read anew."""
    retired = Fernet.generate_key().decode()
    _with_retired(settings, retired, datetime.now(UTC))
    served.process.err.event("settings.read")
    assert _is_active(served, _minted(retired))
    _with_retired(settings, retired, datetime.now(UTC) - LIFETIME_AND_CLOCKS_APART + timedelta(seconds=4))
    served.process.err.event("settings.read")
    start = monotonic()
    while _is_active(served, _minted(retired)):
        assert monotonic() - start < PATIENCE


def test_a_comment_that_is_no_time_is_told(served: Instance, settings: Path) -> None:
    """A retirement without a readable time is one line in the log, and what was read before stays in force."""
    retired = Fernet.generate_key().decode()
    keys = settings.with_name("token.keys")
    replace(keys, f"{keys.read_text()}{retired}  # retired yesterday\n")
    (mistake,) = served.process.err.event("settings.refused")["mistakes"]
    assert re.search(r"key [0-9a-f]{8}: its comment begins with retired, so a time such as", mistake)
    assert not _is_active(served, _minted(retired))
    checked = run(COMMAND, "serve", "--check", "--config", settings)
    assert (checked.returncode, checked.stdout, checked.stderr.count("\n")) == (2, "", 1)


def test_leaked_keys_open_nothing(served: Instance, settings: Path, nicepay: Nicepay) -> None:
    """Once `keys rotate --now` is read, tokens of the old keys are dead, whoever made them, and new ones are good."""
    keys = settings.with_name("token.keys")
    leaked = keys.read_text().strip()
    assert run(COMMAND, "keys", "rotate", "--config", settings).returncode == 0
    served.process.err.event("settings.read")
    published = keys.read_text().splitlines()[1].partition(" ")[0]
    token = _token(served, nicepay)
    assert all(_is_active(served, each) for each in (token, _minted(leaked), _minted(published)))
    done = run(COMMAND, "keys", "rotate", "--now", "--config", settings)
    assert (done.returncode, done.stderr, done.stdout.count("dropped")) == (0, "", 2)
    served.process.err.event("settings.read")
    assert not any(_is_active(served, each) for each in (token, _minted(leaked), _minted(published)))
    new = _token(served, nicepay)
    with served.internal() as internal:
        assert internal.authorise(Payments(nicepay, token).call("ordNo1")).code == "4019001"
        assert internal.authorise(Payments(nicepay, new).call("ordNo1")).status == 200
    assert TokenKeys(keys).issued_at(new)


def test_a_host_without_the_file_knows_no_new_token(
    served: Instance, settings: Path, nicepay: Nicepay, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Until the file of new keys is copied to it, another host refuses their tokens; from then on it takes them."""
    keys = settings.with_name("token.keys")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    other = write_settings(elsewhere, nicepay, extra=TABLES)
    replace(other.with_name("token.keys"), keys.read_text())
    with instances(other) as (there,):
        assert run(COMMAND, "keys", "rotate", "--now", "--config", settings).returncode == 0
        served.process.err.event("settings.read")
        token = _token(served, nicepay)
        assert _is_active(served, token)
        assert not _is_active(there, token)
        replace(other.with_name("token.keys"), keys.read_text())
        there.process.err.event("settings.read")
        assert _is_active(there, token)
