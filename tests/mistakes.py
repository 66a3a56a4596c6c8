"""Requests with one mistake each, signed with real keys, and the verdict constant for each mistake."""

import json
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import MD5, SHA1, SHA256, SHA512, HashAlgorithm

from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.snap.call_form import CallForm
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.particulars import Particulars
from handlers.snap.service import Service
from handlers.snap.token import TokenKeys
from tests.document import TOKEN_PATH
from tests.merchant import BASE_PATH, NOON, write_settings
from tests.nicepay import BODY, CLIENT_KEY, Nicepay, jakarta
from tests.published_key import PRIVATE as PUBLISHED_KEY

NOW = jakarta(NOON)
TOLERANCE = timedelta(seconds=300)
CALL_PATH = "/api/v1.0/transfer-va/inquiry"
CALL_BODY = b'{"payNo":"1 2","url":"a/b","amount":10.00}'
NOTIFY_PATH, SIGNED_PATH = "/api/v1.0/transfer-va/payment", "/v1.0/transfer-va/payment"
CALL_FORMS: dict[str, tuple[CallForm, ...]] = {NOTIFY_PATH: ("token", "notification"), SIGNED_PATH: ("body-signed",)}
HOST = "merchant.example"
# The client secret is this base64 text itself, not the 24 bytes that it decodes to.
SECRET = b64encode(b"a secret of these tests!")
OTHER_SECRET = b"the secret of another client"
INTERNAL_SECRET = b"the-secret-of-the-proxy"
OTHER, SUSPENDED, STRICT, SYMMETRIC = "OTHERCLIENT", "SUSPENDED", "STRICT", "SYMMETRIC"
PINNED = "PINNED"
"""A client whose CHANNEL-ID, ORIGIN and X-EXTERNAL-ID the settings restrict."""


@dataclass(frozen=True)
class World:
    """The clients with their private keys, and the merchant's settings for them."""

    nicepay: Nicepay = field(default_factory=Nicepay)
    other: Nicepay = field(default_factory=lambda: Nicepay(OTHER))
    stranger: Nicepay = field(default_factory=Nicepay)
    nobody: Nicepay = field(default_factory=Nicepay)
    notifier: Nicepay = field(default_factory=Nicepay)
    token_key: bytes = field(default_factory=Fernet.generate_key)

    @property
    def token_keys(self) -> TokenKeys:
        return TokenKeys([self.token_key])

    @property
    def clients(self) -> Clients:
        key = self.nicepay.private_key.public_key()
        return Clients(
            [
                Client(CLIENT_KEY, (key,), TOLERANCE, notification_keys=(self.notifier.private_key.public_key(),)),
                Client(OTHER, (self.other.private_key.public_key(),), TOLERANCE),
                Client(SUSPENDED, (key,), TOLERANCE, suspended=True),
                Client(STRICT, (key,), timedelta(seconds=10)),
                Client(SYMMETRIC, (key,), TOLERANCE, client_secret=SECRET),
                Client(PINNED, (key,), TOLERANCE, particulars=Particulars("95231", "bank.example", "numeric")),
            ],
            lambda _bits: self.nobody.private_key.public_key(),
        )

    @property
    def context(self) -> MerchantContext:
        return MerchantContext(
            now=NOON,
            clients=self.clients,
            token_keys=self.token_keys,
            token_path=BASE_PATH + TOKEN_PATH,
            called_services={
                CALL_PATH: Service("24", ("POST", "GET")),
                **{path: Service("25", forms=forms) for path, forms in CALL_FORMS.items()},
            },
            secrets={SYMMETRIC: (SECRET,), OTHER: (OTHER_SECRET,), CLIENT_KEY: (SECRET,)},
            internal_secrets=(INTERNAL_SECRET,),
        )

    def sign(
        self, text: str | bytes, algorithm: HashAlgorithm | None = None, key: rsa.RSAPrivateKey | None = None
    ) -> str:
        message = text.encode() if isinstance(text, str) else text
        raw = (key or self.nicepay.private_key).sign(message, padding.PKCS1v15(), algorithm or SHA256())
        return b64encode(raw).decode()

    def raw(self) -> bytes:
        return self.nicepay.private_key.sign(f"{CLIENT_KEY}|{NOW}".encode(), padding.PKCS1v15(), SHA256())

    def token(self, client_key: str = CLIENT_KEY, age: int = 0) -> str:
        return self.token_keys.issue(client_key, NOON - timedelta(seconds=age))


Make = Callable[[World], Request]


def token_request(world: World, signature: str | None = None, body: bytes = BODY, **changed: str | None) -> Request:
    """A token request. It is genuine unless the test changes something; a header with the value None is left out."""
    headers = {
        "Host": HOST,
        "Content-Type": "application/json",
        "X-TIMESTAMP": NOW,
        "X-CLIENT-KEY": CLIENT_KEY,
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    text = f"{headers['X-CLIENT-KEY']}|{headers['X-TIMESTAMP']}"
    headers.setdefault("X-SIGNATURE", world.sign(text) if signature is None else signature)
    present = tuple((name, value) for name, value in headers.items() if value is not None)
    return Request("POST", BASE_PATH + TOKEN_PATH, present, body)


def call(
    world: World,
    signature: str | None = None,
    body: bytes = CALL_BODY,
    target: str = CALL_PATH,
    token: str | None = None,
    **changed: str | None,
) -> Request:
    """A call of the client that signs asymmetrically."""
    headers = {
        "Host": HOST,
        "Authorization": f"Bearer {token or world.token()}",
        "X-TIMESTAMP": NOW,
        "X-PARTNER-ID": CLIENT_KEY,
        "X-SIGNATURE": world.sign(f"{CLIENT_KEY}|{NOW}") if signature is None else signature,
        "X-EXTERNAL-ID": "ordNo1",
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    present = tuple((name, value) for name, value in headers.items() if value is not None)
    return Request("POST", target, present, body)


def pinned(world: World, **changed: str | None) -> Request:
    """A call of the client whose headers the settings restrict."""
    right: dict[str, Any] = {"CHANNEL_ID": "95231", "ORIGIN": "bank.example", "X_EXTERNAL_ID": "12"}
    headers = right | {"X_PARTNER_ID": PINNED} | changed
    return call(world, world.sign(f"{PINNED}|{NOW}"), token=world.token(PINNED), **headers)


def symmetric(  # noqa: PLR0913  each part of the string to sign can be changed
    world: World,
    body: bytes = CALL_BODY,
    target: str = CALL_PATH,
    *,
    signed_body: bytes | None = None,
    place: str | None = None,
    before: str = "",
    secret: bytes = SECRET,
    hash_name: str = "sha512",
    upper: bool = False,
    timestamp: str = NOW,
    method: str = "POST",
    token: str | None = None,
) -> Request:
    """A call of the client that signs symmetrically. The options change single parts of its string to sign."""
    token = token or world.token(SYMMETRIC)
    hashed = sha256(body if signed_body is None else signed_body).hexdigest()
    text = f"{method}:{place or target}:{before}{token}:{hashed.upper() if upper else hashed}:{timestamp}"
    signature = b64encode(digest(secret, text.encode(), hash_name)).decode()
    return replace(call(world, signature, body, target, token, X_PARTNER_ID=SYMMETRIC), method=method)


def _without(request: Request, name: str) -> Request:
    return replace(request, headers=tuple(pair for pair in request.headers if pair[0] != name))


def replace_header(request: Request, name: str, value: str) -> Request:
    """The request with another value of a header."""
    return replace(request, headers=(*_without(request, name).headers, (name, value)))


def _with_header_twice(request: Request, name: str) -> Request:
    return replace(request, headers=(*request.headers, (name, request.get(name))))


def _with_extra_headers(request: Request, number: int) -> Request:
    return replace(request, headers=(*request.headers, *((f"X-Other-{place}", "") for place in range(number))))


def _with_query(request: Request, length: int) -> Request:
    """Add a query, so that path and query without the question mark have this length."""
    return replace(request, target=f"{request.target}?{'a' * (length - len(request.target))}")


def via_proxy(  # noqa: PLR0913  each part of the proxy's request can be changed
    request: Request,
    *,
    secret: str | None = f"Bearer {INTERNAL_SECRET.decode()}",
    method: str = "POST",
    path: str = "/authorize",
    original: tuple[str | None, str | None] = (None, None),
    copied: str = "",
) -> Request:
    """A call with the request of a proxy to /authorize about it.

    `original` replaces the method and the URI of the call in the proxy's request. An empty one is not sent.
    """
    originals = [
        request.method if original[0] is None else original[0],
        request.target if original[1] is None else original[1],
    ]
    pairs = zip(("X-Original-Method", "X-Original-URI", "X-Internal-Authorization"), [*originals, secret], strict=True)
    headers = (*request.headers, *((name, value) for name, value in pairs if value))
    authorize = Request(method, path, headers, request.body)
    authorize = _with_header_twice(authorize, copied) if copied else authorize
    of_call = tuple((name, value) for name, value in headers if not name.startswith(("X-Original", "X-Internal")))
    return replace(request, method=originals[0], target=originals[1], headers=of_call, authorize_request=authorize)


def _at(seconds: float) -> str:
    return jakarta(NOON + timedelta(seconds=seconds))


def _utc_labelled_jakarta() -> str:
    return f"{NOON.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+07:00"


def _pss(world: World, algorithm: HashAlgorithm | None = None) -> str:
    hashed = algorithm or SHA256()
    scheme = padding.PSS(padding.MGF1(hashed), padding.PSS.DIGEST_LENGTH)
    return b64encode(world.nicepay.private_key.sign(f"{CLIENT_KEY}|{NOW}".encode(), scheme, hashed)).decode()


def _without_digest_info(
    world: World, content: Callable[[bytes], bytes] = lambda message: sha256(message).digest()
) -> str:
    """A signature made by encrypting with the private key: PKCS #1 padding around the content, without DigestInfo."""
    numbers = world.nicepay.private_key.private_numbers()
    size = world.nicepay.private_key.key_size // 8
    hashed = content(f"{CLIENT_KEY}|{NOW}".encode())
    block = b"\0\1" + b"\xff" * (size - 3 - len(hashed)) + b"\0" + hashed
    modulus = numbers.public_numbers.n
    return b64encode(pow(int.from_bytes(block), numbers.d, modulus).to_bytes(size)).decode()


def _with_one_character_changed(token: str) -> str:
    return token[:20] + ("A" if token[20] != "A" else "B") + token[21:]


def line_wrapped(text: str) -> str:
    """The text in lines of 64 characters."""
    return "\n".join(text[start : start + 64] for start in range(0, len(text), 64))


def with_signature_respelt(request: Request, spell: Callable[[bytes], str]) -> Request:
    """The request with the same signature in another encoding."""
    raw = b64decode(request.get("X-SIGNATURE"))
    return replace(request, headers=(*_without(request, "X-SIGNATURE").headers, ("X-SIGNATURE", spell(raw))))


def _hmac_of_asymmetric(world: World) -> Request:
    token = world.token()
    text = f"POST:{CALL_PATH}:{token}:{sha256(CALL_BODY).hexdigest()}:{NOW}"
    return call(world, b64encode(digest(SECRET, text.encode(), "sha512")).decode(), token=token)


_STRING_TO_SIGN = f"{CLIENT_KEY}|{NOW}"
_MILLISECONDS = NOW.replace("+07:00", ".250+07:00")
_Z = f"{NOON:%Y-%m-%dT%H:%M:%S}Z"

TOKEN_MISTAKES: dict[str, list[tuple[str, Make]]] = {
    "genuine": [
        ("as documented", token_request),
        ("UTC", lambda w: token_request(w, X_TIMESTAMP=_Z)),
        ("milliseconds", lambda w: token_request(w, X_TIMESTAMP=_MILLISECONDS)),
        ("no media type", lambda w: token_request(w, Content_Type=None)),
        ("capital media type", lambda w: token_request(w, Content_Type="Application/JSON; charset=UTF-8")),
        ("inside the window", lambda w: token_request(w, X_TIMESTAMP=_at(-299))),
        ("the largest allowed number of headers", lambda w: _with_extra_headers(token_request(w), 58)),
        ("the longest allowed query", lambda w: _with_query(token_request(w), 2_048)),
        ("chunked", lambda w: token_request(w, Transfer_Encoding="chunked")),
        ("HTTP/1.0", lambda w: replace(token_request(w), version="1.0")),
        (
            "another client",
            lambda w: token_request(w, w.sign(f"{OTHER}|{NOW}", key=w.other.private_key), X_CLIENT_KEY=OTHER),
        ),
        (
            "additionalInfo is empty text",
            lambda w: token_request(w, body=b'{"grantType":"client_credentials","additionalInfo":""}'),
        ),
    ],
    "clock.behind": [
        ("over the window", lambda w: token_request(w, X_TIMESTAMP=_at(-301))),
        ("over the client's own window", lambda w: token_request(w, X_TIMESTAMP=_at(-60), X_CLIENT_KEY=STRICT)),
    ],
    "clock.ahead": [("over the window", lambda w: token_request(w, X_TIMESTAMP=_at(302)))],
    "clock.wrong_date": [
        ("the year of the Buddhist calendar", lambda w: token_request(w, X_TIMESTAMP=f"{int(NOW[:4]) + 543}{NOW[4:]}")),
        ("yesterday", lambda w: token_request(w, X_TIMESTAMP=_at(-86_400 - 299))),
    ],
    "clock.month_as_minutes": [
        ("+05:30", lambda w: token_request(w, X_TIMESTAMP="2026-01-22T10:01:01+05:30")),
        ("+05:45", lambda w: token_request(w, X_TIMESTAMP="2026-01-22T10:01:01+05:45")),
    ],
    "clock.local_time_labelled_jakarta": [
        ("a host in UTC", lambda w: token_request(w, X_TIMESTAMP=_utc_labelled_jakarta())),
    ],
    "clock.wrong_zone_label": [
        ("Jakarta as Z", lambda w: token_request(w, X_TIMESTAMP=f"{NOW[:19]}Z")),
        ("Jakarta as +00:00", lambda w: token_request(w, X_TIMESTAMP=f"{NOW[:19]}+00:00")),
        ("WITA as +07:00", lambda w: token_request(w, X_TIMESTAMP=_at(3_600))),
        ("WIT as +07:00", lambda w: token_request(w, X_TIMESTAMP=_at(7_200 - 299))),
        ("shifted twice", lambda w: token_request(w, X_TIMESTAMP=_at(7 * 3_600))),
        ("shifted back twice", lambda w: token_request(w, X_TIMESTAMP=_at(-14 * 3_600))),
        ("India as +07:00", lambda w: token_request(w, X_TIMESTAMP=_at(-5_400))),
        ("Jakarta as -07:00", lambda w: token_request(w, X_TIMESTAMP=f"{NOW[:19]}-07:00")),
        ("milliseconds", lambda w: token_request(w, X_TIMESTAMP=f"{NOW[:19]}.250Z")),
    ],
    "timestamp.malformed": [
        ("no colon", lambda w: token_request(w, X_TIMESTAMP=NOW.replace("+07:00", "+0700"))),
        ("no offset", lambda w: token_request(w, X_TIMESTAMP=NOW[:19])),
        ("a space", lambda w: token_request(w, X_TIMESTAMP=NOW.replace("T", " "))),
        ("no such day", lambda w: token_request(w, X_TIMESTAMP="2026-02-30T12:00:01+07:00")),
        ("words", lambda w: token_request(w, X_TIMESTAMP="noon")),
    ],
    "timestamp.signed_another_second": [
        (f"{seconds} s", lambda w, s=seconds: token_request(w, w.sign(f"{CLIENT_KEY}|{_at(s)}")))
        for seconds in (-2, 1, 3, 600)
    ]
    + [
        (
            "milliseconds",
            lambda w: token_request(
                w, w.sign(f"{CLIENT_KEY}|{_MILLISECONDS.replace('.250', '.251')}"), X_TIMESTAMP=_MILLISECONDS
            ),
        ),
    ],
    "timestamp.signed_reformatted": [
        (form, lambda w, f=form: token_request(w, w.sign(f"{CLIENT_KEY}|{f}")))
        for form in (
            _Z,
            _MILLISECONDS.replace(".250", ".000"),
            NOW.replace("+07:00", "+0700"),
            NOW[:19],
            f'"{NOW}"',
            "1769058001",
        )
    ]
    + [
        ("and three seconds later", lambda w: token_request(w, w.sign(f"{CLIENT_KEY}|{_Z.replace(':01Z', ':04Z')}"))),
        ("and a second later", lambda w: token_request(w, w.sign(f"{CLIENT_KEY}|{_Z.replace(':01Z', ':02Z')}"))),
        (
            "percent-encoded",
            lambda w: token_request(w, w.sign(f"{CLIENT_KEY}|{NOW.replace(':', '%3A').replace('+', '%2B')}")),
        ),
    ],
    "string.reversed": [("time first", lambda w: token_request(w, w.sign(f"{NOW}|{CLIENT_KEY}")))],
    "string.no_separator": [
        ("none", lambda w: token_request(w, w.sign(CLIENT_KEY + NOW))),
    ]
    + [
        (repr(separator), lambda w, s=separator: token_request(w, w.sign(f"{CLIENT_KEY}{s}{NOW}")))  # type: ignore[misc]
        for separator in (":", ",", ";", "-", "_", "&", " ", " | ", "||", "\n")
    ],
    "string.trailing_newline": [
        ("LF", lambda w: token_request(w, w.sign(_STRING_TO_SIGN + "\n"))),
        ("CRLF", lambda w: token_request(w, w.sign(_STRING_TO_SIGN + "\r\n"))),
        ("a space", lambda w: token_request(w, w.sign(_STRING_TO_SIGN + " "))),
    ],
    "string.other_client": [
        ("another of the settings", lambda w: token_request(w, w.sign(f"{OTHER}|{NOW}"))),
        ("lower case", lambda w: token_request(w, w.sign(f"{CLIENT_KEY.lower()}|{NOW}"))),
    ],
    "string.with_body": [
        ("behind it", lambda w: token_request(w, w.sign(_STRING_TO_SIGN.encode() + b"|" + BODY))),
        ("its hash", lambda w: token_request(w, w.sign(f"{_STRING_TO_SIGN}|{sha256(BODY).hexdigest()}"))),
        (
            "the symmetric form of ASPI's standard",
            lambda w: token_request(w, w.sign(f"POST:{BASE_PATH}{TOKEN_PATH}:{sha256(BODY).hexdigest()}:{NOW}")),
        ),
    ],
    "string.unknown": [("some other text", lambda w: token_request(w, w.sign("some other text")))],
    "hash.sha1": [("SHA1withRSA", lambda w: token_request(w, w.sign(_STRING_TO_SIGN, SHA1())))],  # noqa: S303  the weak hash is the mistake
    "hash.sha512": [("SHA512withRSA", lambda w: token_request(w, w.sign(_STRING_TO_SIGN, SHA512())))],
    "hash.other": [("MD5withRSA", lambda w: token_request(w, w.sign(_STRING_TO_SIGN, MD5())))],  # noqa: S303  the same
    "hash.twice": [
        ("bytes", lambda w: token_request(w, w.sign(sha256(_STRING_TO_SIGN.encode()).digest()))),
        ("hexadecimal", lambda w: token_request(w, w.sign(sha256(_STRING_TO_SIGN.encode()).hexdigest()))),
    ],
    "padding.pss": [
        ("PS256", lambda w: token_request(w, _pss(w))),
        ("PS512", lambda w: token_request(w, _pss(w, SHA512()))),
        ("with SHA-1", lambda w: token_request(w, _pss(w, SHA1()))),  # noqa: S303  the same
    ],
    "padding.no_digest_info": [
        ("private-key encryption", lambda w: token_request(w, _without_digest_info(w))),
        ("of the text", lambda w: token_request(w, _without_digest_info(w, bytes))),
        (
            "of hexadecimal",
            lambda w: token_request(w, _without_digest_info(w, lambda text: sha256(text).hexdigest().encode())),
        ),
    ],
    "signature.hex": [
        ("lower case", lambda w: token_request(w, w.raw().hex())),
        ("capitals", lambda w: token_request(w, w.raw().hex().upper())),
    ],
    "signature.base64url": [
        ("padded", lambda w: token_request(w, urlsafe_b64encode(w.raw()).decode())),
        ("not padded", lambda w: token_request(w, urlsafe_b64encode(w.raw()).decode().rstrip("="))),
    ],
    "signature.quoted": [
        ("double", lambda w: token_request(w, f'"{w.sign(_STRING_TO_SIGN)}"')),
        ("single", lambda w: token_request(w, f"'{w.sign(_STRING_TO_SIGN)}'")),
    ],
    "signature.line_wrapped": [
        ("spaces", lambda w: token_request(w, line_wrapped(w.sign(_STRING_TO_SIGN)).replace("\n", " "))),
        ("escaped", lambda w: token_request(w, line_wrapped(w.sign(_STRING_TO_SIGN)).replace("\n", "\\n"))),
    ],
    "signature.percent_encoded": [
        ("query style", lambda w: token_request(w, w.sign(_STRING_TO_SIGN).replace("=", "%3D")))
    ],
    "signature.not_base64": [
        ("words", lambda w: token_request(w, "not a signature!")),
        ("not canonical", lambda w: token_request(w, "QUJD" * 85 + "QR==")),
    ],
    "signature.wrong_length": [
        ("an HMAC", lambda w: token_request(w, b64encode(digest(SECRET, _STRING_TO_SIGN.encode(), "sha512")).decode())),
    ],
    "key.of_another_client": [
        ("right string", lambda w: token_request(w, w.sign(_STRING_TO_SIGN, key=w.other.private_key)))
    ],
    "key.published": [
        ("test key", lambda w: token_request(w, w.sign(_STRING_TO_SIGN, key=PUBLISHED_KEY))),
    ],
    "key.unknown": [
        ("a stranger's", lambda w: token_request(w, w.sign(_STRING_TO_SIGN, key=w.stranger.private_key))),
        ("chance", lambda w: token_request(w, b64encode(b"\x11" * 256).decode())),
    ],
    "client.unknown": [
        ("nobody", lambda w: token_request(w, X_CLIENT_KEY="NOBODY")),
        ("another case", lambda w: token_request(w, X_CLIENT_KEY=CLIENT_KEY.lower())),
    ],
    "client.suspended": [("in the settings", lambda w: token_request(w, X_CLIENT_KEY=SUSPENDED))],
    "header.missing": [
        (name, lambda w, n=name: _without(token_request(w), n))
        for name in ("X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE")
    ]
    + [("empty", lambda w: token_request(w, X_SIGNATURE=""))],
    "header.duplicated": [
        (name, lambda w, n=name: _with_header_twice(token_request(w), n))  # type: ignore[misc]
        for name in ("X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE", "Content-Type")
    ],
    "header.malformed": [("too long", lambda w: token_request(w, X_CLIENT_KEY="A" * 37))],
    "media_type.wrong": [
        ("a form", lambda w: token_request(w, Content_Type="application/x-www-form-urlencoded")),
        ("another charset", lambda w: token_request(w, Content_Type="application/json; charset=latin-1")),
    ],
    "body.compressed": [("gzip", lambda w: token_request(w, Content_Encoding="gzip"))],
    "body.not_json": [
        (str(body), lambda w, b=body: token_request(w, body=b))  # type: ignore[misc]  # mypy infers no parameter from a default
        for body in (b"", b"grantType=client_credentials", b"{'grantType':'client_credentials'}", b"\xef\xbb\xbf{}")
    ],
    "body.not_object": [("encoded twice", lambda w: token_request(w, body=json.dumps(BODY.decode()).encode()))],
    "body.grant_type_missing": [
        ("snake case", lambda w: token_request(w, body=b'{"grant_type":"client_credentials"}')),
        ("empty", lambda w: token_request(w, body=b"{}")),
        ("null", lambda w: token_request(w, body=b'{"grantType":null}')),
    ],
    "body.grant_type_misspelt": [
        ("lower case, as SNAP v1.0.1", lambda w: token_request(w, body=b'{"granttype":"client_credentials"}')),
        ("beside an empty one", lambda w: token_request(w, body=b'{"grantType":"","GrantType":"client_credentials"}')),
    ],
    "body.grant_type_wrong": [
        ("another", lambda w: token_request(w, body=b'{"grantType":"authorization_code"}')),
        ("a number", lambda w: token_request(w, body=b'{"grantType":1}')),
    ],
    "method.wrong": [("PUT", lambda w: replace(token_request(w), method="PUT"))],
    "path.unknown": [
        ("with a fragment", lambda w: replace(token_request(w), target=f"{BASE_PATH}{TOKEN_PATH}#x")),
        ("a slash more", lambda w: replace(token_request(w), target=f"{BASE_PATH}{TOKEN_PATH}/")),
        ("another version", lambda w: replace(token_request(w), target=f"/v2{TOKEN_PATH}")),
        (
            "with a call's header",
            lambda w: replace(token_request(w, X_PARTNER_ID=CLIENT_KEY), target=f"/v2{TOKEN_PATH}"),
        ),
    ],
    "protocol.unsupported": [
        ("another coding", lambda w: token_request(w, Transfer_Encoding="gzip, chunked")),
        (
            "chunked twice",
            lambda w: _with_header_twice(token_request(w, Transfer_Encoding="chunked"), "Transfer-Encoding"),
        ),
        ("chunked in 1.0", lambda w: replace(token_request(w, Transfer_Encoding="chunked"), version="1.0")),
    ],
    "request.too_large": [
        ("number", lambda w: _with_extra_headers(token_request(w), 60)),
        ("body", lambda w: token_request(w, body=b" " * 16_384 + BODY)),
        ("target", lambda w: _with_query(token_request(w), 2_049)),
        ("headers", lambda w: token_request(w, X_Other="a" * 16_384)),
    ],
}
"""Token requests, by verdict constant."""

CALL_MISTAKES: dict[str, list[tuple[str, Make]]] = {
    "genuine": [
        ("asymmetric", call),
        ("no secret", lambda w: call(w, w.sign(f"{STRICT}|{NOW}"), token=w.token(STRICT), X_PARTNER_ID=STRICT)),
        ("symmetric", symmetric),
        ("symmetric, a query", lambda w: symmetric(w, target=f"{CALL_PATH}?page=1")),
        ("symmetric, minified", lambda w: symmetric(w, b'{ "a": 1 }', signed_body=b'{"a":1}')),
        ("symmetric, GET", lambda w: symmetric(w, b"", method="GET")),
    ],
    "token.missing": [
        ("no header", lambda w: call(w, Authorization=None)),
        ("no header, symmetric", lambda w: _without(symmetric(w), "Authorization")),
    ],
    "token.scheme_wrong": [
        (
            "half a token, symmetric",
            lambda w: replace_header(symmetric(w), "Authorization", f"Token {w.token(SYMMETRIC)[:40]}"),
        ),
    ],
    "token.expired": [
        ("a second too old", lambda w: call(w, token=w.token(age=901))),
        ("issued tomorrow", lambda w: call(w, token=w.token(age=-86_400))),
    ],
    "token.tampered": [
        ("a character", lambda w: call(w, token=_with_one_character_changed(w.token()))),
        ("cut off", lambda w: call(w, token=w.token()[:40])),
        ("words", lambda w: call(w, Authorization="Bearer some-words")),
        ("of other keys", lambda w: call(w, token=World.token(replace(w, token_key=Fernet.generate_key())))),
    ],
    "token.of_another_client": [("partner of another", lambda w: call(w, token=w.token(OTHER)))],
    "client.unknown": [("a client removed since", lambda w: call(w, token=w.token("REMOVED")))],
    "client.suspended": [("suspended since", lambda w: call(w, token=w.token(SUSPENDED), X_PARTNER_ID=SUSPENDED))],
    "channel.mismatch": [
        ("another", lambda w: pinned(w, CHANNEL_ID="95221")),
        ("missing", lambda w: pinned(w, CHANNEL_ID=None)),
    ],
    "origin.mismatch": [("another", lambda w: pinned(w, ORIGIN="bank.example.org"))],
    "external_id.malformed": [("a letter", lambda w: pinned(w, X_EXTERNAL_ID="12a"))],
    "call.partner_unknown": [("nobody's", lambda w: call(w, X_PARTNER_ID="NOBODY"))],
    "clock.behind": [
        ("over the window", lambda w: call(w, w.sign(f"{CLIENT_KEY}|{_at(-301)}"), X_TIMESTAMP=_at(-301)))
    ],
    "clock.wrong_zone_label": [
        ("a call", lambda w: call(w, w.sign(f"{CLIENT_KEY}|{_at(3_600)}"), X_TIMESTAMP=_at(3_600))),
        (
            "symmetric",
            lambda w: replace_header(symmetric(w, timestamp=f"{NOW[:19]}Z"), "X-TIMESTAMP", f"{NOW[:19]}Z"),
        ),
    ],
    "header.missing": [("X-EXTERNAL-ID", lambda w: call(w, X_EXTERNAL_ID=None))],
    "header.malformed": [
        ("X-EXTERNAL-ID", lambda w: call(w, X_EXTERNAL_ID="a" * 41)),
        ("CHANNEL-ID", lambda w: call(w, CHANNEL_ID="a b")),
    ],
    "header.duplicated": [("Authorization", lambda w: _with_header_twice(call(w), "Authorization"))],
    "timestamp.malformed": [("words in a call", lambda w: call(w, X_TIMESTAMP="noon"))],
    "path.unknown": [("another", lambda w: call(w, target=f"{CALL_PATH}/more"))],
    "string.reversed": [("time first", lambda w: call(w, w.sign(f"{NOW}|{CLIENT_KEY}")))],
    "signature.not_base64": [("words", lambda w: call(w, "not a signature!"))],
    "signature.hex": [
        ("HMAC", lambda w: with_signature_respelt(symmetric(w), bytes.hex)),
    ],
    "signature.wrong_length": [
        ("twice as long", lambda w: with_signature_respelt(symmetric(w), lambda raw: b64encode(raw * 2).decode())),
        ("another key size", lambda w: call(w, b64encode(w.raw()[:128]).decode())),
        ("64 bytes, no secret", lambda w: call(w, "QUJD" * 21 + "QQ==", token=w.token(STRICT), X_PARTNER_ID=STRICT)),
    ],
    "key.of_another_client": [
        ("secret", lambda w: symmetric(w, secret=OTHER_SECRET)),
        ("key", lambda w: call(w, w.sign(_STRING_TO_SIGN, key=w.other.private_key))),
    ],
    "key.published": [
        ("test key, call", lambda w: call(w, w.sign(_STRING_TO_SIGN, key=PUBLISHED_KEY))),
    ],
    "key.unknown": [
        ("a stranger's key", lambda w: call(w, w.sign(_STRING_TO_SIGN, key=w.stranger.private_key))),
        ("a stranger's secret", lambda w: symmetric(w, secret=b"a secret that nobody knows")),
        ("a different body", lambda w: symmetric(w, signed_body=b"quite another body")),
        ("a stranger's HMAC, asymmetric", lambda w: call(w, b64encode(b"\x11" * 256).decode())),
    ],
    "hash.sha256": [("HMAC", lambda w: symmetric(w, hash_name="sha256"))],
    "hash.sha1": [("HMAC", lambda w: symmetric(w, hash_name="sha1"))],
    "timestamp.signed_another_second": [("symmetric", lambda w: symmetric(w, timestamp=_at(-1)))],
    "timestamp.signed_reformatted": [("symmetric", lambda w: symmetric(w, timestamp=_Z))],
    "call.signed_asymmetrically": [
        (
            "agreed otherwise",
            lambda w: call(w, w.sign(f"{SYMMETRIC}|{NOW}"), token=w.token(SYMMETRIC), X_PARTNER_ID=SYMMETRIC),
        ),
        (
            "and reversed",
            lambda w: call(w, w.sign(f"{NOW}|{SYMMETRIC}"), token=w.token(SYMMETRIC), X_PARTNER_ID=SYMMETRIC),
        ),
    ],
    "call.signed_symmetrically": [("agreed otherwise", _hmac_of_asymmetric)],
    "call.body_minified": [
        ("spaces", lambda w: symmetric(w, b'{"a":1}', signed_body=b'{"a": 1}')),
        ("indented", lambda w: symmetric(w, b'{"a":1}', signed_body=b'{\n  "a": 1\n}')),
        ("tabs", lambda w: symmetric(w, b'{"a":1}', signed_body=b'{\n\t"a": 1\n}')),
        ("a line break behind", lambda w: symmetric(w, b'{"a":1}', signed_body=b'{"a":1}\n')),
    ],
    "call.body_changed": [
        ("slashes", lambda w: symmetric(w, signed_body=CALL_BODY.replace(b"/", b"\\/"))),
        ("numbers", lambda w: symmetric(w, signed_body=CALL_BODY.replace(b"10.00", b"10"))),
        ("sorted", lambda w: symmetric(w, b'{"b":1,"a":2}', signed_body=b'{"a":2,"b":1}')),
        ("signed empty", lambda w: symmetric(w, signed_body=b"")),
        ("no JSON, signed empty", lambda w: symmetric(w, b"a=1", signed_body=b"")),
        ("half a surrogate pair", lambda w: symmetric(w, b'{"a":"\\ud800"}', signed_body=b"{}")),
    ],
    "call.body_not_forwarded": [("empty", lambda w: symmetric(w, b"", signed_body=b'{"a":1}'))],
    "call.path_with_host": [
        ("https", lambda w: symmetric(w, place=f"https://{HOST}{CALL_PATH}")),
        ("no scheme", lambda w: symmetric(w, place=f"{HOST}{CALL_PATH}")),
        ("http", lambda w: symmetric(w, place=f"http://{HOST}{CALL_PATH}")),
        ("two slashes", lambda w: symmetric(w, place=f"//{HOST}{CALL_PATH}")),
    ],
    "call.path_without_base": [
        ("all of it", lambda w: symmetric(w, place="/transfer-va/inquiry")),
        ("part", lambda w: symmetric(w, place="/v1.0/transfer-va/inquiry?a=1", target=f"{CALL_PATH}?a=1")),
        ("no slash", lambda w: symmetric(w, place="transfer-va/inquiry")),
    ],
    "call.path_without_query": [("query cut", lambda w: symmetric(w, place=CALL_PATH, target=f"{CALL_PATH}?a=1"))],
    "call.hash_upper_case": [("capitals", lambda w: symmetric(w, upper=True))],
    "call.token_with_bearer": [("the whole header", lambda w: symmetric(w, before="Bearer "))],
    "call.secret_decoded": [("base64", lambda w: symmetric(w, secret=b"a secret of these tests!"))],
}
"""Calls with a token, by verdict constant. `call.external_id_repeated` is missing, because it takes two calls."""

AUTHORIZE_MISTAKES: dict[str, list[tuple[str, Make]]] = {
    "genuine": [
        ("asymmetric", lambda w: via_proxy(call(w))),
        ("symmetric", lambda w: via_proxy(symmetric(w))),
        ("the scheme in another case", lambda w: via_proxy(call(w), secret=f"BEARER {INTERNAL_SECRET.decode()}")),
        ("a query", lambda w: via_proxy(symmetric(w, target=f"{CALL_PATH}?page=1"))),
        ("asked by GET", lambda w: via_proxy(call(w), method="GET")),
        ("asked by GET about a GET", lambda w: via_proxy(symmetric(w, b"", method="GET"), method="GET")),
        ("an empty body", lambda w: via_proxy(symmetric(w, b""))),
        ("the largest allowed body", lambda w: via_proxy(call(w, body=b"x" * 262_144))),
    ],
    "secret.wrong": [
        ("missing", lambda w: via_proxy(call(w), secret=None)),
        ("another", lambda w: via_proxy(call(w), secret="Bearer of-another-proxy")),  # noqa: S106  the mistake
        ("without the scheme", lambda w: via_proxy(call(w), secret=INTERNAL_SECRET.decode())),
        ("in another case", lambda w: via_proxy(call(w), secret=f"Bearer {INTERNAL_SECRET.decode().upper()}")),
        ("two spaces", lambda w: via_proxy(call(w), secret=f"Bearer  {INTERNAL_SECRET.decode()}")),
        ("a client's", lambda w: via_proxy(call(w), secret=f"Bearer {OTHER_SECRET.decode()}")),
    ],
    "method.wrong": [
        ("PUT", lambda w: via_proxy(call(w), method="PUT")),
        ("a method that the service does not take", lambda w: via_proxy(replace(call(w), method="PUT"))),
    ],
    "accel_redirect.unset": [("nginx delivers", lambda w: via_proxy(call(w, X_Original_Delivery="accel-redirect")))],
    "path.unknown": [
        ("below", lambda w: via_proxy(call(w), path="/below/authorize")),
        ("an unknown service", lambda w: via_proxy(call(w, target="/api/v1.0/nothing"))),
        ("an escape", lambda w: via_proxy(call(w, target=CALL_PATH.replace("-", "%2D")))),
    ],
    "header.missing": [
        ("method", lambda w: via_proxy(call(w), original=("", None))),
        ("URI", lambda w: via_proxy(call(w), original=(None, ""))),
    ],
    "header.malformed": [
        ("method", lambda w: via_proxy(call(w), original=("post", None))),
        ("a whole URL", lambda w: via_proxy(call(w), original=(None, f"https://{HOST}{CALL_PATH}"))),
        ("a space", lambda w: via_proxy(call(w), original=(None, f"{CALL_PATH}?a b"))),
        ("a fragment", lambda w: via_proxy(call(w), original=(None, f"{CALL_PATH}?a#b"))),
        ("delivery", lambda w: via_proxy(call(w, X_Original_Delivery="by hand"))),
        ("a URI too long", lambda w: via_proxy(call(w), original=(None, f"{CALL_PATH}?{'a' * 2_048}"))),
    ],
    "header.duplicated": [
        (name, lambda w, n=name: via_proxy(call(w), copied=n))  # type: ignore[misc]  # the same
        for name in ("X-Original-Method", "X-Original-URI", "X-Internal-Authorization")
    ],
    "request.too_large": [
        ("body", lambda w: via_proxy(call(w, body=b"x" * 262_145))),
        ("headers", lambda w: via_proxy(call(w, X_Other="a" * 16_384))),
        ("number", lambda w: via_proxy(_with_extra_headers(call(w), 56))),
    ],
    "protocol.unsupported": [("another coding", lambda w: via_proxy(call(w, Transfer_Encoding="gzip, chunked")))],
    "call.body_not_forwarded": [
        ("asked by GET", lambda w: via_proxy(symmetric(w), method="GET")),
        ("an empty body, asked by GET", lambda w: via_proxy(symmetric(w, b""), method="GET")),
    ],
    "token.missing": [("no token", lambda w: via_proxy(call(w, Authorization=None)))],
    "clock.behind": [
        ("too old", lambda w: via_proxy(call(w, w.sign(f"{CLIENT_KEY}|{_at(-301)}"), X_TIMESTAMP=_at(-301))))
    ],
}
"""Calls with the request of a proxy to /authorize, by verdict constant."""


def rows(table: dict[str, list[tuple[str, Make]]]) -> list[tuple[str, str, Make]]:
    """Each row of a table: verdict constant, description, function that makes the request."""
    return [(verdict, name, make) for verdict, cases in table.items() for name, make in cases]


def write_world(folder: Path, world: World) -> Path:
    """Write settings with the same clients for a server or a command, and return their path."""
    secret, others, internal = (folder / name for name in ("secret", "other-secret", "internal-secret"))
    for file, content in ((secret, SECRET), (others, OTHER_SECRET), (internal, INTERNAL_SECRET)):
        file.write_bytes(content)
        file.chmod(0o600)
    key = f'public_keys = ["{CLIENT_KEY}.pem"]'
    tables = [
        '[internal]\nsecret_file = "internal-secret"',
        f'[[services]]\npath = "{CALL_PATH}"\nservice_code = "24"\nmethods = ["POST", "GET"]',
        *(
            f'[[services]]\npath = "{path}"\nservice_code = "25"\nforms = {json.dumps(forms)}'
            for path, forms in CALL_FORMS.items()
        ),
        f'[[clients]]\nid = "{SUSPENDED}"\n{key}\nsuspended = true',
        f'[[clients]]\nid = "{STRICT}"\n{key}\nclock_tolerance_seconds = 10',
        f'[[clients]]\nid = "{SYMMETRIC}"\n{key}\ncall_signature = "symmetric"\nclient_secret_file = "secret"',
        f'[[clients]]\nid = "{PINNED}"\n{key}\nchannel_id = "95231"\norigin = "bank.example"',
        'external_id_format = "numeric"',
    ]
    settings = write_settings(folder, world.nicepay, world.other, extra="\n".join(tables))
    for client, file in ((CLIENT_KEY, secret), (OTHER, others)):
        text = settings.read_text()
        settings.write_text(text.replace(f'id = "{client}"', f'id = "{client}"\nclient_secret_file = "{file.name}"'))
    (folder / "notification.pem").write_text(world.notifier.public_pem)
    text, own = settings.read_text(), f'id = "{CLIENT_KEY}"'
    settings.write_text(text.replace(own, f'{own}\nnotification_keys = ["notification.pem"]'))
    (folder / "token.keys").write_bytes(world.token_key + b"\n")
    return settings
