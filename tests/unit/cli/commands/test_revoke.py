"""Tokens and clients revoked from the command."""

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
    """Settings with a state that others reach."""
    return write_settings(tmp_path, nicepay, extra='[state]\nurl = "sqlite:///state.db"')


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server is to take anything up."""
    monkeypatch.setattr(change, "PROPAGATION_SECONDS", 0)


def _revoke(settings_file: Path, *options: str, now: datetime = NOON) -> int:
    with time_machine.travel(now, tick=False):
        return main(["revoke", "--config", str(settings_file), *options])


def _revocations(settings_file: Path, now: datetime = NOON) -> Mapping[str, datetime]:
    """What every instance that shares the state of these settings learns."""

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
    """All tokens of a client issued up to now are revoked, for as long as any of them could live."""
    assert _revoke(settings_file, "--client", "IONPAYTEST") == 0
    assert capsys.readouterr() == ("revoked client:IONPAYTEST\n", "")
    remembered = timedelta(seconds=1_020)
    for now in (NOON, NOON + remembered - timedelta(seconds=1)):
        assert _revocations(settings_file, now) == {"client:IONPAYTEST": NOON}
    assert _revocations(settings_file, NOON + FOREVER) == {}


@pytest.mark.parametrize("spelt", ["{}", "{}\n", " {} \r\n"])
def test_a_token_is_revoked(settings_file: Path, capsys: pytest.CaptureFixture[str], spelt: str) -> None:
    """One token, read from a file, is revoked by its fingerprint, which is printed in the token's place."""
    keys = _keys(settings_file)
    token = keys.issue("IONPAYTEST", NOON)
    file = settings_file.with_name("token")
    file.write_text(spelt.format(token))
    assert _revoke(settings_file, "--token-file", str(file)) == 0
    subject = f"token:{keys.verify(token, NOON).fingerprint}"
    assert _revocations(settings_file) == {subject: NOON}
    assert capsys.readouterr() == (f"revoked {subject}\n", "")


def test_a_token_is_read_from_standard_input(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token need not be in a file."""
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
def test_a_token_that_opens_nothing_is_not_revoked(
    settings_file: Path, capsys: pytest.CaptureFixture[str], token: str | None, later: int, reason: str
) -> None:
    """What opens nothing anyway is told in one line that does not repeat it; the status is 1."""
    file = settings_file.with_name("token")
    file.write_text(_keys(settings_file).issue("IONPAYTEST", NOON) if token is None else token)
    assert _revoke(settings_file, "--token-file", str(file), now=NOON + timedelta(seconds=later)) == 1
    assert capsys.readouterr() == ("", f"snap-token: there is nothing to revoke: {reason}\n")
    assert _revocations(settings_file) == {}


def test_a_token_lives_as_long_as_the_settings_say(settings_file: Path) -> None:
    """A token that a shorter lifetime has let expire is not revoked."""
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
def test_one_of_two_is_revoked(settings_file: Path, capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
    """A client or a token is named, and not both; the status is 2."""
    assert _revoke(settings_file, *options) == 2
    assert capsys.readouterr() == ("", "snap-token: name the tokens with one of --client and --token-file\n")


def test_a_client_that_is_not_there_is_not_revoked(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An id that the settings do not have is told with those that they have; the status is 2."""
    assert _revoke(settings_file, "--client", "X") == 2
    assert capsys.readouterr() == ("", f"snap-token: {settings_file} has no client X; it has IONPAYTEST\n")


def test_a_file_that_is_not_there_is_told(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A token's file that cannot be read is one line; the status is 2."""
    file = settings_file.with_name("nothing")
    assert _revoke(settings_file, "--token-file", str(file)) == 2
    assert capsys.readouterr() == ("", f"snap-token: {file} cannot be read: No such file or directory\n")


def test_memory_is_out_of_reach(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What only the server's own process holds cannot be changed from here, and the line says so; the status is 2."""
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", "memory://")
    assert _revoke(settings_file, "--client", "IONPAYTEST") == 2
    told = "state.url is memory://, which only the server can change; use POST /revoke of the server"
    assert capsys.readouterr() == ("", f"snap-token: {told}\n")


def test_a_state_that_is_down_is_told(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the engine does not answer nothing is revoked, and one line says so and why; the status is 2."""
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", "redis://:RECOGNISEME@127.0.0.1:1/0")
    assert _revoke(settings_file, "--client", "IONPAYTEST") == 2
    out, err = capsys.readouterr()
    told = "snap-token: nothing is revoked: the state store of state.url does not answer: "
    assert (out, err.count("\n"), err.startswith(told)) == ("", 1, True)
    assert "RECOGNISEME" not in err


def test_bad_settings_are_told(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each mistake in the settings is a line; the status is 2."""
    settings_file.write_text("x = 1\n" + settings_file.read_text())
    assert _revoke(settings_file, "--client", "IONPAYTEST") == 2
    assert capsys.readouterr() == ("", f"snap-token: {settings_file}: x: there is no such key\n")


def test_a_state_that_root_makes_belongs_to_the_server(nicepay: Nicepay) -> None:
    """Where root revokes before the first start, the server's user can use the file that comes of it."""
    with open_folder(SERVER_USER, SERVER_GROUP) as folder:
        settings = write_settings(folder, nicepay, extra='[state]\nurl = "sqlite:///state.db"')
        give_all(folder, SERVER_USER, SERVER_GROUP)
        assert _revoke(settings, "--client", "IONPAYTEST") == 0
        assert os.geteuid() == 0
        assert {owner(file) for file in folder.iterdir()} == {(SERVER_USER, SERVER_GROUP)}
        with acting_as(SERVER_USER, SERVER_GROUP):
            assert _revocations(settings) == {"client:IONPAYTEST": NOON}
