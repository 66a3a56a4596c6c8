"""The keys that a client may have used for an HMAC in place of its client secret."""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import md5, sha256, sha512
from urllib.parse import quote, unquote_to_bytes

from handlers.doctor.candidates.part import Part, wrong
from handlers.doctor.difference import Difference
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Verdict

Secrets = Mapping[str, Sequence[bytes]]
"""The client secrets by client key. A client has more than one while its secret is being replaced."""

_URLSAFE = bytes.maketrans(b"-_", b"+/")
_VARIABLE = re.compile(rb"\$\{?\w+\}?")
_SPECIAL = re.compile(rb"""[#$&;%!"'\\\s]""")


def wrong_secrets(secrets: Secrets, client_key: str, request: Request) -> Iterator[Part]:
    """Yield the secrets of the client with one mistake each, IDs of the client, and the secrets of other clients."""
    own = secrets.get(client_key, ())
    for secret in own:
        for encoding, decoded in _decoded(secret):
            yield wrong(decoded, Verdict.CALL_SECRET_DECODED, form=encoding)
        for how, changed in (*_changed(secret), *_with_id(secret, client_key.encode())):
            if changed != secret:
                yield wrong(changed, Verdict.CALL_SECRET_CHANGED, how=how)
    for name, text in _ids(client_key, request).items():
        if text:
            yield wrong(text, Verdict.CALL_SECRET_IS_CLIENT_ID, how=name)
    yield wrong(b"", Verdict.CALL_SECRET_CHANGED, how=Difference.EMPTY)
    for other, of_other in secrets.items():
        if other != client_key:
            yield from (wrong(secret, Verdict.KEY_OF_ANOTHER_CLIENT, client=other) for secret in of_other)


def _ids(client_key: str, request: Request) -> Mapping[Difference, str]:
    return {Difference.CLIENT_KEY: client_key, Difference.PARTNER_ID: request.get("X-PARTNER-ID")}


def _decoded(secret: bytes) -> Iterator[tuple[str, bytes]]:
    padded = secret.translate(_URLSAFE) + b"=" * (-len(secret) % 4)
    with suppress(ValueError):
        yield "base64", b64decode(padded, validate=True)
    with suppress(ValueError):
        yield "hexadecimal", bytes.fromhex(secret.decode())


def _with_id(secret: bytes, client_key: bytes) -> Iterator[tuple[Difference, bytes]]:
    for between in (b":", b"", b"|", b"&"):
        yield Difference.WITH_CLIENT_KEY, client_key + between + secret
        yield Difference.WITH_CLIENT_KEY, secret + between + client_key


def _changed(secret: bytes) -> Iterator[tuple[Difference, bytes]]:
    yield from ((Difference.LINE_END_ADDED, secret + end) for end in (b"\n", b"\r\n", b"\r", b"\\n"))
    yield from ((Difference.BLANK_ADDED, each) for each in (secret + b" ", b" " + secret, b" " + secret + b" "))
    yield Difference.TRIMMED, secret.strip()
    yield from ((Difference.QUOTED, mark + secret + mark) for mark in (b'"', b"'"))
    yield from ((Difference.UPPER_CASE, secret.upper()), (Difference.LOWER_CASE, secret.lower()))
    yield from ((Difference.BASE64, b64encode(secret)), (Difference.HEXADECIMAL, secret.hex().encode()))
    for algorithm in (sha256, md5, sha512):
        hashed = algorithm(secret, usedforsecurity=False)
        yield Difference.HASHED, hashed.hexdigest().encode()
        yield Difference.HASHED, hashed.digest()
        yield Difference.HASHED, b64encode(hashed.digest())
    yield Difference.BYTE_ORDER_MARK_ADDED, b"\xef\xbb\xbf" + secret
    yield Difference.AMPERSAND_ADDED, secret + b"&"
    yield from ((Difference.CUT_OFF, each) for each in (secret[:-1], secret[1:], secret[:16], secret[:24], secret[:32]))
    yield Difference.PERCENT_ENCODED, quote(secret, safe="").encode()
    yield Difference.PERCENT_DECODED, unquote_to_bytes(secret)
    yield Difference.PERCENT_DECODED, unquote_to_bytes(secret.replace(b"+", b" "))
    yield Difference.CUT_AT_SPECIAL_CHARACTER, _VARIABLE.sub(b"", secret)
    yield from ((Difference.CUT_AT_SPECIAL_CHARACTER, secret[: found.start()]) for found in _SPECIAL.finditer(secret))
