"""Opening the state store that a URL names."""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import pytest

from handlers.state import opening
from handlers.state.memory import MemoryState
from handlers.state.opening import FORMS, StateUrl
from handlers.state.postgresql.engine import PostgresqlState
from handlers.state.redis.engine import RedisState
from handlers.state.sqlite.engine import SqliteState
from tests.engines import asynchronous

MARK = "RECOGNISEME"
MALFORMED = "host or port is malformed; in a password, write / # ? @ as %2F %23 %3F %40"
NO_FILE = "write sqlite:/// and then the path of a file; in the path, write % ? # as %25 %3F %23"
NO_FORM = f"use one of {FORMS}"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("memory://", MemoryState),
        ("sqlite:///state.db", SqliteState),
        ("redis://127.0.0.1:1/0", RedisState),
        ("rediss://127.0.0.1", RedisState),
        ("unix:///run/redis.sock?db=1", RedisState),
        ("redis+sentinel://127.0.0.1:1,127.0.0.1:2/service/0", RedisState),
        ("postgresql://u@127.0.0.1:1,127.0.0.1:2/db", PostgresqlState),
    ],
)
@asynchronous
async def test_the_scheme_names_the_engine(tmp_path: Path, url: str, kind: type) -> None:
    """Each scheme opens its engine. Redis and PostgreSQL may still be down."""
    state = StateUrl(url, tmp_path).open()
    assert isinstance(state, kind)
    await state.close()


@asynchronous
async def test_an_ipv6_address_may_have_any_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Newer Pythons take an IPv6 address only as the first host of a URL. In a list of hosts it may have any place."""

    def newer(url: str) -> SplitResult:
        parts = urlsplit(url)
        if "[" in parts.netloc.rpartition("@")[2].lstrip("["):
            raise ValueError
        return parts

    monkeypatch.setattr(opening, "urlsplit", newer)
    for url in ("redis+sentinel://:p@h1:1,[::1]:2/service/0", "postgresql://u:p@h1:1,[::1]:2/db"):
        state = StateUrl(url).open()
        await state.close()
    client: Any = StateUrl("redis+sentinel://:p@h1:1,[::1]:2/service/0").redis()
    sentinels = client.connection_pool.sentinel_manager.sentinels
    assert [each.connection_pool.connection_kwargs["host"] for each in sentinels] == ["h1", "::1"]


@pytest.mark.parametrize(
    ("url", "kind", "file", "is_redis"),
    [
        ("memory://", "memory", None, False),
        ("sqlite:///state.db", "sqlite", "state.db", False),
        ("redis://:password@127.0.0.1/0", "redis", None, True),
        ("rediss://127.0.0.1", "redis", None, True),
        ("unix:///run/redis.sock?db=1", "redis", None, True),
        ("postgresql://u:password@h1:1,h2:2/db", "postgresql", None, False),
        ("redis+sentinel://h1,h2:2/service/0", "redis", None, True),
        ("POSTGRES://h/db", "postgresql", None, False),
    ],
)
@asynchronous
async def test_a_url_has_its_engine(tmp_path: Path, url: str, kind: str, file: str | None, *, is_redis: bool) -> None:
    """A URL gives its engine without its password, the file of SQLite, and the client of Redis."""
    state_url = StateUrl(url, tmp_path)
    client = state_url.redis()
    assert (state_url.kind, state_url.file, client is not None) == (kind, file and tmp_path / file, is_redis)
    if client:
        await client.aclose()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///state.db", "settings/state.db"),
        ("sqlite:///../state.db", "state.db"),
        ("sqlite:///a%20b%3F.db", "settings/a b?.db"),
        ("sqlite:///:memory:", "settings/:memory:"),
        ("sqlite:////{}/elsewhere.db", "elsewhere.db"),
    ],
)
@asynchronous
async def test_the_file_is_beside_the_settings(tmp_path: Path, url: str, path: str) -> None:
    """The path of the SQLite file is relative to the folder, or absolute after a fourth slash."""
    folder = tmp_path / "settings"
    folder.mkdir()
    state = StateUrl(url.format(str(tmp_path).removeprefix("/")), folder).open()
    await state.close()
    assert (tmp_path / path).is_file()


@pytest.mark.parametrize(
    ("url", "mistake"),
    [
        ("", NO_FORM),
        ("state.db", NO_FORM),
        ("memory:", NO_FORM),
        ("memory://x", NO_FORM),
        ("mysql://h/1", NO_FORM),
        ("sqlite://", NO_FILE),
        ("sqlite:///", NO_FILE),
        ("sqlite://state.db", NO_FILE),
        ("sqlite:///state.db?mode=ro", NO_FILE),
        ("sqlite:///a#b.db", NO_FILE),
        ("sqlite://[/b.db", NO_FILE),
        ("sqlite:///a%00b", NO_FILE),
        ("redis://", "a host is missing"),
        ("redis://:6379/0", "a host is missing"),
        ("unix://", "the path of a socket is missing"),
        ("redis://h:0/0", MALFORMED),
        ("redis://h:65536/0", MALFORMED),
        ("redis://[::1/0", MALFORMED),
        (f"redis://:{MARK}/{MARK}@h:6379/0", MALFORMED),
        (f"redis://:1#{MARK}@h:6379/0", MALFORMED),
        ("redis+sentinel:///service/0", "a host is missing"),
        ("redis+sentinel://h", "the name of the service is missing"),
        ("redis+sentinel://h:0/service", MALFORMED),
        (f"redis+sentinel://:{MARK}/{MARK}@h/service", MALFORMED),
        ("redis+sentinel://h/service/x", "the database must be a number"),
        ("redis://h/one", "the database must be a number"),
        ("redis://h/0/1", "the database must be a number"),
        ("redis://h/-1", "the database must be a number"),
        ("redis://h/²", "the database must be a number"),
        ("unix:///s?db=x", "the database must be a number"),
    ],
)
def test_mistakes_in_the_url_are_described(tmp_path: Path, url: str, mistake: str) -> None:
    """The message says what to change, and quotes nothing of the URL, because it may have a password."""
    with pytest.raises(ValueError, match=r"\w") as refusal:
        StateUrl(url, tmp_path)
    assert str(refusal.value) == mistake
    assert refusal.value.__cause__ is None
    assert MARK not in repr(refusal.value.__context__)


def test_a_database_needs_its_folder(tmp_path: Path) -> None:
    """A missing folder, a folder in the place of the file, or a link to itself is a mistake before it is opened."""
    (tmp_path / "circle").symlink_to("circle")
    for url, mistake in {
        "sqlite:///no/state.db": f"{tmp_path}/no/state.db cannot be a database file: its folder does not exist",
        "sqlite:///.": f"{tmp_path} cannot be a database file: it is a folder",
        "sqlite:///circle": f"{tmp_path}/circle cannot be a database file: its links lead in a circle",
    }.items():
        with pytest.raises(ValueError, match=r"\w") as refusal:
            StateUrl(url, tmp_path)
        assert str(refusal.value) == mistake


def test_the_driver_of_postgresql_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the driver, the message says which extra to install."""
    monkeypatch.setitem(sys.modules, "handlers.state.postgresql.engine", None)
    with pytest.raises(ValueError, match=r"\w") as refusal:
        StateUrl("postgresql://h/db")
    assert str(refusal.value) == "postgresql:// needs the driver asyncpg; install snap-token-server[postgresql]"


def test_a_printed_url_shows_no_password() -> None:
    """A printed URL does not show its password."""
    assert MARK not in repr(StateUrl(f"redis://:{MARK}@h"))


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    """An unusable SQLite file fails when it is opened, with the path and the cause."""
    (tmp_path / "state.db").write_bytes(b"something else" * 100)
    (tmp_path / "state.db").chmod(0o600)
    with pytest.raises(ValueError, match=f"{tmp_path}/state.db cannot be used"):
        StateUrl("sqlite:///state.db", tmp_path).open()


@asynchronous
async def test_the_folder_may_have_any_name(tmp_path: Path) -> None:
    """The name of the settings' folder may have characters that mean something in a URL."""
    folder = tmp_path / "100%20 #1?"
    folder.mkdir()
    state = StateUrl("sqlite:///state.db", folder).open()
    await state.close()
    assert (folder / "state.db").is_file()


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("rediss://h?ssl_ca_certs=ca.pem&ssl_keyfile=c.key", ["ca.pem", "c.key"]),
        ("redis://h?db=1", []),
        ("sqlite:///state.db", []),
    ],
)
def test_a_url_lists_its_tls_files(tmp_path: Path, url: str, names: list[str]) -> None:
    """The TLS files in a URL are available before anything is opened."""
    assert StateUrl(url, tmp_path).files == [tmp_path / name for name in names]
