"""Calls whose string to sign differs in one part, and the verdict constant for each of them."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import md5, sha256, sha512
from itertools import permutations

from handlers.doctor.request import Request
from tests.mistakes import (
    CALL_BODY,
    CALL_PATH,
    HOST,
    NOTIFY_PATH,
    NOW,
    SECRET,
    SIGNED_PATH,
    SYMMETRIC,
    Make,
    World,
    call,
)
from tests.mistakes_without_token import body_signed
from tests.nicepay import CLIENT_KEY

QUERY = "?size=2&Page=1&name=a%20b&mark=%2F"
METHOD, PATH, TOKEN, HASH, TIMESTAMP = range(5)
Parts = Sequence[bytes]
Join = Callable[[Parts], bytes]
Function = Callable[[bytes, bytes], bytes]
HASHED = sha256(CALL_BODY).hexdigest().encode()


def hmac_sha512(secret: bytes, message: bytes) -> bytes:
    return hmac.digest(secret, message, "sha512")


def call_with(  # noqa: PLR0913  each step of signing can be changed
    world: World,
    join: Join = b":".join,
    *,
    body: bytes = CALL_BODY,
    target: str = CALL_PATH,
    method: str = "POST",
    secret: bytes = SECRET,
    function: Function = hmac_sha512,
) -> Request:
    """A symmetric call. `join` makes the string to sign of the five right parts."""
    token = world.token(SYMMETRIC)
    parts = [each.encode() for each in (method, target, token, sha256(body).hexdigest(), NOW)]
    signature = b64encode(function(secret, join(parts))).decode()
    return replace(call(world, signature, body, target, token, X_PARTNER_ID=SYMMETRIC), method=method)


def body_signed_with(world: World, join: Join, body: bytes = CALL_BODY) -> Request:
    """A body-signed call. `join` makes the string to sign of the four right parts."""
    parts = [each.encode() for each in ("POST", SIGNED_PATH, sha256(body).hexdigest(), NOW)]
    return body_signed(world, world.sign(join(parts)), body)


def replacing(at: int, new: bytes | str | Callable[[bytes], bytes]) -> Join:
    """Join the parts with another value in one place."""

    def join(parts: Parts) -> bytes:
        value = new.encode() if isinstance(new, str) else new if isinstance(new, bytes) else new(parts[at])
        return b":".join([*parts[:at], value, *parts[at + 1 :]])

    return join


def without(at: int) -> Join:
    """Join the parts without one of them."""
    return lambda parts: b":".join([*parts[:at], *parts[at + 1 :]])


def around(start: bytes, end: bytes) -> Join:
    """Join the parts with something in front and behind."""
    return lambda parts: start + b":".join(parts) + end


Row = tuple[str, Make]


def _rows(at: int, new: dict[str, bytes | str | Callable[[bytes], bytes]], **options: str) -> list[Row]:
    """Calls with another value in one place."""
    return [(name, partial(call_with, join=replacing(at, value), **options)) for name, value in new.items()]  # type: ignore[arg-type]  # the options are text


def _joined(joins: dict[str, Join]) -> list[Row]:
    return [(name, partial(call_with, join=join)) for name, join in joins.items()]


def _keyed(secrets: dict[str, bytes]) -> list[Row]:
    return [(name, partial(call_with, secret=secret)) for name, secret in secrets.items()]


def _without_zeros(body: bytes) -> bytes:
    return b"%x" % int(sha256(body).hexdigest(), 16)


def _five_parts_with_rsa(world: World) -> Request:
    token = world.token()
    text = f"POST:{CALL_PATH}:{token}:{sha256(CALL_BODY).hexdigest()}:{NOW}"
    return call(world, world.sign(text), token=token)


_LEADING_ZERO = next(
    body for body in (b'{"a":%d}' % number for number in range(200)) if sha256(body).hexdigest()[0] == "0"
)
_RAW = bytes.fromhex(HASHED.decode())
_OTHER_ORDER = list(permutations(range(5)))

STRING_MISTAKES: dict[str, list[Row]] = {
    "genuine": [
        ("as documented", call_with),
        ("with a query", partial(call_with, target=CALL_PATH + QUERY)),
        ("an empty body", partial(call_with, body=b"", method="GET")),
    ],
    "call.method_changed": [
        *_rows(METHOD, {"lower case": b"post", "another": b"GET", "a capital": b"Post"}),
        ("body-signed", partial(body_signed_with, join=replacing(METHOD, b"post"))),
    ],
    "call.path_slash": [
        *_rows(PATH, {"added": f"{CALL_PATH}/"}),
        *_rows(PATH, {"in front of the query": f"{CALL_PATH}/?a=1"}, target=f"{CALL_PATH}?a=1"),
        *_rows(PATH, {"behind the query": f"{CALL_PATH}?a=1/"}, target=f"{CALL_PATH}?a=1"),
        ("body-signed", partial(body_signed_with, join=replacing(PATH, f"{SIGNED_PATH}/"))),
    ],
    "call.path_changed": [
        *_rows(
            PATH,
            {
                "lower case": CALL_PATH.upper(),
                "encoded": CALL_PATH.replace("/", "%2F"),
                "another service": NOTIFY_PATH,
                "the token endpoint": "/api/v1.0/access-token/b2b",
                "two slashes": f"/{CALL_PATH}",
            },
        ),
    ],
    "call.query_changed": [
        *_rows(
            PATH,
            {
                "sorted": f"{CALL_PATH}?Page=1&mark=%2F&name=a%20b&size=2",
                "decoded": f"{CALL_PATH}?size=2&Page=1&name=a b&mark=/",
                "decoded and sorted": f"{CALL_PATH}?Page=1&mark=/&name=a b&size=2",
                "plus": f"{CALL_PATH}?size=2&Page=1&name=a+b&mark=%2F",
                "lower case": f"{CALL_PATH}?size=2&Page=1&name=a%20b&mark=%2f",
                "encoded twice": f"{CALL_PATH}?size=2&Page=1&name=a%2520b&mark=%252F",
                "encoded as a whole": f"{CALL_PATH}?size%3D2%26Page%3D1%26name%3Da%2520b%26mark%3D%252F",
                "in another order": f"{CALL_PATH}?mark=%2F&size=2&name=a%20b&Page=1",
                "no question mark": f"{CALL_PATH}size=2&Page=1&name=a%20b&mark=%2F",
            },
            target=CALL_PATH + QUERY,
        ),
        *_rows(PATH, {"a question mark only": f"{CALL_PATH}?"}),
    ],
    "call.path_without_query": _rows(PATH, {"dropped": CALL_PATH}, target=CALL_PATH + QUERY),
    "call.path_with_host": _rows(
        PATH,
        {"https": f"https://{HOST}{CALL_PATH}", "without the query": f"https://{HOST}{CALL_PATH}"},
    ),
    "call.path_without_base": _rows(PATH, {"one part": "/v1.0/transfer-va/inquiry", "the last part": "inquiry"}),
    "call.token_with_bearer": _rows(
        TOKEN,
        {
            "the whole header": lambda token: b"Bearer " + token,
            "lower case": lambda token: b"bearer " + token,
            "no blank": lambda token: b"Bearer" + token,
        },
    ),
    "call.token_changed": _rows(
        TOKEN,
        {
            "quoted": lambda token: b'"' + token + b'"',
            "percent-encoded": lambda token: token.replace(b"=", b"%3D"),
            "no padding": lambda token: token.rstrip(b"="),
            "lower case": bytes.lower,
            "the client key": SYMMETRIC,
            "hashed": lambda token: sha256(token).hexdigest().encode(),
        },
    ),
    "call.hash_upper_case": _rows(HASH, {"capitals": bytes.upper}),
    "call.hash_encoded": [
        *_rows(
            HASH,
            {
                "base64url": b64encode(_RAW).translate(bytes.maketrans(b"+/", b"-_")).rstrip(b"="),
                "base64 of the hexadecimal text": b64encode(HASHED),
                "raw": _RAW,
                "raw as text": _RAW.decode(errors="replace"),
                "BitConverter": _RAW.hex("-").upper(),
                "quoted": b'"' + HASHED + b'"',
                "a prefix": b"0x" + HASHED,
                "cut off": HASHED[:32],
            },
        ),
        (
            "leading zeros lost",
            partial(call_with, join=replacing(HASH, _without_zeros(_LEADING_ZERO)), body=_LEADING_ZERO),
        ),
        ("body-signed", partial(body_signed_with, join=replacing(2, b64encode(HASHED)))),
    ],
    "call.hash_other": [
        *_rows(
            HASH,
            {
                "SHA-512": sha512(CALL_BODY).hexdigest(),
                "SHA-384": hashlib.sha384(CALL_BODY).hexdigest(),
                "SHA-1": hashlib.sha1(CALL_BODY, usedforsecurity=False).hexdigest(),
                "MD5 in base64": b64encode(md5(CALL_BODY, usedforsecurity=False).digest()),
                "SHA-256 twice": sha256(HASHED).hexdigest(),
                "an HMAC": hmac.digest(SECRET, CALL_BODY, "sha256").hex(),
                "SHA-512 in capitals": sha512(CALL_BODY).hexdigest().upper(),
            },
        ),
        ("body-signed", partial(body_signed_with, join=replacing(2, sha512(CALL_BODY).hexdigest()))),
    ],
    "call.body_not_hashed": [
        *_rows(HASH, {"as it is": CALL_BODY, "base64": b64encode(CALL_BODY)}),
        ("body-signed", partial(body_signed_with, join=replacing(2, CALL_BODY))),
    ],
    "call.body_changed": [
        ("{} for an empty body", lambda w: call_with(w, replacing(HASH, _hex(b"{}")), body=b"", method="GET")),
        ("[] for an empty body", lambda w: call_with(w, replacing(HASH, _hex(b"[]")), body=b"", method="GET")),
        ("null for an empty body", lambda w: call_with(w, replacing(HASH, _hex(b"null")), body=b"", method="GET")),
    ],
    "call.part_missing": [
        *_joined({f"without part {at}": without(at) for at in range(5)}),
        # An empty token is right with another setting. See `mistakes_in_particulars`.
        *_joined({f"part {at} is empty": replacing(at, b"") for at in range(5) if at != TOKEN}),
        ("an empty hash for an empty body", lambda w: call_with(w, replacing(HASH, b""), body=b"", method="GET")),
        ("without token and hash", partial(call_with, join=lambda parts: b":".join([*parts[:2], parts[TIMESTAMP]]))),
        ("body-signed, no hash", partial(body_signed_with, join=without(2))),
    ],
    "call.parts_reordered": [
        *_joined({str(order): lambda parts, o=order: b":".join(parts[at] for at in o) for order in _OTHER_ORDER[1:12]}),  # type: ignore[misc]  # mypy does not infer a default
        ("body-signed", partial(body_signed_with, join=lambda parts: b":".join([*parts[2:], *parts[:2]]))),
    ],
    "call.separator_wrong": [
        *_joined({repr(each): each.join for each in (b"|", b"", b"\n", b",", b"&", b" ", b": ", b"::")}),
        ("one of them", partial(call_with, join=lambda parts: parts[0] + b" " + b":".join(parts[1:]))),
        ("at the end too", partial(call_with, join=lambda parts: b"\n".join([*parts, b""]))),
        ("body-signed", partial(body_signed_with, join=b"|".join)),
    ],
    "call.string_changed": [
        *_joined({f"{end!r} behind": around(b"", end) for end in (b"\n", b"\r\n", b":", b" ")}),
        *_joined(
            {
                "a colon in front": around(b":", b""),
                "quoted": around(b'"', b'"'),
                "lower case": lambda parts: b":".join(parts).lower(),
                "base64": lambda parts: b64encode(b":".join(parts)),
            }
        ),
        ("body-signed", partial(body_signed_with, join=around(b"", b"\n"))),
        (
            "body-signed, with an empty token",
            partial(body_signed_with, join=lambda parts: b":".join([*parts[:2], b"", *parts[2:]])),
        ),
    ],
    "call.signed_as_token_request": [
        *_joined({"client key and time": lambda parts: f"{SYMMETRIC}|".encode() + parts[TIMESTAMP]}),
        ("body-signed", partial(body_signed_with, join=lambda parts: f"{CLIENT_KEY}|".encode() + parts[-1])),
    ],
    "call.secret_changed": _keyed(
        {
            "a line end": SECRET + b"\n",
            "CRLF": SECRET + b"\r\n",
            "a blank": SECRET + b" ",
            "quoted": b'"' + SECRET + b'"',
            "upper case": SECRET.upper(),
            "base64": b64encode(SECRET),
            "hexadecimal": SECRET.hex().encode(),
            "hashed": sha256(SECRET).hexdigest().encode(),
            "MD5": md5(SECRET, usedforsecurity=False).hexdigest().encode(),
            "&, as in OAuth 1": SECRET + b"&",
            "a byte-order mark": b"\xef\xbb\xbf" + SECRET,
            "empty": b"",
            "an escaped line end": SECRET + b"\\n",
            "with the client key": SYMMETRIC.encode() + b":" + SECRET,
            "cut off": SECRET[:16],
        }
    ),
    "call.secret_is_client_id": _keyed({"the client key": SYMMETRIC.encode()}),
    "call.secret_decoded": _keyed({"base64": b"a secret of these tests!"}),
    "call.not_hmac": [
        ("arguments exchanged", partial(call_with, function=lambda secret, text: hmac_sha512(text, secret))),
        ("a hash with the secret", partial(call_with, function=lambda secret, text: sha512(secret + text).digest())),
        ("a hash", partial(call_with, function=lambda _, text: sha512(text).digest())),
        ("of a hash", partial(call_with, function=lambda secret, text: hmac_sha512(secret, sha512(text).digest()))),
    ],
    "hash.sha256": [("HMAC", partial(call_with, function=lambda secret, text: hmac.digest(secret, text, "sha256")))],
    "hash.other": [
        (name, partial(call_with, function=lambda secret, text, n=name: hmac.digest(secret, text, n)))  # type: ignore[misc]  # the same
        for name in ("sha384", "md5")
    ],
    "timestamp.signed_another_second": _rows(TIMESTAMP, {"ten minutes ago": "2026-01-22T11:50:01+07:00"}),
    "string.with_body": [("all five parts, with the key pair", _five_parts_with_rsa)],
    "timestamp.signed_reformatted": _rows(
        TIMESTAMP,
        {
            "seconds since 1970": "1769058001",
            "milliseconds since 1970": "1769058001000",
            "no offset": NOW[:19],
            "Z": "2026-01-22T05:00:01Z",
            "local time with Z": f"{NOW[:19]}Z",
            "milliseconds": f"{NOW[:19]}.000+07:00",
            "microseconds": f"{NOW[:19]}.000000+07:00",
            "no colon": f"{NOW[:19]}+0700",
            "a short offset": f"{NOW[:19]}+07",
            "no seconds": "2026-01-22T12:00+07:00",
            "RFC 1123": "Thu, 22 Jan 2026 05:00:01 GMT",
            "another offset": "2026-01-22T13:00:01+08:00",
            "UTC with the offset of Jakarta": "2026-01-22T05:00:01+07:00",
            "lower case": NOW.lower(),
            "a blank with an offset": "2026-01-22 12:00:01+07:00",
        },
    ),
}
"""Calls by verdict constant. All but `genuine` have one part that is not the right one."""


def _hex(body: bytes) -> str:
    return sha256(body).hexdigest()
