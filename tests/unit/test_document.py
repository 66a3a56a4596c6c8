"""The public document: it is valid, its examples are true, and it agrees with the code."""

import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis.strategies import characters, from_regex, text
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

from handlers.server.http.limits import BODY_SECONDS, LARGEST_BODY, LARGEST_HEADERS, LONGEST_TARGET, MOST_HEADERS
from handlers.server.openapi.application import public_api
from handlers.snap.client import CLIENT_KEY
from handlers.snap.codes import ACCESS_TOKEN_SERVICE, CATALOGUE
from tests.document import DOCUMENT, INTERNAL_RAW, OPERATION, PATH, PROXY_ANSWERS, RAW, RESPONSES

TEXT = PATH.read_text(encoding="utf-8")
PROSE = DOCUMENT["info"]["description"]
PARAMETERS = {each["name"]: each for each in OPERATION["parameters"]}
TIMESTAMP = PARAMETERS["X-TIMESTAMP"]["schema"]


def _examples(*statuses: str) -> list[dict[str, str]]:
    contents = [RESPONSES[status]["content"]["application/json"] for status in statuses]
    return [example["value"] for content in contents for example in content["examples"].values()]


def _examples_of_the_server() -> list[dict[str, str]]:
    return _examples(*RESPONSES.keys() - PROXY_ANSWERS.keys())


def _is_timestamp(value: str) -> bool:
    return bool(OAS30Validator(TIMESTAMP).is_valid(value))


def test_the_document_is_valid() -> None:
    """A validator that the server does not use accepts the document as OpenAPI 3.0.3."""
    validate(RAW)
    assert RAW["openapi"] == "3.0.3"


def test_the_variables_of_the_servers_have_no_description() -> None:
    """Swagger Parser up to 13.0 refuses a description there in OpenAPI 3.1, so the server describes its variables."""
    for server in (*RAW["servers"], *INTERNAL_RAW["servers"]):
        for name, variable in server["variables"].items():
            assert "description" not in variable
            assert f"`{name}`" in server["description"]


def _schemas(node: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  YAML
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _schemas(child)


@pytest.mark.parametrize("document", [RAW, INTERNAL_RAW], ids=["public", "internal"])
def test_generators_can_write_the_schemas_as_code(document: dict[str, Any]) -> None:
    """An empty value of an enum has no name in code, and TypeScript has no optional member beside typed other ones."""
    for schema in _schemas(document):
        assert "" not in schema.get("enum", ())
        if isinstance(schema.get("additionalProperties"), dict):
            assert schema["properties"].keys() == set(schema["required"])


def test_the_document_does_not_mention_python() -> None:
    """The document says nothing about how it is served."""
    assert not re.search(r"python|connexion|handlers|x-openapi-router-controller", TEXT, re.IGNORECASE)


def test_operation_ids_are_unique_and_served() -> None:
    """Each operationId occurs once and has one function, and no function is left over."""
    ids = re.findall(r"operationId: (\S+)", TEXT)
    assert sorted(ids) == sorted(public_api("").functions)


def test_the_worked_example_verifies() -> None:
    """The printed signature verifies over the printed string to sign, with the printed public key."""
    pem = re.search(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", PROSE, re.DOTALL)
    sent = dict(re.findall(r"^(X-[A-Z-]+): (\S+)$", PROSE, re.MULTILINE)[:3])
    assert pem
    key = load_pem_public_key(pem[0].encode())
    assert isinstance(key, RSAPublicKey)
    message = f"{sent['X-CLIENT-KEY']}|{sent['X-TIMESTAMP']}"
    assert f"\n{message}\n" in PROSE
    key.verify(b64decode(sent["X-SIGNATURE"]), message.encode(), PKCS1v15(), SHA256())


def test_the_parameters_show_the_worked_example() -> None:
    """The examples of the three headers are the values of the worked example."""
    for name, parameter in PARAMETERS.items():
        assert f"{name}: {parameter['example']}\n" in PROSE


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_examples_of_parameters_fit_their_schemas(name: str) -> None:
    """The server would accept the example of each header."""
    OAS30Validator(PARAMETERS[name]["schema"]).validate(PARAMETERS[name]["example"])


def test_each_code_of_the_catalogue_has_an_example_and_no_other() -> None:
    """The document shows exactly the codes that the server can answer."""
    shown = {example["responseCode"] for example in _examples_of_the_server()}
    assert shown == {code.response_code(ACCESS_TOKEN_SERVICE) for code in CATALOGUE}


def test_each_example_says_what_the_catalogue_says() -> None:
    """The message of each example is the message of the catalogue, with a field's name in its place."""
    messages = {
        code.response_code(ACCESS_TOKEN_SERVICE): re.escape(code.message).replace(r"\{\}", r"\S.*")
        for code in CATALOGUE
    }
    for example in _examples_of_the_server():
        assert re.fullmatch(messages[example["responseCode"]], example["responseMessage"])


@pytest.mark.parametrize("status", PROXY_ANSWERS)
def test_an_answer_of_a_proxy_has_one_example(status: str) -> None:
    """The document shows the code of each answer that a proxy sends, and says that the server does not send it."""
    code, message = PROXY_ANSWERS[status]
    assert _examples(status) == [{"responseCode": code, "responseMessage": message}]
    assert re.search(r"Only a proxy sends this answer|The server never sends it", RESPONSES[status]["description"])


def test_each_answer_stands_under_the_status_of_its_code() -> None:
    """The first three digits of a responseCode are the status under which it is documented."""
    for status in RESPONSES.keys() - {"default"}:
        assert {example["responseCode"][:3] for example in _examples(status)} == {status}


@pytest.mark.parametrize("status", RESPONSES)
def test_the_examples_of_answers_fit_their_schemas(status: str) -> None:
    """All examples fit, also of the headers."""
    for example in _examples(status):
        OAS30Validator(RESPONSES[status]["content"]["application/json"]["schema"]).validate(example)
    for header in RESPONSES[status]["headers"].values():
        OAS30Validator(header["schema"]).validate(header["example"])


def test_the_limits_in_the_prose_are_the_limits_of_the_code() -> None:
    """The document states the limits that the server has."""
    assert f"{LARGEST_BODY:,} bytes" in OPERATION["requestBody"]["description"]
    assert f"{LARGEST_BODY:,} bytes" in RESPONSES["413"]["description"]
    assert f"{BODY_SECONDS:.0f} seconds" in RESPONSES["408"]["description"]
    assert f"{LONGEST_TARGET:,} bytes" in RESPONSES["414"]["description"]
    assert f"{MOST_HEADERS} headers" in RESPONSES["431"]["description"]
    assert f"{LARGEST_HEADERS:,} bytes" in RESPONSES["431"]["description"]


@given(text(characters(codec="utf-8", exclude_characters="\n"), max_size=40))
def test_the_client_key_of_the_code_is_the_document_s(value: str) -> None:
    """Code and document allow the same client keys. No header can contain a line end."""
    described = OAS30Validator(PARAMETERS["X-CLIENT-KEY"]["schema"]).is_valid(value)
    assert described == bool(CLIENT_KEY.fullmatch(value))


@given(from_regex(TIMESTAMP["pattern"], fullmatch=True))
def test_what_the_timestamp_pattern_admits_is_an_instant(value: str) -> None:
    """Every text that the pattern allows is a real instant with an offset and the right length."""
    assert datetime.fromisoformat(value).tzinfo
    assert _is_timestamp(value)


@pytest.mark.parametrize(
    "value",
    [
        "0000-01-01T00:00:00Z",
        "2024-00-10T00:00:00Z",
        "2024-13-10T00:00:00Z",
        "2024-01-00T00:00:00Z",
        "2024-01-32T00:00:00Z",
        "2024-04-31T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2024-01-22T24:00:00Z",
        "2024-01-22T15:60:00Z",
        "2024-01-22T15:00:60Z",
        "2024-01-22T15:00:01",
        "2024-01-22T15:00:01+24:00",
        "2024-01-22T15:00:01+07:60",
        "2024-01-22T15:00:01+0700",
        "2024-01-22T15:00:01+07",
        "2024-01-22 15:00:01+07:00",
        "2024-01-22T15:00:01.+07:00",
        "2024-01-22T15:00:01,5+07:00",
        "2024-01-22T15:00:01.1234567890+07:00",
        "2024-01-22T15:00+07:00",
        "20240122T150001+0700",
        "2024-01-22t15:00:01z",
        " 2024-01-22T15:00:01+07:00",
        "\u0662024-01-22T15:00:01+07:00",
        "24-01-22T15:00:01+07:00",
        "1705910401",
        "",
    ],
)
def test_the_timestamp_pattern_admits_nothing_else(value: str) -> None:
    """The pattern refuses wrong dates and times, and every other format."""
    assert not _is_timestamp(value)


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-22T15:00:01+07:00",
        "2024-01-22T08:00:01Z",
        "2024-01-22T08:00:01.190Z",
        "2024-01-22T08:00:01-00:00",
        "2024-02-29T23:59:59.123456789-23:59",
        "2000-02-29T00:00:00+00:00",
        "1970-01-01T00:00:00Z",
    ],
)
def test_the_timestamp_pattern_admits_what_clients_send(value: str) -> None:
    """The pattern allows offsets, Z, fractions and leap days."""
    assert _is_timestamp(value)
