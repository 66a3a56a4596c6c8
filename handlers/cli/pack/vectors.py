"""Test vectors: signatures that the code of a client must create or verify, and signatures that must not verify.

The vectors are those of the worked example in the document, so they are always the same. Nobody has the private key: it
was deleted when the document was written.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from handlers.cli.simulator.signed_request import BODY, SignedRequest
from handlers.server.openapi.documents import TOKEN_PATH
from handlers.snap.call import Call, minified, sign
from handlers.snap.signature import string_to_sign

_PUBLIC_KEY = re.compile(r"-----BEGIN PUBLIC KEY-----\n.+?\n-----END PUBLIC KEY-----\n", re.DOTALL)
_ABOUT = "The key pair and the secret were made for these vectors and are used nowhere else. Strings are in UTF-8."
_SECRET = b"a client secret for these vectors alone"
_CALL_BODY = b'{ "example": "two  spaces",\n  "amount": 10.00 }'


def token_request(document: Mapping[str, Any], base_url: str) -> SignedRequest:
    """The worked example as a request to this server. The server refuses it, because its X-TIMESTAMP is old."""
    headers = {"Content-Type": "application/json"}
    headers |= {name: _example(document, name) for name in ("X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE")}
    return SignedRequest(f"{base_url}{TOKEN_PATH}", headers)


def vectors(document: Mapping[str, Any], base_url: str) -> dict[str, object]:
    """The vectors as JSON data."""
    key, timestamp = _example(document, "X-CLIENT-KEY"), _example(document, "X-TIMESTAMP")
    signed = {"string_to_sign": string_to_sign(key, timestamp).decode(), "signature": _example(document, "X-SIGNATURE")}
    request = token_request(document, base_url)
    return {
        "about": _ABOUT,
        "public_key": _public_key(document),
        "token": {
            "algorithm": "SHA256withRSA (RSASSA-PKCS1-v1_5), standard base64",
            **signed,
            "request": {"method": "POST", "url": request.url, "headers": request.headers, "body": BODY},
        },
        "call_asymmetric": {"about": "The string is the same as for the token, without path and body.", **signed},
        "call_symmetric": _symmetric(document, base_url),
        "must_not_verify": _must_not_verify(key, timestamp, signed["signature"]),
    }


def _symmetric(document: Mapping[str, Any], base_url: str) -> dict[str, object]:
    token = document["components"]["schemas"]["AccessToken"]["example"]["accessToken"]
    path = f"{urlsplit(base_url).path}/transfer-va/inquiry"
    call = Call("POST", path, token, _example(document, "X-TIMESTAMP"), _CALL_BODY)
    body = minified(_CALL_BODY)
    message = call.string_to_sign(body)
    return {
        "algorithm": "HMAC-SHA512, standard base64",
        "about": "The body only shows how bodies are minified. It is not the body of a real call.",
        "client_secret": _SECRET.decode(),
        "method": call.method,
        "endpoint_url": call.uri,
        "access_token": token,
        "timestamp": call.timestamp,
        "body": _CALL_BODY.decode(),
        "minified_body": body.decode(),
        "sha256_of_minified_body": sha256(body).hexdigest(),
        "string_to_sign": message.decode(),
        "signature": sign(_SECRET, message),
    }


def _must_not_verify(key: str, timestamp: str, signature: str) -> list[dict[str, str]]:
    """The valid signature with similar strings, for which it must not verify."""
    strings = {
        "the same instant, written in another way": f"{key}|{_in_utc(timestamp)}",
        "the two values in the opposite order": f"{timestamp}|{key}",
        "a line break at the end": f"{key}|{timestamp}\n",
        "no vertical bar": f"{key}{timestamp}",
        "another client": f"{key.lower()}|{timestamp}",
    }
    return [{"about": about, "string_to_sign": each, "signature": signature} for about, each in strings.items()]


def _in_utc(timestamp: str) -> str:
    return datetime.fromisoformat(timestamp).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _example(document: Mapping[str, Any], header: str) -> str:
    example: str = document["components"]["parameters"][header]["example"]
    return example


def _public_key(document: Mapping[str, Any]) -> str:
    (found,) = _PUBLIC_KEY.findall(document["info"]["description"])
    return str(found)
