"""`snap-token revoke`."""

import asyncio
import io
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from handlers.cli import main
from handlers.cli.shared_state import change
from handlers.config.settings import Settings
from handlers.snap.token import TokenKeys
from tests.merchant import NOON, write_settings
from tests.nicepay import Nicepay
from tests.users import SERVER_GROUP, SERVER_USER, acting_as, give_all, open_folder, owner

FOREVER = timedelta(days=1)


@pytest.fixture
def settings_file(tmp_path: Path, nicepay: Nicepay) -> Path:
    """Settings with a state store that other processes share."""
    return write_settings(tmp_path, nicepay, extra='[state]\nurl = "sqlite:///state.db"')


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server runs, so the command does not wait."""
    monkeypatch.setattr(change, "PROPAGATION_SECONDS", 0)


def _revoke(settings_file: Path, *options: str, now: datetime = NOON) -> int:
    with time_machine.travel(now, tick=False):
        return main(["revoke", "--config", str(settings_file), *options])


def _revocations(settings_file: Path, now: datetime = NOON) -> Mapping[str, datetime]:
    """The revocations that every instance with this state store reads."""

    async def asked() -> Mapping[str, datetime]:
        state = Settings.load(settings_file).state.url.open()
        try:
            return await state.revocations(now)
        finally:
            await state.close()

    return asyncio.run(asked())


def _keys(settings_file: Path) -> TokenKeys:
    return TokenKeys(Settings.load(settings_file).token.keys)


def test_a_client_s_tokens_are_revoked(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All tokens that a client has until now are revoked, until the last of them has expired."""
    assert _revoke(settings_file, "--client", "IONPAYTEST") == 0
    assert capsys.readouterr() == ("revoked client:IONPAYTEST\n", "")
    remembered = timedelta(seconds=1_020)
    for now in (NOON, NOON + remembered - timedelta(seconds=1)):
        assert _revocations(settings_file, now) == {"client:IONPAYTEST": NOON}
    assert _revocations(settings_file, NOON + FOREVER) == {}


@pytest.mark.parametrize("spelt", ["{}", "{}\n", " {} \r\n"])
def test_a_token_is_revoked(settings_file: Path, capsys: pytest.CaptureFixture[str], spelt: str) -> None:
    """A token in a file is revoked by its fingerprint. The output has the fingerprint, not the token."""
    keys = _keys(settings_file)
    token = keys.issue("IONPAYTEST", NOON)
    file = settings_file.with_name("token")
    file.write_text(spelt.format(token))
    assert _revoke(settings_file, "--token-file", str(file)) == 0
    subject = f"token:{keys.verify(token, NOON).fingerprint}"
    assert _revocations(settings_file) == {subject: NOON}
    assert capsys.readouterr() == (f"revoked {subject}\n", "")


def test_a_token_is_read_from_standard_input(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token can be read from standard input."""
    keys = _keys(settings_file)
    token = keys.issue("IONPAYTEST", NOON)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{token}\n".encode())))
    assert _revoke(settings_file, "--token-file", "-") == 0
    assert _revocations(settings_file) == {f"token:{keys.verify(token, NOON).fingerprint}": NOON}


@pytest.mark.parametrize(
    ("token", "later", "reason"),
    [("", 0, "token.tampered"), ("RECOGNISEME", 0, "token.tampered"), (None, 900, "token.expired")],
    ids=["empty", "not ours", "expired"],
)
def test_an_invalid_token_is_not_revoked(
    settings_file: Path, capsys: pytest.CaptureFixture[str], token: str | None, later: int, reason: str
) -> None:
    """A token that is not valid is an error of one line that does not repeat it. The exit status is 1."""
    file = settings_file.with_name("token")
    file.write_text(_keys(settings_file).issue("IONPAYTEST", NOON) if token is None else token)
    assert _revoke(settings_file, "--token-file", str(file), now=NOON + timedelta(seconds=later)) == 1
    assert capsys.readouterr() == ("", f"snap-token: there is nothing to revoke: {reason}\n")
    assert _revocations(settings_file) == {}


def test_the_lifetime_of_the_settings_counts(settings_file: Path) -> None:
    """A token that has expired by the lifetime in the settings is not revoked."""
    settings_file.write_text(settings_file.read_text().replace("[token]", "[token]\nlifetime_seconds = 601"))
    file = settings_file.with_name("token")
    file.write_text(_keys(settings_file).issue("IONPAYTEST", NOON))
    assert _revoke(settings_file, "--token-file", str(file), now=NOON + timedelta(seconds=602)) == 1
    assert _revoke(settings_file, "--token-file", str(file), now=NOON + timedelta(seconds=600)) == 0


@pytest.mark.parametrize(
    "options",
    [[], ["--client", "IONPAYTEST", "--token-file", "x"], ["--client", ""]],
    ids=["neither", "both", "an empty client"],
)
def test_exactly_one_of_client_and_token_is_named(
    settings_file: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    """Exactly one of client and token must be named. Otherwise the exit status is 2."""
    assert _revoke(settings_file, *options) == 2
    assert capsys.readouterr() == ("", "snap-token: name the tokens with one of --client and --token-file\n")


def test_an_unknown_client_is_not_revoked(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown client ID is an error that lists the known IDs. The exit status is 2."""
    assert _revoke(settings_file, "--client", "X") == 2
    assert capsys.readouterr() == ("", f"snap-token: {settings_file} has no client X; it has IONPAYTEST\n")


def test_a_missing_token_file_is_an_error(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A token file that cannot be read is an error of one line. The exit status is 2."""
    file = settings_file.with_name("nothing")
    assert _revoke(settings_file, "--token-file", str(file)) == 2
    assert capsys.readouterr() == ("", f"snap-token: {file} cannot be read: No such file or directory\n")


def test_state_in_memory_cannot_be_changed(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the state is in the memory of the server, the command cannot change it, and says so. The status is 2."""
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", "memory://")
    assert _revoke(settings_file, "--client", "IONPAYTEST") == 2
    expected = "state.url is memory://, which only the server can change; use POST /revoke of the server"
    assert capsys.readouterr() == ("", f"snap-token: {expected}\n")


def test_a_state_store_that_is_down_is_an_error(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the state store does not answer, nothing is revoked, and one line says why. The exit status is 2."""
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", "redis://:RECOGNISEME@127.0.0.1:1/0")
    assert _revoke(settings_file, "--client", "IONPAYTEST") == 2
    out, err = capsys.readouterr()
    expected = "snap-token: nothing is revoked: the state store of state.url does not answer: "
    assert (out, err.count("\n"), err.startswith(expected)) == ("", 1, True)
    assert "RECOGNISEME" not in err


def test_mistakes_in_the_settings_are_errors(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each mistake in the settings is one line. The exit status is 2."""
    settings_file.write_text("x = 1\n" + settings_file.read_text())
    assert _revoke(settings_file, "--client", "IONPAYTEST") == 2
    assert capsys.readouterr() == ("", f"snap-token: {settings_file}: x: there is no such key\n")


def test_a_state_file_that_root_creates_belongs_to_the_server(nicepay: Nicepay) -> None:
    """If root revokes before the first start, the server's user can use the file that is created."""
    with open_folder(SERVER_USER, SERVER_GROUP) as folder:
        settings = write_settings(folder, nicepay, extra='[state]\nurl = "sqlite:///state.db"')
        give_all(folder, SERVER_USER, SERVER_GROUP)
        assert _revoke(settings, "--client", "IONPAYTEST") == 0
        assert os.geteuid() == 0
        assert {owner(file) for file in folder.iterdir()} == {(SERVER_USER, SERVER_GROUP)}
        with acting_as(SERVER_USER, SERVER_GROUP):
            assert _revocations(settings) == {"client:IONPAYTEST": NOON}
