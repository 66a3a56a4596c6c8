"""Mistakes in how headers, signature and token are written and sent, and the verdict constant for each mistake."""

import json
from base64 import b32encode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from urllib.parse import quote

from handlers.doctor.request import Request
from tests.merchant import NOON
from tests.mistakes import (
    SYMMETRIC,
    Make,
    World,
    call,
    line_wrapped,
    replace_header,
    symmetric,
    token_request,
    with_signature_respelt,
)
from tests.mistakes_without_token import body_signed, notification
from tests.nicepay import CLIENT_KEY, jakarta

Spell = Callable[[bytes], str]


def _base64(raw: bytes | str) -> str:
    return b64encode(raw.encode() if isinstance(raw, str) else raw).decode()


def _long(tag: int, content: bytes) -> bytes:
    """A DER value with a short tag."""
    length = len(content).to_bytes(2).lstrip(b"\0")
    return bytes([tag, *([0x80 | len(length)] if len(content) > 127 else []), *length]) + content


_ALGORITHM = bytes.fromhex("300d06092a864886f70d01010b0500")

SPELLINGS: dict[str, list[tuple[str, Spell]]] = {
    "signature.hex": [
        ("0x", lambda raw: f"0x{raw.hex()}"),
        ("dashes, as .NET", lambda raw: raw.hex("-").upper()),
        ("colons, as openssl", lambda raw: raw.hex(":")),
        ("blanks", lambda raw: raw.hex(" ")),
    ],
    "signature.encoded_twice": [
        ("base64 of hex", lambda raw: _base64(raw.hex())),
        ("base64 of capital hex", lambda raw: _base64(raw.hex().upper())),
        ("base64 of base64", lambda raw: _base64(_base64(raw))),
        ("base64 of base64 of base64", lambda raw: _base64(_base64(_base64(raw)))),
        ("base64 of base64url", lambda raw: _base64(urlsafe_b64encode(raw))),
        ("base64 of wrapped base64", lambda raw: _base64(line_wrapped(_base64(raw)) + "\n")),
        ("base64 of quoted base64", lambda raw: _base64(json.dumps(_base64(raw)))),
        ("base64 of UTF-16", lambda raw: _base64(_base64(raw).encode("utf-16-le"))),
        ("hex of base64", lambda raw: _base64(raw).encode().hex()),
        ("hex of hex", lambda raw: raw.hex().encode().hex()),
    ],
    "signature.padding_missing": [
        ("all", lambda raw: _base64(raw).rstrip("=")),
        ("one of two", lambda raw: _base64(raw)[:-1]),
    ],
    "signature.percent_encoded": [
        ("once", lambda raw: quote(_base64(raw), safe="")),
        ("twice", lambda raw: quote(quote(_base64(raw), safe=""), safe="")),
        ("thrice", lambda raw: quote(quote(quote(_base64(raw), safe=""), safe=""), safe="")),
        ("of base64 of hex", lambda raw: quote(_base64(raw.hex()), safe="") + "%0A"),
        ("quoted", lambda raw: quote(json.dumps(_base64(raw)))),
    ],
    "signature.line_wrapped": [
        ("LF", lambda raw: line_wrapped(_base64(raw)).replace("\n", "\\n") + "\\n"),
        ("CRLF", lambda raw: line_wrapped(_base64(raw)).replace("\n", "\\r\\n")),
        ("folded", lambda raw: line_wrapped(_base64(raw)).replace("\n", "\t")),
    ],
    "signature.quoted": [
        ("double", lambda raw: json.dumps(_base64(raw))),
        ("Python bytes", lambda raw: repr(_base64(raw).encode())),
        ("backticks", lambda raw: f"`{_base64(raw)}`"),
        ("angles", lambda raw: f"<{_base64(raw)}>"),
        ("braces", lambda raw: f"{{{_base64(raw)}}}"),
    ],
    "signature.escaped": [
        ("slashes, as PHP", lambda raw: _base64(raw).replace("/", "\\/").replace("=", "\\u003d")),
        ("unicode, as .NET", lambda raw: _base64(raw).replace("+", "\\u002B").replace("=", "\\u003D")),
        ("quoted-printable", lambda raw: _base64(raw).replace("=", "=3D")),
        ("HTML", lambda raw: _base64(raw).replace("=", "&#61;").replace("+", "&#43;")),
    ],
    "signature.decorated": [
        ("sha256=", lambda raw: f"sha256={_base64(raw)}"),
        ("RSA-SHA256", lambda raw: f"RSA-SHA256 {_base64(raw)}"),
        ("SHA256withRSA:", lambda raw: f"SHA256withRSA: {_base64(raw)}"),
        ("HMAC-SHA512=", lambda raw: f"HMAC-SHA512={_base64(raw)}"),
        ("Bearer", lambda raw: f"Bearer {_base64(raw)}"),
        ("openssl dgst", lambda raw: f"RSA-SHA2-256(stdin)= {_base64(raw)}"),
        ("openssl dgst -hex", lambda raw: f"SHA2-256(string.txt)= {raw.hex()}"),
        ("two copies", lambda raw: f"{_base64(raw)}, {_base64(raw)}"),
        ("a backslash", lambda raw: f"{_base64(raw)}\\"),
        ("another word", lambda raw: f"something: {_base64(raw)}"),
        ("a semicolon", lambda raw: f"{_base64(raw)};"),
        ("a comma", lambda raw: f"{_base64(raw)},"),
        ("byte sequence", lambda raw: f"sig1=:{_base64(raw)}:"),
    ],
    "signature.in_container": [
        ("OCTET STRING", lambda raw: _base64(_long(4, raw))),
        ("BIT STRING", lambda raw: _base64(_long(3, b"\0" + raw))),
        ("X509_SIG", lambda raw: _base64(_long(0x30, _ALGORITHM + _long(4, raw)))),
        ("hex of DER", lambda raw: _long(4, raw).hex()),
        ("JSON", lambda raw: json.dumps({"signature": _base64(raw)})),
        ("JSON of hex", lambda raw: json.dumps({"status": "ok", "signature": raw.hex()})),
        ("JSON list", lambda raw: json.dumps([_base64(raw)])),
        ("PEM", lambda raw: f"-----BEGIN SIGNATURE-----\\n{_base64(raw)}\\n-----END SIGNATURE-----"),
        ("two dashes", lambda raw: f"--BEGIN RSA SIGNATURE-- {_base64(raw)} --END RSA SIGNATURE--"),
        ("HTTP signature", lambda raw: f'keyId="a",algorithm="rsa-sha256",signature="{_base64(raw)}"'),
        ("JWS", lambda raw: f"eyJhbGciOiJSUzI1NiJ9.e30.{urlsafe_b64encode(raw).decode().rstrip('=')}"),
        ("Java's list", lambda raw: str([each - 256 if each > 127 else each for each in raw])),
        ("Java's BigInteger", lambda raw: _base64(b"\0" + raw)),
        ("a decimal number", lambda raw: str(int.from_bytes(raw))),
        ("base32", lambda raw: b32encode(raw).decode()),
        ("data URL", lambda raw: f"data:application/octet-stream;base64,{_base64(raw)}"),
        ("Node's Buffer", lambda raw: json.dumps({"type": "Buffer", "data": list(raw)})),
    ],
    "signature.case_changed": [
        ("lower case", lambda raw: _base64(raw).lower()),
        ("upper case", lambda raw: _base64(raw).upper()),
    ],
    "signature.cut_off": [
        ("at 255 characters", lambda raw: _base64(raw * 4)[: min(255, len(_base64(raw)) - 21)]),
        ("at 60 bytes less", lambda raw: _base64(raw[: len(raw) - 13])),
    ],
}
"""The same signature in other encodings, by verdict constant."""

PLACEHOLDERS = ("undefined", "null", "[B@6d06d69c", "System.Byte[]", "{{signature}}", "<signature>", "[object Object]")

FORMS: dict[str, Make] = {
    "token request": token_request,
    "asymmetric call": call,
    "symmetric call": symmetric,
    "notification": notification,
    "body-signed call": body_signed,
}


def _respelt(make: Make, spell: Spell) -> Make:
    return lambda world: with_signature_respelt(make(world), spell)


def _placed(value: str) -> Make:
    return lambda world: token_request(world, value)


def _signed_with(mark: str, request: Callable[[World, int], Request], spell: Spell) -> Make:
    """A request whose signature has this character in base64, in another spelling. Not every signature has it."""

    def make(world: World) -> Request:
        requests = (request(world, number) for number in count())
        return with_signature_respelt(next(each for each in requests if mark in each.get("X-SIGNATURE")), spell)

    return make


def _late(world: World, seconds: int) -> Request:
    return token_request(world, X_TIMESTAMP=jakarta(NOON + timedelta(seconds=seconds)))


def _numbered(world: World, number: int) -> Request:
    return symmetric(world, str(number).encode())


def _with_blanks(raw: bytes) -> str:
    return _base64(raw).replace("+", " ")


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _reversed(raw: bytes) -> str:
    return _base64(raw[::-1])


def _signatures(form: str) -> dict[str, list[tuple[str, Make]]]:
    return {
        verdict: [(f"{form}: {name}", _respelt(FORMS[form], spell)) for name, spell in spellings]
        for verdict, spellings in SPELLINGS.items()
    }


SIGNATURE_MISTAKES = _signatures("token request") | {
    "signature.plus_lost": [("blanks", _signed_with("+", _late, _with_blanks))],
    "signature.placeholder": [(value, _placed(value)) for value in PLACEHOLDERS],
    "signature.bytes_reversed": [
        ("as Windows CryptoAPI", lambda w: with_signature_respelt(token_request(w), _reversed)),
    ],
}
"""Token requests, by verdict constant."""

CALL_SIGNATURE_MISTAKES = [
    *(_signatures(form) for form in FORMS if form != "token request"),
    {
        "signature.plus_lost": [("symmetric", _signed_with("+", _numbered, _with_blanks))],
        "signature.base64url": [("symmetric", _signed_with("/", _numbered, _base64url))],
        "signature.bytes_reversed": [
            ("symmetric", lambda w: with_signature_respelt(symmetric(w), _reversed)),
            ("body-signed", lambda w: with_signature_respelt(body_signed(w), _reversed)),
        ],
    },
]
"""Calls of each form, by verdict constant."""

AUTHORIZATIONS: dict[str, list[str]] = {
    "token.scheme_missing": ["TOKEN", '"TOKEN"', "{TOKEN}"],
    "token.scheme_wrong": [
        *(
            "Bearer: TOKEN",
            "Bearer:TOKEN",
            "BearerTOKEN",
            "BearerToken TOKEN",
            "bearer=TOKEN",
            "Token TOKEN",
            "JWT TOKEN",
        ),
        *(
            "Authorization: Bearer TOKEN",
            "Bearer token TOKEN",
            "Access-Token: TOKEN",
            "something TOKEN",
            "Bearer-TOKEN",
        ),
    ],
    "token.scheme_twice": ["Bearer Bearer TOKEN", "bearer Bearer TOKEN", "Bearer Bearer: TOKEN"],
    "token.basic": ["Basic TOKEN", "Basic BASE64", "basic: TOKEN", "Bearer Basic TOKEN"],
    "token.decorated": [
        *("Bearer {TOKEN}", 'Bearer "TOKEN"', "Bearer 'TOKEN'", "Bearer <TOKEN>", '"Bearer TOKEN"', "Bearer [TOKEN]"),
        *(
            "Bearer TOKEN;",
            "Bearer TOKEN,",
            "Bearer TOKEN\\n",
            "Bearer BROKEN",
            "Bearer TOKEN Expires 900",
            'Bearer\\"TOKEN',
        ),
        *("Bearer b'TOKEN'", 'Bearer Optional("TOKEN")', "Bearer\tTOKEN"),
    ],
    "token.encoded": ["Bearer BASE64", "Bearer%20TOKEN", "Bearer PERCENT", "Bearer UNPADDED", "Bearer STANDARD"],
    "token.whole_answer": [
        *("ANSWER", "Bearer ANSWER", 'Bearer "accessToken":"TOKEN"', "Bearer {accessToken: TOKEN}"),
        'Bearer {\\"accessToken\\":\\"TOKEN\\"}',
    ],
}
"""Values of Authorization with a token inside, by verdict constant. Capitals stand for the token, in one spelling."""

AUTHORIZATIONS_WITHOUT_TOKEN: dict[str, list[str]] = {
    "token.basic": ["Basic SU9OUEFZVEVTVDpzZWNyZXQ=", "Basic user:password"],
    "token.scheme_missing": ["0123456789abcdef"],
    "token.scheme_wrong": ["Token 0123456789abcdef", "Digest 0123456789abcdef"],
    "token.jwt": ["Bearer eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.QUJD", 'Bearer "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.QUJD"'],
    "token.placeholder": [
        *(
            "Bearer undefined",
            "Bearer null",
            "Bearer {{accessToken}}",
            "Bearer <token>",
            "undefined",
            "{{accessToken}}",
        ),
        *(
            "Bearer token",
            "Bearer: null",
            "Bearer ${token}",
            "Bearer [object Object]",
            "Bearer accessToken",
            "Bearer Array",
        ),
    ],
    "token.empty": ["Bearer", "Bearer ", 'Bearer ""', "Bearer:"],
    "token.encoded": ["Bearer%20nothing", "Bearer gaaaaabpcbtxwx", "Bearer GAAAAABPCBTXWX"],
    "token.whole_answer": ['Bearer {"accessToken":null}', '{"accessToken":}'],
    "token.malformed": ["Bearer b\xe9b\xe9", "Bearer nothing at all"],
}


def _spelt(value: str, token: str) -> str:
    """The value with the token in the spelling that it names."""
    spellings = {
        "TOKEN": token,
        "BASE64": _base64(token),
        "BROKEN": f"{token[:40]} {token[40:]}",
        "PERCENT": quote(token).replace("=", "%3D"),
        "UNPADDED": token.rstrip("="),
        "STANDARD": token.replace("-", "+").replace("_", "/"),
        "ANSWER": json.dumps({"responseCode": "2007300", "accessToken": token, "tokenType": "Bearer"}),
    }
    name = next((name for name in spellings if name in value and name != "TOKEN"), "TOKEN")
    return value.replace(name, spellings[name])


def _issued(world: World, client_key: str, mark: str, age: int = 0) -> str:
    """A token with this character, because not every token has it."""
    return next(token for _ in count() if mark in (token := world.token(client_key, age)))


def authorized(value: str, make: Callable[..., Request] = call, client_key: str = CLIENT_KEY, age: int = 0) -> Make:
    """A call with a token in this Authorization header. Its signature fits the token."""

    def request(world: World) -> Request:
        token = _issued(world, client_key, {"Bearer UNPADDED": "=", "Bearer STANDARD": "_"}.get(value, "g"), age)
        return replace_header(make(world, token=token), "Authorization", _spelt(value, token))

    return request


TOKEN_HEADER_MISTAKES: list[dict[str, list[tuple[str, Make]]]] = [
    {verdict: [(value, authorized(value)) for value in values] for verdict, values in AUTHORIZATIONS.items()},
    {
        verdict: [(f"symmetric: {value}", authorized(value, symmetric, SYMMETRIC)) for value in values]
        for verdict, values in AUTHORIZATIONS.items()
    },
    {
        verdict: [(value, authorized(value)) for value in values]
        for verdict, values in AUTHORIZATIONS_WITHOUT_TOKEN.items()
    },
    {
        verdict: [(f"symmetric: {value}", authorized(value, symmetric, SYMMETRIC)) for value in values]
        for verdict, values in AUTHORIZATIONS_WITHOUT_TOKEN.items()
    },
]
"""Calls with a mistake in Authorization, by verdict constant."""


def with_name(request: Request, name: str, sent: str) -> Request:
    """The request with another name for a header."""
    headers = ((sent if each == name else each, value) for each, value in request.headers)
    return replace(request, headers=tuple(headers))


def without(request: Request, *names: str) -> Request:
    """The request without these headers."""
    return replace(request, headers=tuple(pair for pair in request.headers if pair[0] not in names))


NAMES: dict[str, dict[str, list[str]]] = {
    "X-TIMESTAMP": {
        "header.underscores": ["X_TIMESTAMP", "x_timestamp"],
        "header.misspelt": [
            "XTIMESTAMP",
            "X-TIME-STAMP",
            "X-TIMSTAMP",
            "TIMESTAMP",
            "X-TIMESTMAP",
            "X-DATE",
            "X_TIME_STAMP",
        ],
    },
    "X-SIGNATURE": {
        "header.underscores": ["X_SIGNATURE"],
        "header.misspelt": ["X-SIGNATUR", "X-SIGANTURE", "SIGNATURE", "X-SIGN", "X-SIGNATRUE", "HTTP_X_SIGNATURE"],
    },
    "X-CLIENT-KEY": {
        "header.underscores": ["X_CLIENT_KEY", "X-CLIENT_KEY"],
        "header.misspelt": ["X-CLIENTKEY", "X-CLIENT-ID", "CLIENT-KEY", "X-CLEINT-KEY", "X-CLIENT-SECRET"],
    },
    "X-PARTNER-ID": {"header.underscores": ["X_PARTNER_ID"], "header.misspelt": ["X-PARTNERID", "X-PATNER-ID"]},
    "X-EXTERNAL-ID": {"header.underscores": ["x_external_id"], "header.misspelt": ["X-EXTERNALID", "EXTERNAL-ID"]},
    "Authorization": {"header.misspelt": ["Authorisation", "Autorization", "X-Authorization", "X-Access-Token"]},
}
"""Other names of headers, by the right name and by verdict constant."""


def _named(make: Make, name: str, sent: str) -> Make:
    return lambda world: with_name(make(world), name, sent)


def _names(form: str, *names: str) -> dict[str, list[tuple[str, Make]]]:
    return {
        verdict: [
            (f"{form}: {sent}", _named(FORMS[form], name, sent))
            for name in names
            for sent in NAMES[name].get(verdict, [])
        ]
        for verdict in ("header.underscores", "header.misspelt")
    }


TOKEN_NAME_MISTAKES = _names("token request", "X-TIMESTAMP", "X-SIGNATURE", "X-CLIENT-KEY")
TOKEN_NAME_MISTAKES["header.misspelt"].append(
    ("token request: X-PARTNER-ID", _named(token_request, "X-CLIENT-KEY", "X-PARTNER-ID"))
)
CALL_NAME_MISTAKES = [
    *(
        _names(form, "X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID")
        for form in ("asymmetric call", "symmetric call", "body-signed call")
    ),
    _names("asymmetric call", "Authorization"),
    _names("symmetric call", "Authorization"),
    _names("notification", "X-TIMESTAMP", "X-SIGNATURE", "X-CLIENT-KEY"),
]
"""Requests with a header under a wrong name, by verdict constant."""
