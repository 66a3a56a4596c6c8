"""Signatures that must not verify: one for each usual mistake in a client.

A client that gives one of these signatures makes this mistake.
"""

import json
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512

from handlers.snap import call, signature

Vector = dict[str, str]
_Mistakes = Iterator[tuple[str, str, str]]
"""The name of each mistake, a sentence about it, and the wrong string or the wrong signature."""


def wrong_signatures(
    vectors: Mapping[str, Vector], origin: str, key: RSAPrivateKey, of_another_key: str
) -> list[Vector]:
    """The mistakes in the string to sign, with the `signed_string`, and then those in the algorithm.

    `vectors` are the right ones by name. `origin` is the URL of the merchant without its path.
    """
    token, symmetric, body_signed = (vectors[f"{form}/plain"] for form in ("token", "symmetric", "body-signed"))
    strings = [
        (token, _token_strings(token)),
        (symmetric, _call_strings(symmetric, origin)),
        (symmetric, _symmetric_strings(symmetric)),
        (vectors["symmetric/query"], _query_strings(vectors["symmetric/query"])),
        (body_signed, _call_strings(body_signed, origin)),
        (body_signed, _body_signed_strings(body_signed, symmetric["access_token"], token["string_to_sign"])),
        (vectors["body-signed/query"], _query_strings(vectors["body-signed/query"])),
        (vectors["notification/plain"], _notification_strings(body_signed)),
    ]
    signatures = [(token, _rsa_signatures(token, key, of_another_key)), (symmetric, _hmac_signatures(symmetric))]
    return [
        *(
            _wrong(vector, name, about, _sign(vector, text, key), signed_string=text)
            for vector, mistakes in strings
            for name, about, text in mistakes
        ),
        *(_wrong(vector, *mistake) for vector, mistakes in signatures for mistake in mistakes),
    ]


def wrong_encodings(vector: Vector) -> list[Vector]:
    """The right signature of a token request in a wrong encoding, which some decoders of base64 accept."""
    right = vector["signature"]
    raw = b64decode(right)
    lines = "\n".join(right[at : at + 64] for at in range(0, len(right), 64))
    encodings = [
        ("base64url", "base64url in place of standard base64.", urlsafe_b64encode(raw).decode()),
        ("hexadecimal", "Hexadecimal in place of base64.", raw.hex()),
        ("lines", "Lines of 64 characters, as the openssl command writes them.", lines),
        ("no-padding", "No = at the end.", right.rstrip("=")),
        ("quotes", "Quotes around the signature.", f'"{right}"'),
        ("twice", "base64 of the base64.", b64encode(right.encode()).decode()),
    ]
    return [_wrong(vector, *encoding) for encoding in encodings]


def _wrong(vector: Vector, name: str, about: str, wrong: str, **more: str) -> Vector:
    named = {"name": f"{vector['form']}/{name}", "form": vector["form"], "about": about}
    secret = {"client_secret": vector["client_secret"]} if "client_secret" in vector else {}
    return {**named, **secret, "string_to_sign": vector["string_to_sign"], **more, "signature": wrong}


def _sign(vector: Vector, text: str, key: RSAPrivateKey) -> str:
    secret = vector.get("client_secret")
    return call.sign(secret.encode(), text.encode()) if secret else signature.sign(key, text.encode())


def _token_strings(vector: Vector) -> _Mistakes:
    client, time = vector["client_key"], vector["timestamp"]
    yield "utc", "The same time, written in UTC.", f"{client}|{_in_utc(time)}"
    yield "reversed", "The two values in the opposite order.", f"{time}|{client}"
    yield "line-break", "A line break at the end, as echo writes it.", f"{client}|{time}\n"
    yield "no-bar", "No vertical bar.", f"{client}{time}"
    yield "spaces", "Spaces around the vertical bar.", f"{client} | {time}"
    yield "quotes", "Quotes around the string.", f'"{client}|{time}"'
    yield "another-client", "Another client: the client ID in lower case.", f"{client.lower()}|{time}"
    yield (
        "hashed-first",
        "The hash in place of the string: it is hashed twice.",
        _hash(vector["string_to_sign"]),
    )
    yield "with-body", "The body behind the string.", f"{client}|{time}|{{}}"


def _call_strings(vector: Vector, origin: str) -> _Mistakes:
    right, url, hashed = (vector[name] for name in ("string_to_sign", "endpoint_url", "sha256_of_minified_body"))
    body, time = vector["minified_body"], vector["timestamp"]
    parsed = json.dumps(json.loads(body), separators=(",", ":"))
    in_base64 = b64encode(bytes.fromhex(hashed)).decode()
    yield "method-lower-case", "The method in lower case.", right.replace("POST", "post", 1)
    yield "whole-url", "The whole URL in place of the path.", right.replace(url, origin + url)
    yield "hash-upper-case", "The hash of the body in upper case.", right.replace(hashed, hashed.upper())
    yield "hash-in-base64", "The hash of the body in base64.", right.replace(hashed, in_base64)
    yield "body-parsed", "The body, parsed and written again: 10.00 becomes 10.0.", right.replace(hashed, _hash(parsed))
    yield "body-not-hashed", "The body in place of its hash.", right.replace(hashed, body)
    yield "no-body", "The hash of no bytes, though there is a body.", right.replace(hashed, _hash(""))
    yield "utc", "The same time, written in UTC.", right.replace(time, _in_utc(time))
    yield "line-break", "A line break at the end.", f"{right}\n"


def _symmetric_strings(vector: Vector) -> _Mistakes:
    right, token = vector["string_to_sign"], vector["access_token"]
    yield "bearer", "The word Bearer before the token.", right.replace(token, f"Bearer {token}")
    yield "no-token", "No token.", right.replace(f"{token}:", "")


def _body_signed_strings(vector: Vector, token: str, of_token: str) -> _Mistakes:
    right, hashed = vector["string_to_sign"], vector["sha256_of_minified_body"]
    yield "with-token", "A token, as in the symmetric form.", right.replace(hashed, f"{token}:{hashed}")
    yield "as-token-request", "The string of a token request.", of_token


def _query_strings(vector: Vector) -> _Mistakes:
    right, url = vector["string_to_sign"], vector["endpoint_url"]
    path, _, query = url.partition("?")
    in_order = "&".join(sorted(query.split("&")))
    yield "no-query", "The path without its query.", right.replace(url, path)
    yield "query-in-order", "The parameters of the query, put in order.", right.replace(url, f"{path}?{in_order}")


def _notification_strings(body_signed: Vector) -> _Mistakes:
    yield "as-body-signed", "The string of a body-signed call.", body_signed["string_to_sign"]


def _rsa_signatures(vector: Vector, key: RSAPrivateKey, of_another_key: str) -> _Mistakes:
    message = vector["string_to_sign"].encode()
    # PSS without a salt is deterministic. With a salt it is as wrong.
    pss = PSS(MGF1(SHA256()), 0)
    yield "sha1", "SHA-1 in place of SHA-256.", _base64(key.sign(message, PKCS1v15(), SHA1()))  # noqa: S303  the mistake
    yield "sha512", "SHA-512 in place of SHA-256.", _base64(key.sign(message, PKCS1v15(), SHA512()))
    yield "pss", "The padding PSS in place of PKCS #1 v1.5.", _base64(key.sign(message, pss, SHA256()))
    yield "another-key", "Another private key.", of_another_key


def _hmac_signatures(vector: Vector) -> _Mistakes:
    secret, message = vector["client_secret"].encode(), vector["string_to_sign"].encode()
    yield "sha256", "HMAC-SHA256 in place of HMAC-SHA512.", _base64(digest(secret, message, "sha256"))
    yield "secret-with-line-break", "A line break after the secret.", call.sign(secret + b"\n", message)
    yield "swapped", "The string as the key, and the secret as the text.", call.sign(message, secret)
    yield "hexadecimal", "Hexadecimal in place of base64.", digest(secret, message, "sha512").hex()


def _in_utc(timestamp: str) -> str:
    return datetime.fromisoformat(timestamp).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()
