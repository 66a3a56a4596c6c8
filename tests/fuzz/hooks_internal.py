"""The hooks of the genuine pass, which schemathesis loads. They play a proxy with calls that NICEPAY has signed.

What a case has broken on purpose stays broken. The hooks replace everything else just before a request is sent, because
no generated path is in the settings, no generated timestamp is current and no generated signature is genuine.
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
from openapi_schema_validator import OAS30Validator
from schemathesis import Case, CheckContext, HookContext, Response

from tests.calls import PARTNER, SECRET, URI
from tests.document import INTERNAL
from tests.forms import NOTIFY_URI, SIGNED_URI
from tests.fuzz.broken import broken_headers
from tests.fuzz.request_rules import MOST_FIELDS, RawRequest, is_valid
from tests.internal import NOTIFIER_FILE, SUSPENDED, SYMMETRIC
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

PRIVATE_KEY_FILE = "FUZZ_PRIVATE_KEY_FILE"
PROXY_SECRET = "FUZZ_PROXY_SECRET"
TOKEN = "FUZZ_TOKEN"
SYMMETRIC_TOKEN = "FUZZ_SYMMETRIC_TOKEN"
"""The environment variables of the private key file, the proxy's secret and the tokens.

The configuration of schemathesis also uses FUZZ_TOKEN and FUZZ_PROXY_SECRET.
"""

_SCHEMAS = {each["name"]: OAS30Validator(each["schema"]) for each in INTERNAL["paths"]["/authorize"]["parameters"]}
_PATH = URI.partition("?")[0]
_LONGEST_QUERY = 2_000
_numbers = count()
# Two runs may use the same server, so this prefix keeps their external ids different.
_RUN = f"{time_ns() // 1_000_000:013}"


FORMS = ("asymmetric", "symmetric", "notification", "body-signed")
_PATHS = {"notification": NOTIFY_URI, "body-signed": SIGNED_URI}
_NICEPAY = Nicepay.from_pem(Path(os.environ[PRIVATE_KEY_FILE]).read_text())
_NOTIFIER = Nicepay.from_pem(Path(os.environ[PRIVATE_KEY_FILE]).with_name(NOTIFIER_FILE).read_text())


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, object]) -> None:
    """Replace what is not broken on purpose. Calls with a body take turns in all forms of call."""
    if case.path == "/authorize":
        _make_genuine(case, next(_numbers))
    elif isinstance(case.body, dict) and case.meta and case.meta.generation.mode.is_positive:
        case.body = _valid_form(case.path, case.body, next(_numbers))


def _valid_form(path: str, body: dict[str, Any], number: int) -> dict[str, Any]:
    """A form of strings with at most 16 fields, a known client, and a valid token in every second introspection."""
    fields = {name: value if isinstance(value, str) else "x" for name, value in list(body.items())[-MOST_FIELDS:]}
    if "client_id" in fields:
        return fields | {"client_id": SUSPENDED}
    if path == "/introspect" and number % 2:
        return fields | {"token": os.environ[TOKEN]}
    return fields


def _make_genuine(case: Case[Any], number: int) -> None:
    form = FORMS[number % len(FORMS)] if _may_cover_body(case) else "asymmetric"
    broken = broken_headers(case, _SCHEMAS)
    for name, value in _genuine_headers(case, number, form).items():
        if name not in broken:
            case.headers.pop(name, None)
            case.headers.update({name: value} if value else {})
    _replace_token(case, form)
    if "X-SIGNATURE" not in broken:
        case.headers["X-SIGNATURE"] = _signature(case, form)


def _replace_token(case: Case[Any], form: str) -> None:
    """A valid token is the one of the client that calls, and calls without a token have none."""
    if case.headers.get("Authorization") != f"Bearer {os.environ[TOKEN]}":
        return
    if form == "symmetric":
        case.headers["Authorization"] = f"Bearer {os.environ[SYMMETRIC_TOKEN]}"
    elif form != "asymmetric":
        del case.headers["Authorization"]


def _signature(case: Case[Any], form: str) -> str:
    timestamp = _header(case, "X-TIMESTAMP")
    if form == "asymmetric":
        return _NICEPAY.signature(timestamp)
    if form == "notification":
        return _NOTIFIER.signature(timestamp, _header(case, "X-CLIENT-KEY"))
    hashed = sha256(_content(_prepared(case))).hexdigest()
    method, uri = _header(case, "X-Original-Method"), _header(case, "X-Original-URI")
    if form == "body-signed":
        return _NICEPAY.signature_of(f"{method}:{uri}:{hashed}:{timestamp}")
    token = _header(case, "Authorization").removeprefix("Bearer ")
    message = f"{method}:{uri}:{token}:{hashed}:{timestamp}"
    return b64encode(digest(SECRET, message.encode(), "sha512")).decode()


def _may_cover_body(case: Case[Any]) -> bool:
    """A multipart body gets a new boundary each time it is encoded, so it cannot be signed in advance."""
    media_type = _text(_prepared(case).headers.get("Content-Type") or "")
    return case.method == "POST" and not media_type.startswith("multipart/")


def _prepared(case: Case[Any]) -> requests.PreparedRequest:
    return requests.Request(**case.as_transport_kwargs(base_url="http://127.0.0.1")).prepare()


def _genuine_headers(case: Case[Any], number: int, form: str) -> dict[str, str]:
    """The headers of a genuine call; it lacks the empty ones.

    The drawn query and the start of the drawn external id are kept if valid. No two notifications have the same time.
    """
    drawn = str(case.headers.get("X-Original-URI", ""))[:_LONGEST_QUERY]
    drawn_id = str(case.headers.get("X-EXTERNAL-ID", ""))[:20]
    query = drawn if _SCHEMAS["X-Original-URI"].is_valid(drawn) else ""
    prefix = drawn_id if _SCHEMAS["X-EXTERNAL-ID"].is_valid(drawn_id) else ""
    timestamp = jakarta(datetime.now(UTC))
    common = {"X-Original-Method": "POST", "X-Original-URI": f"{_PATHS.get(form, _PATH)}?{query}"}
    if form == "notification":
        unique = timestamp.replace("+", f".{number:09}+")
        return {**common, "X-TIMESTAMP": unique, "X-CLIENT-KEY": CLIENT_KEY, "X-PARTNER-ID": ""}
    return {
        **common,
        "X-TIMESTAMP": timestamp,
        "X-PARTNER-ID": SYMMETRIC if form == "symmetric" else PARTNER,
        "X-EXTERNAL-ID": f"{prefix}{_RUN}{number:07}",
        **({"X-CLIENT-KEY": ""} if form == "body-signed" else {}),
    }


def _header(case: Case[Any], name: str) -> str:
    return str(case.headers.get(name, ""))


@schemathesis.check
def right_request_acceptance(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """A request without the secret gets 401, a valid request gets 200, and other requests do not."""
    request = _raw_request(response, case)
    secret, _ = request.credentials
    if request.operation and request.operation["security"] and secret != f"Bearer {os.environ[PROXY_SECRET]}":
        assert response.status_code == 401, f"A request without the secret got {response.status_code}"
        return
    valid = is_valid(request) and (request.path != "/authorize" or _has_valid_form(request))
    kind = "valid" if valid else "invalid"
    assert (response.status_code == 200) == valid, f"A {kind} request got {response.status_code}"


def _has_valid_form(request: RawRequest) -> bool:
    """Whether the headers are those of the form of call that the path accepts. A second reading of the rules."""
    get = request.headers.get
    path = (get("x-original-uri") or "").partition("?")[0]
    names = ("authorization", "x-client-key", "x-partner-id", "x-external-id")
    token, client_key, partner, external = (bool(get(name)) for name in names)
    if path == NOTIFY_URI:
        return request.method == "POST" and client_key and not (token or partner)
    if path == SIGNED_URI:
        return request.method == "POST" and partner and external and not (token or client_key)
    tokens = {f"Bearer {os.environ[name]}" for name in (TOKEN, SYMMETRIC_TOKEN)}
    return get("authorization") in tokens and partner and external


def _raw_request(response: Response, case: Case[Any]) -> RawRequest:
    request = response.request
    assert request.method
    headers = {name.lower(): _text(value).strip(" \t") for name, value in request.headers.items()}
    return RawRequest(request.method, case.path, headers, _content(request))


def _content(request: requests.PreparedRequest) -> bytes:
    body = request.body or b""
    assert isinstance(body, str | bytes)
    return body.encode() if isinstance(body, str) else body


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
