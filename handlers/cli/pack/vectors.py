"""Test vectors: what a client signs in each form, and signatures that must not verify.

The published test key signs them, and RSASSA-PKCS1-v1_5 is deterministic. So they are always the same, and code that
signs must give exactly these signatures.
"""

import tomllib
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from handlers.cli.pack.wrong_signatures import wrong_encodings, wrong_signatures
from handlers.cli.simulator.signed_request import BODY
from handlers.server.openapi.documents import TEST_PRIVATE_KEY, TEST_PUBLIC_KEY, TOKEN_PATH
from handlers.snap import call, signature
from handlers.snap.private_keys import load_private_key

Vector = dict[str, str]

_RSA = "SHA256withRSA (RSASSA-PKCS1-v1_5), standard base64"
_HMAC = "HMAC-SHA512, standard base64"
_ABOUT = (
    "The key pair and the secrets were made for these vectors and are published. Never accept them in production. "
    "Strings are in UTF-8. README.md in the folder snippets describes this file."
)
_ASYMMETRIC_INPUTS = ("client_key", "timestamp")
_CALL_INPUTS = ("method", "endpoint_url", "body", "timestamp")
_FORMS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "token": ("token", _ASYMMETRIC_INPUTS),
    "asymmetric": ("asymmetric", _ASYMMETRIC_INPUTS),
    "notification": ("notification", _ASYMMETRIC_INPUTS),
    "symmetric": ("call", (*_CALL_INPUTS, "access_token", "client_secret")),
    "body-signed": ("call", _CALL_INPUTS),
}
"""For each form: its list in vectors.toml, and what a client needs to sign."""


def vectors(document: Mapping[str, Any], base_url: str) -> dict[str, object]:
    """The vectors as JSON data, for a merchant with this base URL."""
    key = load_private_key(TEST_PRIVATE_KEY.read_bytes())
    cases = tomllib.loads((Path(__file__).parent / "vectors.toml").read_text(encoding="utf-8"))
    path = urlsplit(base_url).path
    made = {each["name"]: each for each in _vectors(cases, _worked_example(document), path, key)}
    return {
        "about": _ABOUT,
        "public_key": _pem(TEST_PUBLIC_KEY),
        "private_key_file": TEST_PRIVATE_KEY.name,
        "token": {"algorithm": _RSA, **made["token/plain"], "request": _request(made["token/plain"], base_url)},
        "call_asymmetric": {"algorithm": _RSA, **made["asymmetric/plain"]},
        "call_symmetric": {"algorithm": _HMAC, **made["symmetric/plain"]},
        "call_body_signed": {"algorithm": _RSA, **made["body-signed/plain"]},
        "notification": {"algorithm": _RSA, **made["notification/plain"]},
        "vectors": list(made.values()),
        "must_not_verify": wrong_signatures(made, base_url.removesuffix(path), key, cases["another_key"]["signature"]),
        "wrong_encodings": wrong_encodings(made["token/plain"]),
    }


def _vectors(
    cases: Mapping[str, Any], example: Mapping[str, str], base_path: str, key: RSAPrivateKey
) -> Iterator[Vector]:
    for form, (group, inputs) in _FORMS.items():
        for case in (*cases[group], *(cases["symmetric"] if form == "symmetric" else ())):
            values = {**cases["common"], **example, **case}
            values["endpoint_url"] = base_path + values["path"]
            named = {"name": f"{form}/{case['name']}", "form": form, "about": case["about"]}
            yield named | _signed({name: values[name] for name in inputs}, key)


def _signed(inputs: Vector, key: RSAPrivateKey) -> Vector:
    """The inputs, each step on the way to the string to sign, the string, and its signature."""
    if "body" not in inputs:
        message = signature.string_to_sign(inputs["client_key"], inputs["timestamp"])
        return {**inputs, "string_to_sign": message.decode(), "signature": signature.sign(key, message)}
    body = call.minified(inputs["body"].encode())
    parts = inputs["method"], inputs["endpoint_url"], inputs.get("access_token"), inputs["timestamp"]
    message = call.Call(*parts, body).string_to_sign(body)
    secret = inputs.get("client_secret")
    return {
        **inputs,
        "minified_body": body.decode(),
        "sha256_of_minified_body": sha256(body).hexdigest(),
        "string_to_sign": message.decode(),
        "signature": call.sign(secret.encode(), message) if secret else signature.sign(key, message),
    }


def _worked_example(document: Mapping[str, Any]) -> Vector:
    """The values of the worked example in the document."""
    parameters = document["components"]["parameters"]
    answer = document["components"]["responses"]["Successful"]["content"]["application/json"]
    return {
        "client_key": parameters["X-CLIENT-KEY"]["example"],
        "timestamp": parameters["X-TIMESTAMP"]["example"],
        "access_token": answer["examples"]["2007300"]["value"]["accessToken"],
    }


def _request(token: Vector, base_url: str) -> dict[str, object]:
    """The request with this vector. The server refuses it, because its X-TIMESTAMP is old."""
    headers = {
        "Content-Type": "application/json",
        "X-TIMESTAMP": token["timestamp"],
        "X-CLIENT-KEY": token["client_key"],
        "X-SIGNATURE": token["signature"],
    }
    return {"method": "POST", "url": f"{base_url}{TOKEN_PATH}", "headers": headers, "body": BODY}


def _pem(file: Path) -> str:
    """The key without the text above it."""
    text = file.read_text(encoding="ascii")
    return text[text.index("-----BEGIN ") :]
