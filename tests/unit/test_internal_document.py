"""The internal document: it is valid, its examples are true, and it agrees with the public document."""

import hmac
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from copy import deepcopy
from hashlib import sha256
from typing import Any

import pytest
from connexion import AsyncApp
from connexion.resolver import Resolver
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

from handlers.server.http.limits import BODY_SECONDS, LARGEST_BODY, LARGEST_HEADERS, LONGEST_TARGET, MOST_HEADERS
from tests.document import DOCUMENT, INTERNAL, INTERNAL_PATH, INTERNAL_RAW, PATH
from tests.document import OPERATION as ISSUE

TEXT = INTERNAL_PATH.read_text(encoding="utf-8")
PROSE = INTERNAL["info"]["description"]
SCHEMAS = INTERNAL["components"]["schemas"]
RESPONSES = INTERNAL["components"]["responses"]
BODIES = INTERNAL["components"]["requestBodies"]
OPERATIONS: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation
    for item in INTERNAL["paths"].values()
    for method, operation in item.items()
    if method != "parameters"
}
PARAMETERS = {each["name"]: each for each in INTERNAL["paths"]["/authorize"]["parameters"]}
FORM = "application/x-www-form-urlencoded"
MESSAGES = {
    "40000": "Bad Request",
    "40001": "Invalid Field Format .+",
    "40002": "Invalid Mandatory Field .+",
    "40100": r"Unauthorized\. .+",
    "40101": r"Invalid Token \(B2B\)",
    "40103": r"Token Not Found \(B2B\)",
    "40400": "Not Found",
    "40500": "Requested Function Is Not Supported",
    "40800": "Request Timeout",
    "40900": "Conflict",
    "41300": "Content Too Large",
    "41400": "URI Too Long",
    "41500": "Unsupported Media Type",
    "42900": "Too Many Requests",
    "43100": "Request Header Fields Too Large",
    "50000": "General Error",
    "50002": "External Server Error",
    "50300": "Service Unavailable",
}
"""Message by status and case code: from ASPI's table, or the reason phrase of HTTP if ASPI has no row."""


def _answers() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every response of every operation: operationId, status, response."""
    for name, operation in OPERATIONS.items():
        for status, response in operation["responses"].items():
            yield name, status, response


def _examples(response: dict[str, Any]) -> list[dict[str, Any]]:
    content = response.get("content", {"application/json": {"examples": {}}})
    return [example["value"] for example in content["application/json"]["examples"].values()]


def _refusals() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Every example of a refusal: operationId, status, body."""
    for name, status, response in _answers():
        if status not in {"200", "default"}:
            yield from ((name, status, example) for example in _examples(response))


def _block(title: str) -> str:
    """The fenced text under a title in the prose."""
    found = re.search(rf"^{re.escape(title)}:\n\n```\w*\n(.*?)\n```$", PROSE, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def _example_request(title: str = "What the proxy sends here") -> tuple[dict[str, str], str]:
    """Headers and body of a worked example."""
    head, body = _block(title).split("\n\n")
    return dict(line.split(": ", 1) for line in head.splitlines()[1:]), body


def test_the_document_is_valid() -> None:
    """A validator that the server does not use accepts the document as OpenAPI 3.0.3."""
    validate(INTERNAL_RAW)
    assert INTERNAL_RAW["openapi"] == "3.0.3"


def test_connexion_loads_the_document() -> None:
    """Connexion asks for a function for every operationId and for no other, and serves it."""
    asked_for: set[str] = set()

    def function(operation_id: str) -> Callable[[], dict[str, str]]:
        asked_for.add(operation_id)
        return lambda: {"status": "ok"}

    app = AsyncApp(__name__)
    app.add_api(deepcopy(INTERNAL_RAW), resolver=Resolver(function))
    with app.test_client() as client:
        assert client.get("/livez").json() == {"status": "ok"}
    assert asked_for == OPERATIONS.keys()


def test_the_document_does_not_mention_python() -> None:
    """The document says nothing about how it is served."""
    assert not re.search(r"python|connexion|handlers|x-openapi-router-controller|uvicorn", TEXT, re.IGNORECASE)


def test_operation_ids_are_unique_across_both_documents() -> None:
    """No operationId occurs twice, in one document or in both."""
    ids = re.findall(r"operationId: (\S+)", TEXT + PATH.read_text(encoding="utf-8"))
    assert len(ids) == len(set(ids)) == len(OPERATIONS) + 1


def test_both_documents_agree() -> None:
    """Version, contact, licence, and the schemas and headers that both documents define are equal."""
    for field in ("version", "contact", "license"):
        assert INTERNAL["info"][field] == DOCUMENT["info"][field]
    for name in ("Timestamp", "ClientKey"):
        assert SCHEMAS[name] == DOCUMENT["components"]["schemas"][name]
    for name in ("X-TIMESTAMP", "Cache-Control"):
        assert INTERNAL["components"]["headers"][name] == DOCUMENT["components"]["headers"][name]
    public = {each["name"]: each["schema"] for each in ISSUE["parameters"]}
    for name in ("X-TIMESTAMP", "X-SIGNATURE"):
        assert PARAMETERS[name]["schema"] == public[name]


def test_the_worked_example_verifies() -> None:
    """The printed signature is the HMAC of the printed string to sign, with the printed secret."""
    headers, _ = _example_request()
    digest = hmac.digest(_block("Client secret").encode(), _block("String to sign").encode(), "sha512")
    assert b64encode(digest).decode() == headers["X-SIGNATURE"]


@pytest.mark.parametrize(
    ("form", "key"), [("notification", "Notification key"), ("body-signed call", "Public key of the client")]
)
def test_the_examples_without_a_token_verify(form: str, key: str) -> None:
    """The printed signature verifies with the printed key over the printed string to sign, made of the call."""
    headers, body = _example_request(f"What the proxy sends for a {form}")
    message = _block(f"{form.capitalize()}, string to sign")
    public = load_pem_public_key(_block(key).encode())
    assert isinstance(public, RSAPublicKey)
    public.verify(b64decode(headers["X-SIGNATURE"]), message.encode(), PKCS1v15(), SHA256())
    hashed = sha256(_block("Body, minified").encode()).hexdigest()
    parts = (headers["X-Original-Method"], headers["X-Original-URI"], hashed, headers["X-TIMESTAMP"])
    of_notification = f"{headers.get('X-CLIENT-KEY')}|{headers['X-TIMESTAMP']}"
    assert message == (of_notification if form == "notification" else ":".join(parts))
    assert form == "notification" or body == _example_request()[1]


def test_the_string_to_sign_comes_from_the_call() -> None:
    """It has the method, URI, token, hash of the minified body and timestamp of the printed request."""
    headers, body = _example_request()
    minified = _block("Body, minified")
    values = (
        headers["X-Original-Method"],
        headers["X-Original-URI"],
        headers["Authorization"].removeprefix("Bearer "),
        sha256(minified.encode()).hexdigest(),
        headers["X-TIMESTAMP"],
    )
    assert _block("String to sign") == ":".join(values)
    assert minified != body
    assert json.loads(minified) == json.loads(body)


def test_the_token_is_the_one_of_the_public_example() -> None:
    """The worked example uses the token of the public document, and introspects the same token."""
    headers, _ = _example_request()
    assert f'"accessToken":"{headers["Authorization"].removeprefix("Bearer ")}"' in DOCUMENT["info"]["description"]
    active, _ = _examples(RESPONSES["Introspection"])
    assert active["exp"] - active["iat"] == 900


def test_the_parameters_show_the_worked_example() -> None:
    """The examples of the headers are the values of the worked example, or of that of a notification."""
    headers, _ = _example_request()
    notification, _ = _example_request("What the proxy sends for a notification")
    shown = notification | headers
    assert (set(PARAMETERS) - set(headers), set(PARAMETERS) - set(shown)) == ({"X-CLIENT-KEY", "ORIGIN"}, {"ORIGIN"})
    examples = {name: PARAMETERS[name]["example"] for name in shown.keys() & PARAMETERS.keys()}
    assert examples.pop("X-Original-Delivery") == ""  # Empty counts as absent. Only nginx sends another value.
    assert examples.items() <= shown.items()


def test_the_answer_shows_the_worked_example() -> None:
    """The answer to a genuine call has the headers of the worked example, and no body."""
    head = _block("Answer")
    assert "\nContent-Length: 0\n" in head
    assert "content" not in RESPONSES["Genuine"]
    for name, header in RESPONSES["Genuine"]["headers"].items():
        assert f"\n{name}: " in head
        assert name == "X-TIMESTAMP" or f"\n{name}: {header['example']}" in head


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_examples_of_parameters_fit_their_schemas(name: str) -> None:
    """The server would accept the example of each header."""
    OAS30Validator(PARAMETERS[name]["schema"]).validate(PARAMETERS[name]["example"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Original-Method", "post"),
        ("X-Original-Method", "POST /"),
        ("X-Original-URI", "api/v1.0/transfer-va/inquiry"),
        ("X-Original-URI", "/api/v1.0 /transfer-va/inquiry"),
        ("X-Original-URI", "https://merchant.example/"),
        ("X-Original-URI", "/" + "a" * 2048),
        ("X-PARTNER-ID", "P" * 37),
        ("X-PARTNER-ID", "P\u00e9"),
        ("X-EXTERNAL-ID", "1" * 41),
        ("X-EXTERNAL-ID", "ordNo 1"),
        ("X-CLIENT-KEY", "C" * 37),
        ("X-CLIENT-KEY", "C D"),
        ("X-SIGNATURE", "A" * 2052),
        ("X-SIGNATURE", "AB=="),
        ("CHANNEL-ID", "9" * 37),
    ],
)
def test_malformed_headers_do_not_fit(name: str, value: str) -> None:
    """The schema refuses what the prose calls malformed."""
    assert not OAS30Validator(PARAMETERS[name]["schema"]).is_valid(value)


@pytest.mark.parametrize("name", ["IntrospectionRequestBody", "RevocationRequestBody"])
def test_the_examples_of_forms_fit_their_schemas(name: str) -> None:
    """The server would accept the example of each form."""
    form = BODIES[name]["content"][FORM]
    for example in form["examples"].values():
        OAS30Validator(form["schema"]).validate(example["value"])


def test_the_body_of_a_call_is_that_of_the_worked_example() -> None:
    """A generator finds `application/octet-stream` first. Any other media type has the same schema and example."""
    content = BODIES["CallBody"]["content"]
    assert list(content) == ["application/octet-stream", "*/*"]
    assert content["application/octet-stream"] == content["*/*"]
    assert content["*/*"]["schema"]["example"] == _example_request()[1]


@pytest.mark.parametrize("form", [{}, {"token": "a", "client_id": "b"}, {"token": ""}, {"client_id": "a b"}])
def test_a_revocation_names_exactly_one_thing(form: dict[str, str]) -> None:
    """A form with neither field, with both, or with an empty or malformed one does not fit."""
    assert not OAS30Validator(SCHEMAS["RevocationRequest"]).is_valid(form)


@pytest.mark.parametrize("name", RESPONSES)
def test_the_examples_of_answers_fit_their_schemas(name: str) -> None:
    """Every response with a body has an example. All examples fit, also of the headers."""
    content = RESPONSES[name].get("content", {})
    assert content or name == "Genuine"
    for media_type in content.values():
        for example in media_type["examples"].values():
            OAS30Validator(media_type["schema"]).validate(example["value"])
    for header in RESPONSES[name]["headers"].values():
        OAS30Validator(header["schema"]).validate(header["example"])


def test_each_answer_stands_under_the_status_of_its_code() -> None:
    """The first three digits of a responseCode are the status under which it is documented."""
    for _, status, example in _refusals():
        assert example["responseCode"][:3] == status


def test_each_refusal_says_what_aspi_says() -> None:
    """The message fits status and case code, and the document shows every code."""
    shown = set()
    for _, _, example in _refusals():
        row = example["responseCode"][:3] + example["responseCode"][5:]
        assert re.fullmatch(MESSAGES[row], example["responseMessage"])
        shown.add(row)
    assert shown == MESSAGES.keys()


def test_calls_have_the_service_code_of_the_example() -> None:
    """A refusal has the service code of the worked example's path, or 00 if there is none."""
    service = re.search(r'service_code = "(\d\d)"', PROSE)
    assert service
    without_token = {"25", "33"}
    for name, _, example in _refusals():
        others = without_token if re.search("X-CLIENT-KEY| or X-SIGNATURE", example["responseMessage"]) else set()
        assert example["responseCode"][3:5] in {service[1], "00", *others}, name


def test_every_answer_has_the_headers_of_snap() -> None:
    """Every response has the server's time and no-store, a 401 has a challenge, and a 405 the methods."""
    demanded = {"401": {"WWW-Authenticate"}, "405": {"Allow"}}
    for name, status, response in _answers():
        required = {key for key, header in response["headers"].items() if header.get("required")}
        assert required >= {"X-TIMESTAMP", "Cache-Control", *demanded.get(status, ())}, (name, status)


def test_only_a_genuine_answer_names_the_client() -> None:
    """No refusal has a header that a proxy would pass to the merchant's service, or leads nginx to this service."""
    for name, response in RESPONSES.items():
        assert not {"X-Client-Key", "X-External-Id"} & response["headers"].keys() or name == "Genuine"
    elsewhere = RESPONSES["UnauthorizedCall"]["headers"]["X-Accel-Redirect"]["schema"]["enum"]
    assert elsewhere == ["@wrong_secret"]
    assert {name for name, each in RESPONSES.items() if "X-Accel-Redirect" in each["headers"]} == {
        "Genuine",
        "UnauthorizedCall",
    }


def test_what_each_operation_demands() -> None:
    """A call needs the proxy's secret, and may need its token. Forms and metrics need the secret. Health needs nothing.

    On loopback, the settings may have no secret.
    """
    security = {name: operation["security"] for name, operation in OPERATIONS.items()}
    with_secret: list[dict[str, list[str]]] = [{"AccessToken": [], "ProxySecret": []}, {"ProxySecret": []}]
    call = [*with_secret, {"AccessToken": []}, {}]
    secret: list[dict[str, list[str]]] = [{"InternalSecret": []}, {}]
    assert security == {
        "authorizeCall": call,
        "authorizeCallWithoutBody": call,
        "introspectToken": secret,
        "revokeTokens": secret,
        "reportLiveness": [],
        "reportReadiness": [],
        "reportMetrics": secret,
    }


def test_the_limits_in_the_prose_are_the_limits_of_the_code() -> None:
    """The document states the limits that the server has."""
    for name in ("IntrospectionRequestBody", "RevocationRequestBody"):
        assert f"{LARGEST_BODY:,} bytes" in BODIES[name]["description"]
    assert f"{LARGEST_BODY:,} bytes" in RESPONSES["FormTooLarge"]["description"]
    assert f"{BODY_SECONDS:.0f} seconds" in RESPONSES["RequestTimeout"]["description"]
    assert f"{LONGEST_TARGET:,} bytes" in RESPONSES["UriTooLong"]["description"]
    assert f"{MOST_HEADERS} headers" in RESPONSES["HeadersTooLarge"]["description"]
    assert f"{LARGEST_HEADERS:,} bytes" in RESPONSES["HeadersTooLarge"]["description"]
    for text in (BODIES["CallBody"]["description"], RESPONSES["CallTooLarge"]["description"]):
        assert f"{256 * 1024:,} bytes" in text
