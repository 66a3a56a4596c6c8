"""The password of the state store, in a file of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.config.secrets_to_mask import secrets_to_mask
from handlers.config.settings import Settings, SettingsError
from tests.engines import NOON, REDIS_SERVERS, RedisServer, asynchronous, redis_server
from tests.merchant import write_settings
from tests.nicepay import Nicepay

PASSWORD = "RECOGNISE/ME@: #"
QUOTED = "RECOGNISE%2FME%40%3A%20%23"
REDIS = "redis://h/0"
TWICE = "the URL has a password too; remove it from the URL, or remove password_file"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A Redis that demands the password."""
    with redis_server(REDIS_SERVERS[0], "--requirepass", PASSWORD) as server:
        yield server


def _written(folder: Path, nicepay: Nicepay, url: str, content: str = PASSWORD, name: str = "state.password") -> Path:
    """A settings file with this URL, and a file with the password that only its owner can read."""
    file = folder / "state.password"
    file.write_text(content)
    file.chmod(0o600)
    return write_settings(folder, nicepay, extra=f'[state]\nurl = "{url}"\npassword_file = "{name}"')


@pytest.mark.parametrize("content", [PASSWORD, PASSWORD + "\n", PASSWORD + "\r\n"])
@pytest.mark.parametrize(
    ("url", "full"),
    [
        (REDIS, f"redis://:{QUOTED}@h/0"),
        ("rediss://user@h:1/0", f"rediss://user:{QUOTED}@h:1/0"),
        ("unix:///run/redis.sock?db=1", f"unix://:{QUOTED}@/run/redis.sock?db=1"),
        ("redis+sentinel://h,[::1]:1/service/0", f"redis+sentinel://:{QUOTED}@h,[::1]:1/service/0"),
        ("postgresql://user@h:1,[::1]/db", f"postgresql://user:{QUOTED}@h:1,[::1]/db"),
    ],
)
def test_the_url_gets_the_password(tmp_path: Path, nicepay: Nicepay, url: str, full: str, content: str) -> None:
    """The password of the file becomes a part of the URL. Logs mask it, and no text of the settings shows it."""
    settings = Settings.load(_written(tmp_path, nicepay, url, content))
    assert settings.state.url.text == full
    assert ("state password", PASSWORD.encode()) in list(secrets_to_mask(settings))
    assert "RECOGNISE" not in repr(settings)


def test_a_redis_with_a_password_can_be_used(tmp_path: Path, nicepay: Nicepay, server: RedisServer) -> None:
    """A Redis that demands the password of the file answers."""
    settings = Settings.load(_written(tmp_path, nicepay, server.tcp_url))

    @asynchronous
    async def use() -> None:
        state = settings.state.url.open()
        assert await state.first_seen("key", 60, NOON) is None
        await state.close()

    use()


@pytest.mark.parametrize(
    ("url", "content", "mistake"),
    [
        (REDIS, "", "password_file: {} must contain the password on one line; found 0 lines"),
        (REDIS, "RECOGNISE\nME", "password_file: {} must contain the password on one line; found 2 lines"),
        ("redis://:p@h/0", PASSWORD, f"url: {TWICE}"),
        ("memory://", PASSWORD, "url: only Redis and PostgreSQL have a password; remove password_file"),
        ("sqlite:///a.db", PASSWORD, "url: only Redis and PostgreSQL have a password; remove password_file"),
    ],
)
def test_mistakes(tmp_path: Path, nicepay: Nicepay, url: str, content: str, mistake: str) -> None:
    """A file without one password, and a URL that needs none, are mistakes that say what to do."""
    file = _written(tmp_path, nicepay, url, content)
    with pytest.raises(SettingsError) as error:
        Settings.load(file)
    assert error.value.mistakes == ["state." + mistake.format(tmp_path / "state.password")]


def test_a_password_that_others_can_read_is_refused(tmp_path: Path, nicepay: Nicepay) -> None:
    """The file of the password is a secret file."""
    file = _written(tmp_path, nicepay, REDIS)
    (tmp_path / "state.password").chmod(0o644)
    with pytest.raises(SettingsError, match="other users can access"):
        Settings.load(file)


def test_a_password_in_place_of_its_file_is_not_repeated(tmp_path: Path, nicepay: Nicepay) -> None:
    """If the setting has the password itself, the error does not show it."""
    file = _written(tmp_path, nicepay, REDIS, name="RECOGNISEME")
    with pytest.raises(SettingsError, match="no readable file has this name") as error:
        Settings.load(file)
    assert "RECOGNISE" not in str(error.value)


def test_a_variable_may_name_the_file(tmp_path: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container gets the path in a variable, and the settings file has no URL."""
    _written(tmp_path, nicepay, REDIS)
    monkeypatch.setenv("SNAP_TOKEN__STATE__PASSWORD_FILE", str(tmp_path / "state.password"))
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", REDIS)
    assert Settings.load(write_settings(tmp_path, nicepay)).state.url.text == f"redis://:{QUOTED}@h/0"
