"""The test vectors, checked without code of this project."""

import hashlib
import hmac
import json
import re
from base64 import b64decode, b64encode
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from handlers.cli.pack.vectors import vectors
from handlers.snap.client import CLIENT_KEY
from tests.document import OPERATION, RAW

URL = "https://a.example/base"
# Through JSON, because the reader of the pack gets JSON.
VECTORS: dict[str, Any] = json.loads(json.dumps(vectors(RAW, URL)))
FORMS = {"token", "asymmetric", "notification", "symmetric", "body-signed"}
WRONG = VECTORS["must_not_verify"]


def _name(vector: dict[str, str]) -> str:
    return vector["name"]


def _hmac(vector: dict[str, str]) -> str:
    made = hmac.digest(vector["client_secret"].encode(), vector["string_to_sign"].encode(), "sha512")
    return b64encode(made).decode()


def _verify_rsa(vector: dict[str, str]) -> None:
    key = load_pem_public_key(VECTORS["public_key"].encode())
    assert isinstance(key, RSAPublicKey)
    key.verify(b64decode(vector["signature"]), vector["string_to_sign"].encode(), PKCS1v15(), SHA256())


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=_name)
def test_the_signatures_verify(vector: dict[str, str]) -> None:
    """The client secret or the public key verifies the signature of the string."""
    if "client_secret" in vector:
        assert vector["signature"] == _hmac(vector)
    else:
        _verify_rsa(vector)


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=_name)
def test_the_strings_follow_the_form(vector: dict[str, str]) -> None:
    """The string has the client key and the time, or the parts of the call with the hash of the minified body."""
    if "body" in vector:
        hashed = hashlib.sha256(vector["minified_body"].encode()).hexdigest()
        assert vector["sha256_of_minified_body"] == hashed
        token = [vector["access_token"]] if vector["form"] == "symmetric" else []
        parts = [vector["method"], vector["endpoint_url"], *token, hashed, vector["timestamp"]]
        assert vector["string_to_sign"] == ":".join(parts)
    else:
        assert vector["string_to_sign"] == f"{vector['client_key']}|{vector['timestamp']}"


@pytest.mark.parametrize("vector", [each for each in VECTORS["vectors"] if "body" in each], ids=_name)
def test_minified_bodies_are_the_same_json(vector: dict[str, str]) -> None:
    """A minified body has the same text without the white space that no string contains."""
    strings = r'"(?:[^"\\]|\\.)*"'
    before, after = (re.split(f"({strings})", vector[name]) for name in ("body", "minified_body"))
    assert after[1::2] == before[1::2]
    assert after[::2] == [re.sub(r"[ \t\r\n]", "", each) for each in before[::2]]
    if vector["body"]:
        assert json.loads(vector["body"]) == json.loads(vector["minified_body"])


def test_every_form_has_vectors() -> None:
    """Each form has a first vector, which the document of the vectors also shows alone, and every name is unique."""
    by_name = {each["name"]: each for each in VECTORS["vectors"]}
    assert len(by_name) == len(VECTORS["vectors"])
    assert {each["form"] for each in by_name.values()} == FORMS
    firsts = {name: VECTORS[name]["name"] for name in VECTORS if isinstance(VECTORS[name], dict)}
    assert firsts == {
        "token": "token/plain",
        "call_asymmetric": "asymmetric/plain",
        "call_symmetric": "symmetric/plain",
        "call_body_signed": "body-signed/plain",
        "notification": "notification/plain",
    }
    for name, first in firsts.items():
        assert VECTORS[name].items() >= by_name[first].items()


def test_the_values_are_those_that_a_server_accepts() -> None:
    """Each client key and each timestamp has the format of the document."""
    timestamp = next(each for each in OPERATION["parameters"] if each["name"] == "X-TIMESTAMP")["schema"]["pattern"]
    for vector in VECTORS["vectors"]:
        assert re.search(timestamp, vector["timestamp"])
        assert CLIENT_KEY.fullmatch(vector.get("client_key", "A"))
        assert len(vector.get("access_token", "")) <= 150


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("token/milliseconds", ".024+07:00"),
        ("token/z", "Z"),
        ("body-signed/emoji", "🙏"),
        ("body-signed/unicode-escapes", r"\ud83d"),
        ("symmetric/escaped-slashes", r"\/"),
        ("symmetric/decimals", "10.00"),
        ("symmetric/exponents", "1E3"),
        ("symmetric/query-encoded", "%2f"),
    ],
)
def test_what_trips_real_clients_is_there(name: str, part: str) -> None:
    """Vectors have milliseconds, Z, characters beyond ASCII, escapes, numbers and queries, unchanged when signed."""
    vector = next(each for each in VECTORS["vectors"] if each["name"] == name)
    assert part in vector.get("minified_body", "") + vector["string_to_sign"]


@pytest.mark.parametrize("vector", WRONG, ids=_name)
def test_the_wrong_signatures_do_not_verify(vector: dict[str, str]) -> None:
    """Neither the client secret nor the public key verifies the signature."""
    with pytest.raises(InvalidSignature):
        _verify_rsa(vector)
    assert "client_secret" not in vector or vector["signature"] != _hmac(vector)


@pytest.mark.parametrize("vector", [each for each in WRONG if "signed_string" in each], ids=_name)
def test_the_wrong_string_gives_the_wrong_signature(vector: dict[str, str]) -> None:
    """The signature is that of the wrong string, which differs from the right one."""
    mistaken = vector | {"string_to_sign": vector["signed_string"]}
    assert mistaken != vector
    if "client_secret" in vector:
        assert vector["signature"] == _hmac(mistaken)
    else:
        _verify_rsa(mistaken)


def test_each_mistake_gives_another_signature() -> None:
    """Two mistakes of one form have different signatures, so a signature tells its mistake."""
    found = [(each["form"], each["string_to_sign"], each["signature"]) for each in WRONG]
    assert len(set(found)) == len(found)
    assert {each["form"] for each in WRONG} == FORMS - {"asymmetric"}


@pytest.mark.parametrize("vector", VECTORS["wrong_encodings"], ids=_name)
def test_the_wrong_encodings_are_not_the_signature(vector: dict[str, str]) -> None:
    """The text is not that of the signature in standard base64."""
    assert vector["string_to_sign"] == VECTORS["token"]["string_to_sign"]
    assert vector["signature"] != VECTORS["token"]["signature"]


def test_the_symmetric_signature_is_that_of_the_base_url() -> None:
    """The path of a call begins with the path of the base URL."""
    call = VECTORS["call_symmetric"]
    assert call["endpoint_url"] == "/base/transfer-va/inquiry"
    assert len(call["minified_body"]) < len(call["body"])
    without_path: Any = vectors(RAW, "https://a.example")
    assert without_path["call_symmetric"]["endpoint_url"] == "/transfer-va/inquiry"


def test_the_request_is_that_of_the_vector() -> None:
    """The request has the values that were signed."""
    request = VECTORS["token"]["request"]
    headers = request["headers"]
    assert request["url"] == f"{URL}/access-token/b2b"
    assert f"{headers['X-CLIENT-KEY']}|{headers['X-TIMESTAMP']}" == VECTORS["token"]["string_to_sign"]
    assert headers["X-SIGNATURE"] == VECTORS["token"]["signature"]


def test_the_vectors_are_always_the_same() -> None:
    """Two calls give the same vectors, because every signature is deterministic."""
    assert vectors(RAW, URL) == VECTORS
