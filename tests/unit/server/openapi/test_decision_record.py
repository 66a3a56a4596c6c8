"""The audit trail's record of a decision, from a request without a socket."""

import asyncio
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from handlers.audit.appender import TrailOptions
from handlers.audit.checkpoint import CheckpointKey
from handlers.audit.record import Record
from handlers.audit.writer import TrailWriter
from handlers.config.settings import Settings
from handlers.config.tables import Internal
from handlers.request_limits import RequestLimits
from handlers.server.openapi.application import application, internal_api, public_api
from handlers.services import Services
from handlers.snap.token import TokenKeys
from tests.calls import loaded_revocations
from tests.document import TOKEN_PATH
from tests.merchant import BASE_PATH, NOON, Clock, services_of
from tests.nicepay import BODY, Nicepay, jakarta
from tests.trail_files import Line, chain_of

KEY = CheckpointKey.of(Ed25519PrivateKey.generate())


class _BrokenKeys(TokenKeys):
    """Keys that raise an unexpected error."""

    def issue(self, client_key: str, issued_at: datetime) -> str:
        raise RuntimeError(client_key, issued_at)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "audit"
    folder.mkdir()
    return folder


@pytest.fixture
def trail(folder: Path) -> TrailWriter:
    return TrailWriter(TrailOptions(folder, KEY, 100_000, durable=True), Clock(), continues=False)


@pytest.fixture
def services(settings_file: Path, trail: TrailWriter) -> Services:
    """Services that issue tokens and record them."""
    merchant = services_of(Settings.load(settings_file), Clock())
    return replace(merchant, revocations=loaded_revocations(), audit_trail=trail)


def _serve(services: Services, *requests: httpx.Request, internal: bool = False) -> list[httpx.Response]:
    api = internal_api(Internal.model_validate({}), lambda: services) if internal else public_api(BASE_PATH)

    async def exchange() -> list[httpx.Response]:
        trail = services.audit_trail
        assert trail
        transport = httpx.ASGITransport(application(api, lambda: services))
        async with trail.running(), httpx.AsyncClient(transport=transport) as client:
            return [await client.send(request) for request in requests]

    return asyncio.run(exchange())


def _token_request(nicepay: Nicepay, **headers: str) -> httpx.Request:
    signed = nicepay.headers(jakarta(NOON)) | headers
    return httpx.Request("POST", f"http://merchant.example{BASE_PATH}{TOKEN_PATH}", headers=signed, content=BODY)


def _get(path: str, **headers: str) -> httpx.Request:
    return httpx.Request("GET", f"http://merchant.example{path}", headers=headers)


def _decisions(folder: Path) -> list[Line]:
    """The lines of decisions, without those of the files and without checkpoints."""
    lines = chain_of(folder) if folder.exists() else []
    return [line for line in lines if not line["event"].startswith(("file.", "checkpoint", "trail."))]


def test_an_issued_token_is_recorded_by_its_fingerprint(services: Services, nicepay: Nicepay, folder: Path) -> None:
    """The line has digests of the token, the signature and the body, and the fingerprint of the key."""
    request = _token_request(nicepay)
    (response,) = _serve(services, request)
    (line,) = _decisions(folder)
    assert (line["event"], line["outcome"], line["client"]) == ("token.issued", "issued", nicepay.client_key)
    assert line["request_id"] == response.headers["x-request-id"]
    assert line["signature_sha256"] == sha256(request.headers["x-signature"].encode()).hexdigest()
    assert line["body_sha256"] == sha256(BODY).hexdigest()
    assert (len(line["token"]), len(line["key"]), line["repeat"]) == (64, 64, False)
    assert line["expires_at"] == "2026-01-22T05:15:01Z"
    assert "method" not in line


def test_a_refusal_is_recorded_with_its_reason(services: Services, nicepay: Nicepay, folder: Path) -> None:
    """A refused request has its reason and the field that is wrong. What it does not have is left out."""
    _serve(services, _token_request(nicepay, **{"X-SIGNATURE": ""}))
    (line,) = _decisions(folder)
    assert (line["event"], line["outcome"], line["response_code"]) == ("token.refused", "refused", "4007302")
    assert (line["reason"], line["field"]) == ("header.missing", "X-SIGNATURE")
    assert "signature_sha256" not in line


def test_a_failure_is_recorded(services: Services, nicepay: Nicepay, folder: Path) -> None:
    """An unexpected error is an outcome too."""
    _serve(replace(services, token_keys=_BrokenKeys.__new__(_BrokenKeys)), _token_request(nicepay))
    (line,) = _decisions(folder)
    assert (line["event"], line["outcome"], line["reason"]) == ("token.failed", "failed", "unexpected")


@pytest.mark.parametrize("internal", [False, True])
def test_what_is_no_decision_is_not_recorded(services: Services, folder: Path, *, internal: bool) -> None:
    """Unknown paths, other methods and health checks leave no line."""
    requests = (_get("/unknown"), _get(BASE_PATH + TOKEN_PATH), _get("/livez"), _get("/readyz"))
    _serve(services, *requests, internal=internal)
    assert _decisions(folder) == []


def test_secrets_that_a_caller_sends_are_masked(services: Services, folder: Path) -> None:
    """A token in another header of a call does not get into the trail."""
    token = services.token_keys.issue("IONPAYTEST", NOON)
    headers = {"X-Original-Method": "POST", "X-Original-URI": f"/{token}", "X-EXTERNAL-ID": token[:40]}
    _serve(services, _get("/authorize", **headers, **{"X-PARTNER-ID": token[:36]}), internal=True)
    (line,) = _decisions(folder)
    assert (line["event"], line["path"]) == ("call.refused", "***[signature]")
    assert line["external_id"] == line["partner_id"] == "***[access token]"


def test_a_success_that_cannot_be_recorded_is_refused(
    services: Services, nicepay: Nicepay, folder: Path, tmp_path: Path
) -> None:
    """The request that meets the failure first gets no token either: 5007302, and the log says why."""
    folder.rename(tmp_path / "away")
    (response,) = _serve(services, _token_request(nicepay))
    assert (response.status_code, response.json()["responseCode"]) == (500, "5007302")
    assert response.headers["retry-after"] == "1"
    assert not folder.exists()


def test_a_request_is_refused_before_the_state_store_remembers_it(
    services: Services, nicepay: Nicepay, trail: TrailWriter, folder: Path, tmp_path: Path
) -> None:
    """While the trail is known to be down, a request uses up nothing, so the caller can send it again."""
    strict = replace(services, repeat="refuse")
    api = application(public_api(BASE_PATH), lambda: strict)

    async def exchange() -> list[int]:
        async with trail.running(), httpx.AsyncClient(transport=httpx.ASGITransport(api)) as client:
            folder.rename(tmp_path / "away")  # noqa: ASYNC240  a small folder
            trail.put(Record("token.refused", NOON))
            while trail.up:  # noqa: ASYNC110  another thread changes it
                await asyncio.sleep(0.005)
            first = await client.send(_token_request(nicepay))
            (tmp_path / "away").rename(folder)
            while not trail.up:  # noqa: ASYNC110  the same
                await asyncio.sleep(0.005)
            second = await client.send(_token_request(nicepay))
            return [first.status_code, second.status_code]

    assert asyncio.run(exchange()) == [500, 200]
    assert [line.get("reason") for line in _decisions(folder)] == [None, "audit.down", None]


def test_a_request_beyond_a_limit_is_recorded(services: Services, nicepay: Nicepay, folder: Path) -> None:
    """Each refusal with 429 has a line, also those that the log leaves out."""
    limited = replace(services, request_limits=RequestLimits(client_requests=1))
    _serve(limited, *[_token_request(nicepay)] * 21)
    reasons = [line.get("reason") for line in _decisions(folder)]
    assert reasons == [None] + ["client.too_many_requests"] * 20
