"""The URL of a Redis server."""

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from handlers.state.redis.url import redis_client

FOLDER = Path("/settings")
OPTIONS = "the options are db and, with rediss://, ssl_ca_certs, ssl_certfile, ssl_keyfile"


def _connection(url: str) -> dict[str, Any]:
    return redis_client(urlsplit(url), FOLDER).connection_pool.connection_kwargs


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("redis://h", {"host": "h", "port": 6379, "db": 0, "username": None, "password": None}),
        ("redis://h:1/2", {"host": "h", "port": 1, "db": 2}),
        ("redis://h/?db=3", {"db": 3}),
        ("redis://[::1]:1", {"host": "::1", "port": 1}),
        ("redis://us%40er:pass%2Fword@h", {"username": "us@er", "password": "pass/word"}),
        ("redis://:p@h", {"username": None, "password": "p"}),
        ("unix:///a%20b.sock", {"path": "/a b.sock", "db": 0}),
        ("unix:///s?db=15", {"path": "/s", "db": 15}),
    ],
)
def test_the_url_sets_the_connection(url: str, wanted: dict[str, object]) -> None:
    """Host, port, socket, database, user and password come from the URL, percent-decoded."""
    assert wanted.items() <= _connection(url).items()


def test_sentinels() -> None:
    """A URL of sentinels has their addresses, the service, the database and the password of Redis."""
    client = redis_client(urlsplit("redis+sentinel://us%40er:p%2F@[::1]:1,a/my%20service/2"), FOLDER)
    pool: Any = client.connection_pool
    sentinels = [each.connection_pool.connection_kwargs for each in pool.sentinel_manager.sentinels]
    assert [(each["host"], each["port"]) for each in sentinels] == [("::1", 1), ("a", 26_379)]
    assert {(each["socket_timeout"], each["socket_connect_timeout"]) for each in sentinels} == {(0.1, 0.1)}
    assert pool.service_name == "my service"
    options = {"db": 2, "username": "us@er", "password": "p/", "socket_timeout": None}
    assert options.items() <= pool.connection_kwargs.items()
    assert pool.connection_kwargs["retry"].get_retries() == 0


def test_tls_is_checked() -> None:
    """With rediss://, certificate and host name are checked, and TLS files are relative to the settings' folder."""
    options = _connection("rediss://h?ssl_ca_certs=ca.pem&ssl_certfile=/c.pem&ssl_keyfile=c.key")
    assert options["ssl_cert_reqs"] in {"required", ssl.CERT_REQUIRED}
    assert options["ssl_check_hostname"] is True
    assert options["ssl_ca_certs"] == "/settings/ca.pem"
    assert options["ssl_certfile"] == "/c.pem"
    assert options["ssl_keyfile"] == "/settings/c.key"


@pytest.mark.parametrize(
    "url",
    [
        "redis://h?ssl_ca_certs=ca.pem",
        "rediss://h?ssl_cert_reqs=none",
        "rediss://h?ssl_check_hostname=no",
        "redis://h?socket_timeout=9",
        "unix:///s?password=RECOGNISEME",
        "redis+sentinel://h/service/0?ssl_ca_certs=ca.pem",
    ],
)
def test_other_options_are_refused(url: str) -> None:
    """No option can change the timeout or weaken TLS."""
    with pytest.raises(ValueError, match="the options are") as refusal:
        _connection(url)
    assert str(refusal.value) == OPTIONS


def test_a_command_is_sent_once() -> None:
    """The client never sends a command again, because a command that ran would then be a repeat."""
    assert _connection("redis://h")["retry"].get_retries() == 0
