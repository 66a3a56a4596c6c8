"""The URL of a listener of the settings."""

from pathlib import Path

import pytest

from handlers.cli.errors import UsageError
from handlers.cli.simulator.listener_url import origin_of
from handlers.config.settings import Settings
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.tls_pair import TLS, write_pair


def test_a_listener_with_tls_has_an_https_url(tmp_path: Path, nicepay: Nicepay) -> None:
    """Without TLS, the URL begins with http."""
    write_pair(tmp_path)
    settings = Settings.load(write_settings(tmp_path, nicepay, extra=f"[server]\n{TLS}[internal]\n"))
    assert settings.internal
    assert origin_of(settings.server, "server", "") == "https://127.0.0.1:8080"
    assert origin_of(settings.internal, "internal", "") == "http://127.0.0.1:9080"


def test_a_socket_has_no_url(tmp_path: Path, nicepay: Nicepay) -> None:
    """The message says what to do instead."""
    settings = Settings.load(write_settings(tmp_path, nicepay, extra='[server]\nsocket = "a.sock"\n'))
    with pytest.raises(
        UsageError, match=f"server listens on the socket {tmp_path}/a.sock, which has no URL; use --url"
    ):
        origin_of(settings.server, "server", "use --url")
