"""The hooks of the genuine pass, for schemathesis to load: a proxy that holds calls which NICEPAY has signed.

What a case has broken on purpose stays broken; everything else is made right just before it is sent, since no
generated path is mapped, no generated timestamp is current and no generated signature is genuine.
"""

import os
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest
from itertools import count
from pathlib import Path
from time import time_ns
from typing import Any

import requests
import schemathesis
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from openapi_schema_validator import OAS30Validator
from schemathesis import Case, CheckContext, HookContext, Response

from tests.calls import PARTNER, SECRET, URI
from tests.document import INTERNAL
from tests.fuzz.broken import broken_headers
from tests.fuzz.right import Wire, is_right
from tests.internal import SUSPENDED, SYMMETRIC
from tests.nicepay import Nicepay, jakarta

PRIVATE_KEY_FILE = "FUZZ_PRIVATE_KEY_FILE"
PROXY_SECRET = "FUZZ_PROXY_SECRET"
TOKEN = "FUZZ_TOKEN"
SYMMETRIC_TOKEN = "FUZZ_SYMMETRIC_TOKEN"
"""The variables that hand over who asks, who signs, and the tokens; the first token is in the configuration too."""

_FORMS = {each["name"]: OAS30Validator(each["schema"]) for each in INTERNAL["paths"]["/authorize"]["parameters"]}
_PATH = URI.partition("?")[0]
_LONGEST_QUERY = 2_000
_MOST_FIELDS = 16
_numbers = count()
# Two runs may ask one server, and no external id comes twice.
_RUN = f"{time_ns() // 1_000_000:013}"


def _nicepay() -> Nicepay:
    key = load_pem_private_key(Path(os.environ[PRIVATE_KEY_FILE]).read_bytes(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return Nicepay(private_key=key)


_NICEPAY = _nicepay()


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, object]) -> None:
    """Make right what is not broken on purpose: every second call with a body is signed symmetrically."""
    if case.path == "/authorize":
        _make_genuine(case, next(_numbers))
    elif isinstance(case.body, dict) and case.meta and case.meta.generation.mode.is_positive:
        case.body = _right_form(case.path, case.body, next(_numbers))


def _right_form(path: str, body: dict[str, Any], number: int) -> dict[str, Any]:
    """Each field once, since what is no text has no form of its own; a client that is known; a token now and then."""
    fields = {name: value if isinstance(value, str) else "x" for name, value in list(body.items())[-_MOST_FIELDS:]}
    if "client_id" in fields:
        return fields | {"client_id": SUSPENDED}
    if path == "/introspect" and number % 2:
        return fields | {"token": os.environ[TOKEN]}
    return fields


def _make_genuine(case: Case[Any], number: int) -> None:
    symmetric = bool(number % 2) and _may_be_symmetric(case)
    broken = broken_headers(case, _FORMS)
    for name, value in _right_headers(case, number, symmetric=symmetric).items():
        if name not in broken:
            case.headers[name] = value
    if symmetric and case.headers.get("Authorization") == f"Bearer {os.environ[TOKEN]}":
        case.headers["Authorization"] = f"Bearer {os.environ[SYMMETRIC_TOKEN]}"
    if "X-SIGNATURE" not in broken:
        case.headers["X-SIGNATURE"] = _symmetric(case) if symmetric else _NICEPAY.signature(_sent(case, "X-TIMESTAMP"))


def _may_be_symmetric(case: Case[Any]) -> bool:
    """A multipart body has another boundary each time that it is written down, so it cannot be signed before."""
    media_type = _text(_prepared(case).headers.get("Content-Type") or "")
    return case.method == "POST" and not media_type.startswith("multipart/")


def _prepared(case: Case[Any]) -> requests.PreparedRequest:
    return requests.Request(**case.as_transport_kwargs(base_url="http://127.0.0.1")).prepare()


def _right_headers(case: Case[Any], number: int, *, symmetric: bool) -> dict[str, str]:
    """What is drawn stays where it does no harm: the query, the beginning of the external id."""
    drawn = str(case.headers.get("X-Original-URI", ""))[:_LONGEST_QUERY]
    drawn_id = str(case.headers.get("X-EXTERNAL-ID", ""))[:20]
    query = drawn if _FORMS["X-Original-URI"].is_valid(drawn) else ""
    begin = drawn_id if _FORMS["X-EXTERNAL-ID"].is_valid(drawn_id) else ""
    return {
        "X-Original-Method": "POST",
        "X-Original-URI": f"{_PATH}?{query}",
        "X-TIMESTAMP": jakarta(datetime.now(UTC)),
        "X-PARTNER-ID": SYMMETRIC if symmetric else PARTNER,
        "X-EXTERNAL-ID": f"{begin}{_RUN}{number:07}",
    }


def _sent(case: Case[Any], name: str) -> str:
    return str(case.headers.get(name, ""))


def _symmetric(case: Case[Any]) -> str:
    """Over the body as it will be sent."""
    content = _content(_prepared(case))
    token = _sent(case, "Authorization").removeprefix("Bearer ")
    values = (_sent(case, "X-Original-Method"), _sent(case, "X-Original-URI"), token, sha256(content).hexdigest())
    message = ":".join((*values, _sent(case, "X-TIMESTAMP")))
    return b64encode(digest(SECRET, message.encode(), "sha512")).decode()


@schemathesis.check
def right_request_acceptance(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """Who has no right to ask is refused for that; a right request gets its 200, and no other does."""
    wire = _wire(response, case)
    secret, token = wire.credentials
    if wire.operation and wire.operation["security"] and secret != f"Bearer {os.environ[PROXY_SECRET]}":
        assert response.status_code == 401, f"A request without the secret got {response.status_code}"
        return
    tokens = {f"Bearer {os.environ[name]}" for name in (TOKEN, SYMMETRIC_TOKEN)}
    right = is_right(wire) and (wire.path != "/authorize" or token in tokens)
    kind = "right" if right else "wrong"
    assert (response.status_code == 200) == right, f"A {kind} request got {response.status_code}"


def _wire(response: Response, case: Case[Any]) -> Wire:
    request = response.request
    assert request.method
    headers = {name.lower(): _text(value).strip(" \t") for name, value in request.headers.items()}
    return Wire(request.method, case.path, headers, _content(request))


def _content(request: requests.PreparedRequest) -> bytes:
    body = request.body or b""
    assert isinstance(body, str | bytes)
    return body.encode() if isinstance(body, str) else body


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
