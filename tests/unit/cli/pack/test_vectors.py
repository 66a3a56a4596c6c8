"""The test vectors, checked without code of this project."""

import hashlib
import hmac
import json
import shlex
from base64 import b64decode, b64encode
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from handlers.cli.pack.vectors import token_request, vectors
from tests.document import RAW

URL = "https://a.example/base"
# Through JSON, because the reader of the pack gets JSON.
VECTORS: dict[str, Any] = json.loads(json.dumps(vectors(RAW, URL)))


def _verify(vector: dict[str, str]) -> None:
    key = load_pem_public_key(VECTORS["public_key"].encode())
    assert isinstance(key, RSAPublicKey)
    key.verify(b64decode(vector["signature"]), vector["string_to_sign"].encode(), PKCS1v15(), SHA256())


@pytest.mark.parametrize("name", ["token", "call_asymmetric"])
def test_the_signatures_verify(name: str) -> None:
    """The public key verifies the signature of the string."""
    _verify(VECTORS[name])


@pytest.mark.parametrize("vector", VECTORS["must_not_verify"], ids=lambda vector: vector["about"])
def test_the_wrong_strings_do_not_verify(vector: dict[str, str]) -> None:
    """The signature verifies for none of the similar strings."""
    with pytest.raises(InvalidSignature):
        _verify(vector)


def test_the_symmetric_signature_verifies() -> None:
    """The signature is HMAC-SHA512 over the five parts, with the hash of the minified body."""
    call = VECTORS["call_symmetric"]
    assert json.loads(call["minified_body"]) == json.loads(call["body"])
    assert len(call["minified_body"]) < len(call["body"])
    hashed = hashlib.sha256(call["minified_body"].encode()).hexdigest()
    parts = ["POST", "/base/transfer-va/inquiry", call["access_token"], hashed, call["timestamp"]]
    assert call["string_to_sign"] == ":".join(parts)
    made = hmac.digest(call["client_secret"].encode(), call["string_to_sign"].encode(), "sha512")
    assert call["signature"] == b64encode(made).decode()


def test_the_request_is_that_of_the_vector() -> None:
    """The request has the values that were signed, and the curl command is this request."""
    request = VECTORS["token"]["request"]
    headers = request["headers"]
    assert f"{headers['X-CLIENT-KEY']}|{headers['X-TIMESTAMP']}" == VECTORS["token"]["string_to_sign"]
    assert headers["X-SIGNATURE"] == VECTORS["token"]["signature"]
    words = shlex.split(token_request(RAW, URL).as_curl().replace("\\\n", ""))
    sent = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    assert words == ["curl", "-sS", f"{URL}/access-token/b2b", *sent, "-d", request["body"]]
