"""Edits of the settings file change nothing else."""

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
    """The path of the settings file."""
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
    """The new table follows the other clients. Every comment and every other line stays in its place."""
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
    """After the edit the settings have the same values and one more client."""
    meant = tomllib.loads(text.removeprefix("\ufeff"))
    meant["clients"].append(NEW)
    assert tomllib.loads(with_client(_written(config, text), NEW)) == meant


@ORDERS
@pytest.mark.parametrize("place", [0, 1])
def test_nothing_but_the_suspension_changes(config: Path, text: str, place: int) -> None:
    """After the edit only the suspension of the one client differs. The reverse edit restores the settings."""
    meant = tomllib.loads(text.removeprefix("\ufeff"))
    for suspended in (True, False):
        meant["clients"][place]["suspended"] = suspended
        changed = with_suspended(_written(config, text), place, suspended=suspended)
        assert tomllib.loads(changed) == meant
        _written(config, changed)


def test_clients_in_one_list_are_suspended_too(config: Path) -> None:
    """Clients that are inline tables in a list are changed in that list."""
    _written(config, 'clients = [{id = "A"}, {id = "B"}] # ours\n')
    assert with_suspended(config, 1, suspended=True) == 'clients = [{id = "A"}, {id = "B",suspended = true}] # ours\n'


def test_a_suspension_is_in_the_table_of_its_client(config: Path) -> None:
    """The new line is the last of the client, before the comments of the next table. There is only one such line."""
    line = "suspended = true\n"
    once = with_suspended(_written(config, f"{HEAD}{ONE}\n{TWO}{TAIL}"), 0, suspended=True)
    assert once == f"{HEAD}{ONE}{line}\n{TWO}{TAIL}"
    both = with_suspended(_written(config, once), 1, suspended=True)
    assert both == f"{HEAD}{ONE}{line}\n{TWO}{line}{TAIL}"
    assert with_suspended(_written(config, both), 1, suspended=True) == both
    back = with_suspended(config, 1, suspended=False)
    assert back == f"{HEAD}{ONE}{line}\n{TWO}suspended = false\n{TAIL}"


@pytest.mark.parametrize("text", ['clients = [{id = "A"}]', "clients = []", "clients = 1", "[clients]\na = 1"])
def test_clients_that_are_no_tables_are_refused(config: Path, text: str) -> None:
    """If the clients are not [[clients]] tables, the error asks for such tables."""
    with pytest.raises(UsageError) as refusal:
        with_client(_written(config, text), NEW)
    advice = "the clients are not [[clients]] tables; write them as such tables, and run this again"
    assert refusal.value.mistakes == (f"{config}: {advice}",)


def test_text_that_is_not_toml_is_an_error(config: Path) -> None:
    """Text that is not TOML is an error with the file and the line."""
    with pytest.raises(UsageError) as refusal:
        with_client(_written(config, "[server]\nport\n"), NEW)
    assert str(refusal.value).startswith(f"{config}: ")
    assert "at line 2" in str(refusal.value)


def test_deeply_nested_settings_are_an_error(config: Path) -> None:
    """Lists that are nested too deeply are one error."""
    with pytest.raises(UsageError, match=f"{config}: "):
        with_client(_written(config, "x = " + "[" * 10_000), NEW)


def test_missing_settings_are_an_error(config: Path) -> None:
    """A missing file is an error that names it."""
    with pytest.raises(UsageError) as refusal:
        with_client(config, NEW)
    assert refusal.value.mistakes == (f"{config} cannot be read: No such file or directory",)


def test_values_that_are_not_utf_8_are_refused(config: Path) -> None:
    """A value that is not valid UTF-8, such as a byte of a command line, is refused."""
    with pytest.raises(UsageError, match="one of the options is not valid UTF-8; the settings file must be UTF-8"):
        with_client(_written(config, ONE), {"id": "\udcff"})
