"""The test vectors of `tests/data/vectors.json`: signatures that NICEPAY and others have published."""

import json
from base64 import b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

DATA = Path(__file__).parent / "data"
VECTORS = json.loads((DATA / "vectors.json").read_text(encoding="utf-8"))


def asymmetric() -> list[object]:
    """One parameter set for each vector: public key, string to sign, signature."""
    return [
        pytest.param(_key(each["publicKeySpkiB64"]), each["stringToSign"], each["signatureB64"], id=each["name"])
        for each in VECTORS["asymmetric"]
    ]


def _key(encoded: str) -> RSAPublicKey:
    key = load_der_public_key(b64decode(encoded))
    assert isinstance(key, RSAPublicKey)
    return key


def symmetric() -> list[object]:
    """One parameter set for each vector: client secret, string to sign, signature."""
    return [
        pytest.param(
            each["clientSecret"].encode(), each["stringToSign"].encode(), each["signatureB64"], id=each["name"]
        )
        for each in VECTORS["symmetric"]
        if "signatureB64" in each
    ]


def body_hashes() -> list[object]:
    """One parameter set for each vector: a minified body, its SHA-256 in hexadecimal."""
    return [
        pytest.param(each["body"].encode(), each["sha256"], id=each["name"])
        for each in VECTORS["symmetric"]
        if "sha256" in each
    ]
