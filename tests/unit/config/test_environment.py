"""Environment variables that set values, and those that set nothing."""

import pytest

from handlers.config.environment import misspelt_variables, variable_mistake, variable_mistakes, variable_of
from handlers.config.names import KnownNames

KNOWN = KnownNames({"server": ["port", "host"], "token": ["keys_file"], "clients": ["id"]}, ["clients"])
NO_TABLE = "does not name a table that a variable can set; use one of server, token"
NO_KEY = "does not name a key; write SNAP_TOKEN__TABLE__KEY"


@pytest.mark.parametrize(
    ("name", "strange"),
    [
        ("SNAP_TOKEN__SERVER__PORT", None),
        ("snap_token__server__port", None),
        ("SNAP_TOKEN__SERVER__PORT__X", None),
        ("SNAP_TOKEN__SERVER", NO_KEY),
        ("SNAP_TOKEN__SERVER__", NO_KEY),
        ("SNAP_TOKEN__CLIENTS__ID", NO_TABLE),
        ("SNAP_TOKEN__", NO_TABLE),
        ("SNAP_TOKEN__SERVR__PORT", f"{NO_TABLE}; did you mean SNAP_TOKEN__SERVER__PORT?"),
        ("SNAP_TOKEN__SERVER_PORT", f"{NO_TABLE}; did you mean SNAP_TOKEN__SERVER__PORT?"),
        ("SNAP_TOKEN__SERVER__PROT", "there is no such key; did you mean SNAP_TOKEN__SERVER__PORT?"),
        ("SNAP_TOKEN__TOKEN__KEYS", "there is no such key; did you mean SNAP_TOKEN__TOKEN__KEYS_FILE?"),
        ("SNAP_TOKEN__SERVER__COLOUR", "there is no such key"),
    ],
)
def test_a_variable_must_name_a_table_and_a_key(
    monkeypatch: pytest.MonkeyPatch, name: str, strange: str | None
) -> None:
    """A variable with the prefix that does not name a table and a key is reported with the reason."""
    monkeypatch.setenv(name, "1")
    assert variable_mistake(name, KNOWN) == strange
    assert variable_mistakes(KNOWN) == ([f"{name}: {strange}"] if strange else [])


@pytest.mark.parametrize(
    ("name", "location", "sets"),
    [
        ("SNAP_TOKEN__SERVER__PORT", ("server", "port"), True),
        ("snap_token__Server__port", ("server", "port"), True),
        ("SNAP_TOKEN__SERVER__PORT__X", ("server", "port"), True),
        ("SNAP_TOKEN__SERVER__PORT", ("server", "port", 0), True),
        ("SNAP_TOKEN__SERVER__PORT", ("server", "host"), False),
        ("SNAP_TOKEN__SERVER__PORT", ("internal", "port"), False),
        ("SNAP_TOKEN__SERVER__PORT", ("server",), False),
        ("SNAP_TOKEN__CLIENTS__0__ID", ("clients", 0, "id"), False),
        ("SERVER__PORT", ("server", "port"), False),
    ],
)
def test_the_variable_of_a_key_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, location: tuple[int | str, ...], *, sets: bool
) -> None:
    """The variable that set a key is found, and returned as it is spelt."""
    monkeypatch.setenv(name, "1")
    assert variable_of(location) == (name if sets else None)


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("SNAP_TOKEN_SERVER_PORT", "80", "SNAP_TOKEN__SERVER__PORT"),
        ("SNAP_TOKEN_SERVER__PORT", "80", "SNAP_TOKEN__SERVER__PORT"),
        ("snaptoken__server__port", "80", "SNAP_TOKEN__SERVER__PORT"),
        ("SNAP_TOKN__SERVER__HOST", "::", "SNAP_TOKEN__SERVER__HOST"),
        ("SNAP_TOKEN_SERVER_PORT", "tcp://10.0.0.1:8080", None),
        ("SNAP_TOKEN_SERVER_PORT_8080_TCP", "tcp://10.0.0.1:8080", None),
        ("SNAP_TOKEN_SERVER_SERVICE_HOST", "10.0.0.1", None),
        ("SNAP_TOKEN__SERVER__PORT", "80", None),
        ("SNAP_NAME", "firefox", None),
        ("SERVER__PORT", "80", None),
    ],
)
def test_a_misspelt_variable_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, meant: str | None
) -> None:
    """A variable that resembles one of ours is found. Variables of Kubernetes and of other programs are not."""
    monkeypatch.setenv(name, value)
    assert list(misspelt_variables(KNOWN)) == ([(name, meant)] if meant else [])
