"""Where the state is kept: URLs that are taken, and what is said of those that are not."""

import json
from pathlib import Path

import pytest

from handlers.server.settings import Settings, SettingsError

SECRET = "RECOGNISEME"
SCHEMES = "a URL that begins with memory://, sqlite://, redis://, rediss://, unix:// is wanted"
SQLITE = "a URL of sqlite:// is written like sqlite:///state.db"
REDIS = "a URL of redis:// is written like redis://127.0.0.1:6379/0"
REDISS = "a URL of rediss:// is written like rediss://user:password@host:6379/0"
UNIX = "a URL of unix:// is written like unix:///run/redis/redis.sock?db=0"


def _url(file: Path, url: str) -> str:
    """The URL that settings with this one have."""
    file.write_text(f'[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]\n[state]\nurl = {json.dumps(url)}')
    return Settings.load(file).state.url


def _mistake(file: Path, url: str) -> str:
    with pytest.raises(SettingsError) as refusal:
        _url(file, url)
    (mistake,) = refusal.value.mistakes
    return mistake.removeprefix("state.url: ")


@pytest.mark.parametrize(
    "url",
    [
        "memory://",
        "redis://localhost",
        "redis://127.0.0.1:6379/0",
        "redis://[::1]:6379/15",
        f"redis://user:{SECRET}%40@redis.example:1/",
        f"rediss://:{SECRET}@redis.example:65535/0",
        "unix:///run/redis/redis.sock",
        f"unix://:{SECRET}@/run/redis.sock?db=3",
    ],
)
def test_urls_are_taken_as_they_are(settings_file: Path, url: str) -> None:
    """A URL of an engine is left as it is written."""
    assert _url(settings_file, url) == url


@pytest.mark.parametrize(
    ("url", "below"), [("sqlite:///state.db", "state.db"), ("sqlite:///data/a b.db", "data/a b.db")]
)
def test_databases_are_beside_the_settings(settings_file: Path, url: str, below: str) -> None:
    """The path of a database is relative to the settings file, and absolute once it is read."""
    (settings_file.parent / "data").mkdir()
    assert _url(settings_file, url) == f"sqlite:///{settings_file.parent / below}"


def test_a_database_may_be_elsewhere(settings_file: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An absolute path, after a fourth slash, is taken as it is."""
    url = f"sqlite:///{tmp_path_factory.mktemp('elsewhere')}/state.db"
    assert _url(settings_file, url) == url


@pytest.mark.parametrize(
    ("url", "mistake"),
    [
        pytest.param("", SCHEMES, id="empty"),
        pytest.param("state.db", SCHEMES, id="a path"),
        pytest.param(f"http://{SECRET}@localhost", SCHEMES, id="another scheme"),
        pytest.param("REDIS://localhost", SCHEMES, id="capitals"),
        pytest.param("redis:localhost", SCHEMES, id="no slashes"),
        pytest.param("memory://x", "a URL of memory:// is written like memory://", id="memory with a host"),
        pytest.param("sqlite://state.db", SQLITE, id="two slashes"),
        pytest.param("sqlite:///", SQLITE, id="no database"),
        pytest.param("sqlite:///state.db?mode=ro", SQLITE, id="query"),
        pytest.param("sqlite:///a\0b", SQLITE, id="null byte"),
        pytest.param("redis://", REDIS, id="no host"),
        pytest.param("redis:///0", REDIS, id="no host but a database"),
        pytest.param(f"redis://:{SECRET}@", REDIS, id="no host but a password"),
        pytest.param(f"redis://:{SECRET}#@host", REDIS, id="password not escaped"),
        pytest.param("redis://host/zero", REDIS, id="database no number"),
        pytest.param("redis://host:65536/0", REDIS, id="port too high"),
        pytest.param("redis://host:0/0", REDIS, id="port 0"),
        pytest.param("redis://host:port/0", REDIS, id="port no number"),
        pytest.param("redis://[::g]/0", REDIS, id="no address"),
        pytest.param("redis://[1]/0", REDIS, id="no address in brackets"),
        pytest.param("redis://host/0?socket_timeout=9", REDIS, id="option"),
        pytest.param("rediss://", REDISS, id="no host for TLS"),
        pytest.param("unix://redis.sock", UNIX, id="relative socket"),
        pytest.param("unix:///redis.sock?db=x", UNIX, id="database of a socket no number"),
    ],
)
def test_other_urls_are_refused(settings_file: Path, url: str, mistake: str) -> None:
    """Another scheme, or another form than its scheme's, is told with the form that is wanted, and not repeated."""
    assert _mistake(settings_file, url) == mistake


def test_a_database_needs_its_folder(settings_file: Path) -> None:
    """A database in a folder that is not there, or in the place of one, is refused at start."""
    folder = settings_file.parent
    missing = f"a database cannot be at {folder}/a/state.db: its folder is missing"
    assert _mistake(settings_file, "sqlite:///a/state.db") == missing
    assert _mistake(settings_file, "sqlite:///.") == f"a database cannot be at {folder}: it is a folder"
