"""The doctor and the server are in step: what the one calls genuine, the other answers 200 to, and nothing else."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from handlers.server.application import application, internal_api
from handlers.server.settings import Settings
from handlers.server.settings_tables import Internal
from handlers.services import Services
from tests.calls import read_copy
from tests.merchant import Clock, Merchant, running, services_of
from tests.mistakes import CALL_MISTAKES, TOKEN_MISTAKES, Make, World, rows, write_world

TOKEN_ROWS, CALL_ROWS = rows(TOKEN_MISTAKES), rows(CALL_MISTAKES)


@pytest.fixture(scope="module")
def world() -> World:
    """Clients and their keys."""
    return World()


@pytest.fixture(scope="module")
def settings(world: World, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings that hold them."""
    return Settings.load(write_world(tmp_path_factory.mktemp("world"), world))


@pytest.fixture(scope="module")
def served(settings: Settings) -> Iterator[Merchant]:
    """A running server."""
    with running(settings, Clock()) as merchant:
        yield merchant


@pytest.mark.parametrize(("verdict", "name", "make"), TOKEN_ROWS, ids=[f"{row[0]}: {row[1]}" for row in TOKEN_ROWS])
def test_the_server_answers_as_the_doctor_says(
    verdict: str, name: str, make: Make, world: World, served: Merchant
) -> None:
    """Of all the requests for a token in the table, the genuine ones get a token and the others are refused."""
    request = make(world)
    response = served.send(list(request.headers), request.body, method=request.method, path=request.target)
    assert (response.status_code == 200) == (verdict == "genuine"), (name, response.text)


@pytest.mark.parametrize(("verdict", "name", "make"), CALL_ROWS, ids=[f"{row[0]}: {row[1]}" for row in CALL_ROWS])
def test_calls_are_judged_as_the_doctor_says(
    verdict: str, name: str, make: Make, world: World, settings: Settings
) -> None:
    """Of all the calls in the table, the genuine ones are let through and the others are refused."""
    request = make(world)
    original = [("X-Original-Method", request.method), ("X-Original-URI", request.target)]
    headers = [*(pair for pair in request.headers if pair[0] != "Host"), *original]
    services = replace(services_of(settings, Clock()), revocations=read_copy())
    assert (asyncio.run(_authorized(services, headers, request.body)) == 200) == (verdict == "genuine"), name


async def _authorized(services: Services, headers: list[tuple[str, str]], body: bytes) -> int:
    app = application(internal_api(Internal.model_validate({}), lambda: services), lambda: services)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        return (await client.post("/authorize", headers=headers, content=body)).status_code
