"""`snap-token keys`."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from stat import S_IMODE

import pytest
import time_machine
from cryptography.fernet import Fernet

from handlers.cli import main
from handlers.cli.files.atomic_write import locked
from handlers.config.settings import Settings
from handlers.config.token_key_file import TokenKeyFile
from tests.merchant import NOON
from tests.pages import page

AT_NOON = "2026-01-22T05:00:02Z"
"""A time with a fraction of a second is rounded up."""


def _keys(settings_file: Path) -> TokenKeyFile:
    return Settings.load(settings_file).token.keys_file


def _rotate(settings_file: Path, now: datetime, *options: str) -> int:
    with time_machine.travel(now, tick=False):
        return main(["keys", "rotate", "--config", str(settings_file), *options])


def _printed(capsys: pytest.CaptureFixture[str]) -> str:
    """The text on standard output. Standard error must be empty."""
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_a_rotation_has_two_steps(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first run publishes a key, and the second run mints with it. Each prints what it did and the next step."""
    path = settings_file.with_name("token.keys")
    (old,) = _keys(settings_file).lines
    assert _rotate(settings_file, NOON) == 0
    minting, new = _keys(settings_file).lines
    assert (minting, new.note) == (old, f"published {AT_NOON}")
    assert _printed(capsys) == (
        f"published  {new.fingerprint}: no token is issued with it yet\n"
        f"next       copy {path} to the other hosts, if any; run this again in 10 seconds or later\n"
    )
    assert _rotate(settings_file, NOON + timedelta(seconds=11)) == 0
    minting, retired = _keys(settings_file).lines
    assert (minting.key, minting.note) == (new.key, "minting since 2026-01-22T05:00:13Z")
    assert (retired.key, retired.note) == (old.key, "retired 2026-01-22T05:00:13Z")
    assert _printed(capsys) == (
        f"minting    {new.fingerprint}\n"
        f"retired    {old.fingerprint}: its tokens are accepted until they have expired\n"
        f"next       copy {path} to the other hosts, if any; then the rotation is complete\n"
    )


def test_the_page_shows_what_is_printed(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example in the documentation is the output of this command, except for the fingerprints."""
    shown = re.findall(r"^ +((?:published|minting|retired|next) .*\n)", page("key-rotation"), re.MULTILINE)
    assert (_rotate(settings_file, NOON), _rotate(settings_file, NOON + timedelta(seconds=11))) == (0, 0)
    printed = _printed(capsys).replace(str(settings_file.parent), "/etc/snap-token")
    assert [_without_fingerprint(line) for line in printed.splitlines(keepends=True)] == [
        _without_fingerprint(line) for line in shown
    ]


def _without_fingerprint(line: str) -> str:
    return re.sub(r"\b[0-9a-f]{8}\b", "fingerprint", line)


def test_the_second_step_waits(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If the second run is too early, it changes nothing and prints how long to wait. The exit status is 2."""
    _rotate(settings_file, NOON)
    before = _keys(settings_file)
    capsys.readouterr()
    assert _rotate(settings_file, NOON + timedelta(seconds=4)) == 2
    expected = "not every instance has read the published key yet; run this again in 7 seconds"
    assert capsys.readouterr() == ("", f"snap-token: {expected}\n")
    assert _keys(settings_file) == before


def test_old_keys_are_dropped(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key whose last token has expired is dropped by the next run, which says so."""
    (old,) = _keys(settings_file).lines
    _rotate(settings_file, NOON)
    _rotate(settings_file, NOON + timedelta(seconds=11))
    capsys.readouterr()
    assert _rotate(settings_file, NOON + timedelta(seconds=1_000)) == 0
    assert old.key not in _keys(settings_file).keys
    assert f"dropped    {old.fingerprint}: its last token has expired\n" in capsys.readouterr().out


def test_a_leaked_key_is_replaced_at_once(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--now leaves only a new key in the file. It prints what happened to every other key, and what to do."""
    path = settings_file.with_name("token.keys")
    time = "2026-01-22T04:59:00Z"
    path.write_text(f"# of the shop\n{_key()}\n{_key()} # published {time}\n{_key()} # retired {time}\n")
    minted, published, retired = _keys(settings_file).lines
    assert _rotate(settings_file, NOON, "--now") == 0
    (new,) = _keys(settings_file).lines
    assert new.key not in {minted.key, published.key, retired.key}
    assert new.note == f"minting since {AT_NOON}"
    assert path.read_text().startswith("# of the shop\n")
    assert S_IMODE(path.stat().st_mode) == 0o600
    assert _printed(capsys) == (
        f"minting    {new.fingerprint}: the new key\n"
        f"dropped    {minted.fingerprint}: it was minting; all of its tokens are refused\n"
        f"dropped    {published.fingerprint}: it was published, in the same file\n"
        f"dropped    {retired.fingerprint}: it was retired, in the same file; all of its tokens are refused\n"
        "means      calls with an older token are refused (401xx01) until NICEPAY requests a new token,"
        " which it does by itself\n"
        f"next       copy {path} to the other hosts at once: until a host has read the new file, it accepts\n"
        "           tokens of the old keys, forged ones too, and refuses tokens of the new key\n"
    )


def test_a_leak_does_not_wait(settings_file: Path) -> None:
    """A leaked key is replaced even if another key was published a moment ago."""
    assert _rotate(settings_file, NOON) == 0
    assert _rotate(settings_file, NOON, "--now") == 0
    assert len(_keys(settings_file).lines) == 1


@pytest.mark.parametrize(
    ("note", "mistake"),
    [
        ("retired yesterday", "its comment must be only 'retired' and a time, such as: retired 2026-11-23T22:55:02Z"),
        (
            "published 2026-01-22",
            "its comment must be only 'published' and a time, such as: published 2026-11-23T22:55:02Z",
        ),
    ],
)
def test_an_invalid_time_is_an_error(
    settings_file: Path, capsys: pytest.CaptureFixture[str], note: str, mistake: str
) -> None:
    """A comment that looks like a time but is invalid is an error with the fingerprint of the key. Status 2."""
    path = settings_file.with_name("token.keys")
    path.write_text(f"{path.read_text()}{_key()} # {note}\n")
    before = path.read_text()
    assert _rotate(settings_file, NOON) == 2
    out, err = capsys.readouterr()
    fingerprint = TokenKeyFile.parse(path, before).lines[1].fingerprint
    assert out == ""
    assert err.startswith(f"snap-token: {settings_file}: token.keys_file: {path}: key {fingerprint}: {mistake}")
    assert err.count("\n") == 1
    assert path.read_text() == before


def test_a_key_whose_tokens_have_expired_is_listed_with_a_note(
    settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key whose last token has expired is listed with a note, as long as it is in the file."""
    path = settings_file.with_name("token.keys")
    path.write_text(f"{path.read_text()}{_key()} # retired {AT_NOON}\n")
    for seconds, note in ((960, ""), (961, ", its tokens have expired")):
        with time_machine.travel(NOON + timedelta(seconds=seconds), tick=False):
            assert main(["keys", "list", "--config", str(settings_file)]) == 0
        assert _printed(capsys).splitlines()[1].partition("  ")[2] == f"retired {AT_NOON}{note}"


def test_a_rotation_keeps_comments_and_mode(settings_file: Path) -> None:
    """Comments on lines of their own stay at the top, and the mode of the file stays 0600."""
    path = settings_file.with_name("token.keys")
    path.write_text(path.read_text() + "# of the shop\n")
    assert _rotate(settings_file, NOON) == 0
    assert path.read_text().startswith("# of the shop\n")
    assert S_IMODE(path.stat().st_mode) == 0o600


def test_no_key_is_printed(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither rotate nor list prints a key."""
    for seconds in (0, 5, 11, 2_000):
        _rotate(settings_file, NOON + timedelta(seconds=seconds))
        main(["keys", "list", "--config", str(settings_file)])
        output = "".join(capsys.readouterr())
        assert not any(key.decode() in output for key in _keys(settings_file).keys)
        assert not re.search(r"[\w-]{43}=", output)


def test_keys_are_listed(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each key is one line: its fingerprint, its status, and since when, if known."""
    path = settings_file.with_name("token.keys")
    first, second, third = (_key() for _ in range(3))
    path.write_text(f"{first}\n{second} # published {AT_NOON}\n{third} # old\n")
    assert main(["keys", "list", "--config", str(settings_file)]) == 0
    one, two, three = (line.fingerprint for line in _keys(settings_file).lines)
    assert _printed(capsys) == (
        f"{one}  minting, start time not known\n{two}  published {AT_NOON}\n{three}  retired, start time not known\n"
    )


def _key() -> str:
    return Fernet.generate_key().decode()


@pytest.mark.parametrize("command", ["rotate", "list"])
def test_mistakes_in_the_settings_are_errors(
    settings_file: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """If the settings have mistakes, the keys do not change. The exit status is 2."""
    path = settings_file.with_name("token.keys")
    path.write_text("no key")
    assert main(["keys", command, "--config", str(settings_file)]) == 2
    rule = "one Fernet key per line, newest first; create one with: snap-token keygen token"
    expected = f"snap-token: {settings_file}: token.keys_file: {path} must contain {rule}\n"
    assert capsys.readouterr() == ("", expected)
    assert path.read_text() == "no key"


def test_one_rotation_at_a_time(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While another command changes files beside the keys, a rotation is refused. The exit status is 2."""
    with locked(settings_file.parent):
        assert _rotate(settings_file, NOON) == 2
    expected = f"another command is changing files in {settings_file.parent}; run this again when it has ended"
    assert capsys.readouterr() == ("", f"snap-token: {expected}\n")
