"""The two documents and what belongs to each."""

import asyncio
import io
import json
from pathlib import Path

import httpx
import pytest
from starlette.types import Message

from handlers.config.settings import Settings
from handlers.config.tables import Internal
from handlers.server.observability import configure
from handlers.server.openapi.application import application, internal_api, public_api
from handlers.services import Services
from tests.internal import write_internal_settings
from tests.merchant import BASE_PATH, Clock, services_of
from tests.nicepay import Nicepay


@pytest.fixture
def settings(tmp_path: Path, nicepay: Nicepay) -> Settings:
    """The settings, with an internal listener too."""
    return Settings.load(write_internal_settings(tmp_path, nicepay, secret=True))


@pytest.fixture
def services(settings: Settings) -> Services:
    """The services of these settings."""
    return services_of(settings, Clock())


def _internal(settings: Settings) -> Internal:
    assert settings.internal
    return settings.internal


def test_each_operation_s_function_is_its_own(settings: Settings, services: Services) -> None:
    """No function serves two operations, because both would get the security of the last one."""
    for api in (public_api(BASE_PATH), internal_api(_internal(settings), lambda: services)):
        assert len(set(api.functions.values())) == len(api.functions)


def test_every_event_is_an_operation_s(settings: Settings, services: Services) -> None:
    """Every operation that has a log event is served."""
    for api in (public_api(BASE_PATH), internal_api(_internal(settings), lambda: services)):
        assert api.events.keys() <= api.functions.keys()


def test_the_log_shows_of_a_path_what_is_plain(services: Services) -> None:
    """The log line has the first 255 bytes of a refused path, without bytes that are not ASCII."""
    stream = io.StringIO()
    configure.set_up(stream)
    app = application(public_api(BASE_PATH), lambda: services)
    path = b"/\xe9" + b"x" * 300
    shown = {"path": path.decode("latin-1"), "raw_path": path, "query_string": b"", "headers": [(b"host", b"a")]}

    async def receive() -> Message:
        raise NotImplementedError

    async def send(_message: Message) -> None:
        """Discard the message."""

    asyncio.run(app({"type": "http", "http_version": "1.1", "method": "POST", **shown}, receive, send))
    configure.set_up()
    assert json.loads(stream.getvalue())["path"] == "/\N{REPLACEMENT CHARACTER}" + "x" * 253


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_probe_is_no_decision(settings: Settings, services: Services, path: str) -> None:
    """A probe is not logged, even if it fails. /readyz fails, because nothing refreshes the revocations."""
    stream = io.StringIO()
    configure.set_up(stream)
    app = application(internal_api(_internal(settings), lambda: services), lambda: services)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as client:
            return await client.get(path)

    status = asyncio.run(ask()).status_code
    configure.set_up()
    assert status == (503 if path == "/readyz" else 200)
    assert not stream.getvalue()
