"""Changes to the settings file: what is to change does, and nothing else."""

import tomllib
from pathlib import Path

import pytest

from handlers.cli.errors import UsageError
from handlers.cli.files.edit_settings import with_client, with_suspended

NEW = {"id": 'N"\n', "public_keys": ["new.pem"]}
NEW_TEXT = '[[clients]]\nid = "N\\"\\n"\npublic_keys = ["new.pem"]\n'
HEAD = "# top\n[server] # here\nport = 1\n\n"
ONE = '[[clients]]\nid = "A" # its id\npublic_keys = ["a.pem"]\n'
TWO = '# The second\n[[clients]]\nid = "B"\n'
TAIL = "\n# The sandbox\n[sandbox]\nenabled = true\n# The end\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Where the settings are to be."""
    return tmp_path / "snap-token.toml"


def _written(config: Path, text: str) -> Path:
    config.write_bytes(text.encode())
    return config


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(HEAD + ONE, f"{HEAD}{ONE}\n{NEW_TEXT}", id="at the end"),
        pytest.param((HEAD + ONE).rstrip(), f"{HEAD}{ONE}\n{NEW_TEXT}", id="no line end"),
        pytest.param(f"{HEAD}{ONE}\n\n", f"{HEAD}{ONE}\n{NEW_TEXT}", id="blank lines at the end"),
        pytest.param(HEAD + ONE + TAIL, f"{HEAD}{ONE}\n{NEW_TEXT}{TAIL}", id="before the next table"),
        pytest.param(f"{HEAD}{ONE}\n{TWO}{TAIL}", f"{HEAD}{ONE}\n{TWO}\n{NEW_TEXT}{TAIL}", id="after the last of two"),
        pytest.param(f"{ONE}# end", f"{ONE}\n{NEW_TEXT}# end\n", id="a comment at the end"),
        pytest.param(HEAD, f"{HEAD}{NEW_TEXT}", id="the first"),
    ],
)
def test_a_client_is_added_after_the_last(config: Path, before: str, after: str) -> None:
    """The new table stands after the other clients; every comment and every other line is where it was."""
    assert with_client(_written(config, before), NEW) == after


ORDERS = pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{HEAD}{ONE}\n{TWO}{TAIL}", id="in order"),
        pytest.param(f'{HEAD}{ONE}{TAIL}\n{TWO}[[services]]\npath = "/a"\n', id="in two places"),
        pytest.param(f"{HEAD}{ONE}\n{TWO}{TAIL}".replace("\n", "\r\n"), id="from Windows"),
        pytest.param('\ufeff[[clients]]\nid = "A"\n[[clients]]\nid = "é"', id="byte order mark"),
        pytest.param('[[clients]]\nid = "A"\n[[clients]]\nid = "B"\n[clients.x]\ny = 1\n# z\n', id="with tables of it"),
    ],
)


@ORDERS
def test_nothing_but_the_new_client_is_added(config: Path, text: str) -> None:
    """Read again, the settings say what they said, and have one client more."""
    meant = tomllib.loads(text.removeprefix("\ufeff"))
    meant["clients"].append(NEW)
    assert tomllib.loads(with_client(_written(config, text), NEW)) == meant


@ORDERS
@pytest.mark.parametrize("place", [0, 1])
def test_nothing_but_the_suspension_changes(config: Path, text: str, place: int) -> None:
    """Read again, the settings say what they said, but for the one client, there and back."""
    meant = tomllib.loads(text.removeprefix("\ufeff"))
    for suspended in (True, False):
        meant["clients"][place]["suspended"] = suspended
        changed = with_suspended(_written(config, text), place, suspended=suspended)
        assert tomllib.loads(changed) == meant
        _written(config, changed)


def test_clients_in_one_list_are_suspended_too(config: Path) -> None:
    """Clients that stand in one line each, in a list, are changed in it."""
    _written(config, 'clients = [{id = "A"}, {id = "B"}] # ours\n')
    assert with_suspended(config, 1, suspended=True) == 'clients = [{id = "A"}, {id = "B",suspended = true}] # ours\n'


def test_a_suspension_stands_with_its_client(config: Path) -> None:
    """The new line is the client's last, before the comment that belongs to what comes next; a second is not made."""
    line = "suspended = true\n"
    once = with_suspended(_written(config, f"{HEAD}{ONE}\n{TWO}{TAIL}"), 0, suspended=True)
    assert once == f"{HEAD}{ONE}{line}\n{TWO}{TAIL}"
    both = with_suspended(_written(config, once), 1, suspended=True)
    assert both == f"{HEAD}{ONE}{line}\n{TWO}{line}{TAIL}"
    assert with_suspended(_written(config, both), 1, suspended=True) == both
    back = with_suspended(config, 1, suspended=False)
    assert back == f"{HEAD}{ONE}{line}\n{TWO}suspended = false\n{TAIL}"


@pytest.mark.parametrize("text", ['clients = [{id = "A"}]', "clients = []", "clients = 1", "[clients]\na = 1"])
def test_clients_of_another_form_are_left(config: Path, text: str) -> None:
    """Where clients are no tables of their own, that is asked for."""
    with pytest.raises(UsageError) as refusal:
        with_client(_written(config, text), NEW)
    advice = "the clients are not [[clients]] tables; write them as such tables, and run this again"
    assert refusal.value.mistakes == (f"{config}: {advice}",)


def test_text_that_is_no_toml_is_told(config: Path) -> None:
    """What is no TOML is told with the line where it goes wrong, after the file."""
    with pytest.raises(UsageError) as refusal:
        with_client(_written(config, "[server]\nport\n"), NEW)
    assert str(refusal.value).startswith(f"{config}: ")
    assert "at line 2" in str(refusal.value)


def test_settings_nested_without_end_are_told(config: Path) -> None:
    """Lists in lists deeper than they can be read are one mistake."""
    with pytest.raises(UsageError, match=f"{config}: "):
        with_client(_written(config, "x = " + "[" * 10_000), NEW)


def test_missing_settings_are_told(config: Path) -> None:
    """A file that is not there is told by its path."""
    with pytest.raises(UsageError) as refusal:
        with_client(config, NEW)
    assert refusal.value.mistakes == (f"{config} cannot be read: No such file or directory",)


def test_what_is_no_text_is_told(config: Path) -> None:
    """A value that UTF-8 cannot hold, as a byte of a command line may be, is refused."""
    with pytest.raises(UsageError, match="one of the options is not valid UTF-8; the settings file must be UTF-8"):
        with_client(_written(config, ONE), {"id": "\udcff"})
