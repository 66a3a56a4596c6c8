"""The hooks of the genuine pass, which schemathesis loads. They play a proxy with calls that NICEPAY has signed.

What a case has broken on purpose stays broken. The hooks replace everything else just before a request is sent, because
no generated path is in the settings, no generated timestamp is current and no generated signature is genuine.
"""

import os
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import time_ns
from typing import Any
from urllib.parse import parse_qsl

import requests
import schemathesis
from openapi_schema_validator import OAS30Validator
from schemathesis import Case, CheckContext, HookContext, Response

from tests.calls import PARTNER, URI
from tests.document import INTERNAL
from tests.forms import CALLED_SERVICES, EVERY_URI, NOTIFY_URI, SIGNED_URI
from tests.fuzz import hooks_openmetrics  # noqa: F401  it registers a deserializer
from tests.fuzz.broken import broken_headers
from tests.fuzz.call_rules import ASYMMETRIC_TOKEN, BODY_SIGNED, FORMS, NOTIFICATION, SYMMETRIC_TOKEN, Acquirers
from tests.fuzz.request_rules import RawRequest, is_valid
from tests.internal import CLIENT_KEYS, NOTIFIER_FILE, SUSPENDED, SYMMETRIC
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

PRIVATE_KEY_FILE = "FUZZ_PRIVATE_KEY_FILE"
PROXY_SECRET = "FUZZ_PROXY_SECRET"
TOKEN = "FUZZ_TOKEN"
SYMMETRIC_TOKEN_VARIABLE = "FUZZ_SYMMETRIC_TOKEN"
"""The environment variables of the private key file, the proxy's secret and the tokens.

The configuration of schemathesis also uses FUZZ_TOKEN and FUZZ_PROXY_SECRET.
"""

_SCHEMAS = {each["name"]: OAS30Validator(each["schema"]) for each in INTERNAL["paths"]["/authorize"]["parameters"]}
_OPTIONAL = {each["name"] for each in INTERNAL["paths"]["/authorize"]["parameters"] if not each.get("required")}
_PATH = URI.partition("?")[0]
_LONGEST_QUERY = 2_000
_SECRETS = {"ProxySecret", "InternalSecret"}
_numbers = count()
# Two runs may use the same server, so this prefix keeps their external ids different.
_RUN = f"{time_ns() // 1_000_000:013}"


_PATHS = {NOTIFICATION: NOTIFY_URI, BODY_SIGNED: SIGNED_URI}
_ACQUIRERS = Acquirers(
    Nicepay.from_pem(Path(os.environ[PRIVATE_KEY_FILE]).read_text()),
    Nicepay.from_pem(Path(os.environ[PRIVATE_KEY_FILE]).with_name(NOTIFIER_FILE).read_text()),
    {os.environ[TOKEN]: ASYMMETRIC_TOKEN, os.environ[SYMMETRIC_TOKEN_VARIABLE]: SYMMETRIC_TOKEN},
)


@schemathesis.hook
def before_load_schema(_context: HookContext, schema: dict[str, Any]) -> None:
    """Require the secret, because this server has one, and remove `default`, which would allow every status."""
    for item in schema["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                operation["security"] = [each for each in operation["security"] if each.keys() & _SECRETS]
                del operation["responses"]["default"]


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, object]) -> None:
    """Replace what is not broken on purpose. Calls with a body take turns in all forms of call."""
    if case.path == "/authorize":
        _make_genuine(case, next(_numbers))
    elif isinstance(case.body, dict) and case.meta and case.meta.generation.mode.is_positive:
        case.body = _valid_form(case.path, case.body, next(_numbers))


def _valid_form(path: str, body: dict[str, Any], number: int) -> dict[str, Any]:
    """The form with a known client, and with a valid token in every second introspection."""
    if "client_id" in body:
        return body | {"client_id": SUSPENDED}
    if path == "/introspect" and number % 2:
        return body | {"token": os.environ[TOKEN]}
    return body


def _make_genuine(case: Case[Any], number: int) -> None:
    form = FORMS[number % len(FORMS)] if _may_cover_body(case) else ASYMMETRIC_TOKEN
    # An optional header may be absent by the document, so its absence breaks nothing, and the hook adds it.
    broken = broken_headers(case, _SCHEMAS) - {name for name in _OPTIONAL if name not in case.headers}
    for name, value in _genuine_headers(case, number, form).items():
        if name not in broken:
            case.headers.pop(name, None)
            case.headers.update({name: value} if value else {})
    _replace_token(case, form)
    if "X-SIGNATURE" not in broken:
        headers = {name.lower(): str(value) for name, value in case.headers.items()}
        case.headers["X-SIGNATURE"] = _ACQUIRERS.signature(form, headers, _content(_prepared(case)))


def _replace_token(case: Case[Any], form: str) -> None:
    """A valid token is the one of the client that calls, and calls without a token have none."""
    if case.headers.get("Authorization") != f"Bearer {os.environ[TOKEN]}":
        return
    if form == SYMMETRIC_TOKEN:
        case.headers["Authorization"] = f"Bearer {os.environ[SYMMETRIC_TOKEN_VARIABLE]}"
    elif form != ASYMMETRIC_TOKEN:
        del case.headers["Authorization"]


def _may_cover_body(case: Case[Any]) -> bool:
    """A multipart body gets a new boundary each time it is encoded, so it cannot be signed in advance."""
    media_type = _text(_prepared(case).headers.get("Content-Type") or "")
    return case.method == "POST" and not media_type.startswith("multipart/")


def _prepared(case: Case[Any]) -> requests.PreparedRequest:
    return requests.Request(**case.as_transport_kwargs(base_url="http://127.0.0.1")).prepare()


def _genuine_headers(case: Case[Any], number: int, form: str) -> dict[str, str]:
    """The headers of a genuine call; it lacks the empty ones. Every second round is on the path of all forms.

    The drawn query and the start of the drawn external id are kept if valid. No two notifications have the same time.
    """
    drawn = str(case.headers.get("X-Original-URI", ""))[:_LONGEST_QUERY]
    drawn_id = str(case.headers.get("X-EXTERNAL-ID", ""))[:20]
    query = drawn if _SCHEMAS["X-Original-URI"].is_valid(drawn) else ""
    prefix = drawn_id if _SCHEMAS["X-EXTERNAL-ID"].is_valid(drawn_id) else ""
    timestamp = jakarta(datetime.now(UTC))
    path = EVERY_URI if number // len(FORMS) % 2 else _PATHS.get(form, _PATH)
    common = {"X-Original-Method": "POST", "X-Original-URI": f"{path}?{query}"}
    if form == NOTIFICATION:
        unique = timestamp.replace("+", f".{number:09}+")
        return {**common, "X-TIMESTAMP": unique, "X-CLIENT-KEY": CLIENT_KEY, "X-PARTNER-ID": ""}
    return {
        **common,
        "X-TIMESTAMP": timestamp,
        "X-PARTNER-ID": SYMMETRIC if form == SYMMETRIC_TOKEN else PARTNER,
        "X-EXTERNAL-ID": f"{prefix}{_RUN}{number:07}",
        **({} if path == _PATH else {"X-CLIENT-KEY": ""}),  # A path of calls with a token ignores it.
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
    valid = is_valid(request) and _OTHER_RULES.get(request.path, _no_rule)(request)
    kind = "valid" if valid else "invalid"
    assert (response.status_code == 200) == valid, f"A {kind} request got {response.status_code}"


def _is_genuine(request: RawRequest) -> bool:
    """Whether the path accepts a form that has these headers, this token and this signature."""
    service = CALLED_SERVICES.get(request.headers.get("x-original-uri", "").partition("?")[0])
    forwarded = request.method == "POST"  # Asked by GET, the server has no body to verify.
    form = _ACQUIRERS.genuine_form(service.forms if service else (), request.headers, request.body)
    return form == ASYMMETRIC_TOKEN or (form is not None and forwarded)


def _client_is_known(request: RawRequest) -> bool:
    """Whether a revocation names no client, or one of the settings. A negative case can be valid by chance."""
    return dict(parse_qsl(request.body.decode())).get("client_id", CLIENT_KEY) in CLIENT_KEYS


def _no_rule(_request: RawRequest) -> bool:
    return True


_OTHER_RULES = {"/authorize": _is_genuine, "/revoke": _client_is_known}
"""What a request must also be, which the document cannot say of a value."""


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
