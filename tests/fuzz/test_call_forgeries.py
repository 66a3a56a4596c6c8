"""Forged calls of every form, over HTTP: each is a genuine call that is changed in one way, and none is let through."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256, sha512
from hmac import digest

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512

from handlers.config.settings import Settings
from tests.calls import PARTNER
from tests.forms import BODY, EVERY_URI, MIXED_URI, NOTIFY_URI, SIGNED_URI, TOKEN_URI
from tests.internal import NOTIFIER, SUSPENDED, SYMMETRIC, InternalListener, running_internal, write_internal_settings
from tests.merchant import Clock
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

Headers = dict[str, str]
Forgery = tuple[str, Headers, bytes]
"""What is forged, the headers, and the body."""

LEAST = 200
BITS = 128
"""Of a signature, spread over its length, each of which is flipped once."""


@pytest.fixture(scope="module")
def target(nicepay: Nicepay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InternalListener]:
    """A server with services of every form."""
    settings = write_internal_settings(tmp_path_factory.mktemp("forgeries"), nicepay)
    with running_internal(Settings.load(settings), Clock()) as listener:
        yield listener


def _flipped(signature: str) -> Iterator[tuple[str, str]]:
    raw = b64decode(signature)
    number, size = int.from_bytes(raw), 8 * len(raw)
    for bit in range(0, size, max(1, size // BITS)):
        yield f"bit {bit} of the signature", b64encode((number ^ (1 << bit)).to_bytes(len(raw))).decode()


def _signatures(headers: Headers, message: str, own: Nicepay, others: dict[str, Nicepay]) -> Iterator[tuple[str, str]]:
    """Signatures of another length, hash, padding, key or text."""
    raw = b64decode(headers["X-SIGNATURE"])
    yield from _flipped(headers["X-SIGNATURE"])
    for name, other in {
        "cut off": raw[:-1],
        "longer": raw + b"\0",
        "zero in front": b"\0" + raw,
        "reversed": raw[::-1],
        "zeros": bytes(len(raw)),
        "ones": b"\xff" * len(raw),
        "a hash": sha256(message.encode()).digest(),
        "an HMAC by the public key": digest(own.public_pem.encode(), message.encode(), "sha512"),
        "an HMAC without a key": digest(b"", message.encode(), "sha512"),
        "SHA-1": own.private_key.sign(message.encode(), PKCS1v15(), SHA1()),  # noqa: S303  a forgery
        "SHA-512": own.private_key.sign(message.encode(), PKCS1v15(), SHA512()),
        "PSS": own.private_key.sign(message.encode(), PSS(MGF1(SHA256()), 32), SHA256()),
    }.items():
        yield name, b64encode(other).decode()
    for name, stranger in others.items():
        yield f"the key of {name}", stranger.signature_of(message)
    for name, text in {
        "empty": "",
        "line feed": f"{message}\n",
        "space": f" {message}",
        "capitals": message.upper(),
        "small": message.lower(),
        "doubled": message * 2,
        "hashed": sha256(message.encode()).hexdigest(),
        "hashed twice": sha512(message.encode()).hexdigest(),
        "halved": message[: len(message) // 2],
    }.items():
        if text != message:
            yield f"text {name}", own.signature_of(text)


def _changed(headers: Headers, values: dict[str, list[str | None]]) -> Iterator[tuple[str, Headers]]:
    """The headers with one of them replaced or left out."""
    for name, others in values.items():
        for value in others:
            rest = {key: text for key, text in headers.items() if key != name}
            yield f"{name}: {value}", rest if value is None else rest | {name: value}


def _times(now: str) -> list[str | None]:
    """Other texts of the time inside the window, other spellings of it among them."""
    seconds = [now[:17] + f"{number:02}" + now[19:] for number in range(60) if f"{number:02}" != now[17:19]]
    return [*seconds, now.replace("+07:00", ".0+07:00"), "2026-01-22T05:00:01Z", "2026-01-22T06:00:01+08:00"]


def _notifications(target: InternalListener, nicepay: Nicepay, stranger: Nicepay) -> Iterator[Forgery]:
    genuine = target.notification(nicepay, MIXED_URI)
    time = genuine["X-TIMESTAMP"]
    message = f"{CLIENT_KEY}|{time}"
    others = {"its calls": nicepay, "a stranger": stranger}
    for name, signature in _signatures(genuine, message, NOTIFIER, others):
        yield name, genuine | {"X-SIGNATURE": signature}, BODY
    changes: dict[str, list[str | None]] = {
        "X-TIMESTAMP": _times(time),
        "X-CLIENT-KEY": [SYMMETRIC, SUSPENDED, PARTNER, "NOBODY", CLIENT_KEY.lower(), f"{CLIENT_KEY}|", "|", None, ""],
        "X-PARTNER-ID": [PARTNER, CLIENT_KEY, "NOBODY"],
        "Authorization": [f"Bearer {target.token()}", "Bearer a", "Basic YTpi", "Bearer"],
        "X-Original-URI": [TOKEN_URI, SIGNED_URI, "/elsewhere", f"{NOTIFY_URI}/", f"{MIXED_URI}/x"],
        "X-Original-Method": ["GET", "PUT", "DELETE"],
        "X-SIGNATURE": [None, "", "AAAA"],
    }
    yield from ((name, headers, BODY) for name, headers in _changed(genuine, changes))
    for signed in (f"{PARTNER}|{time}", f"{time}|{CLIENT_KEY}", f"{CLIENT_KEY}{time}", f"|{time}", f"{CLIENT_KEY}|"):
        yield f"signed {signed}", genuine | {"X-SIGNATURE": NOTIFIER.signature_of(signed)}, BODY
    body_signed = target.body_signed(nicepay, BODY, MIXED_URI)
    yield "the signature of a body-signed call", genuine | {"X-SIGNATURE": body_signed["X-SIGNATURE"]}, BODY
    yield "a call with a token, its token left out", _without(target.asymmetric(nicepay), MIXED_URI), BODY


def _without(headers: Headers, uri: str) -> Headers:
    """A call with a token as somebody would send it who has no token, as a notification."""
    kept = {name: headers[name] for name in ("X-Original-Method", "X-TIMESTAMP", "X-SIGNATURE")}
    return kept | {"X-Original-URI": uri, "X-CLIENT-KEY": CLIENT_KEY}


def _body_signed(target: InternalListener, nicepay: Nicepay, stranger: Nicepay) -> Iterator[Forgery]:
    genuine = target.body_signed(nicepay, BODY, EVERY_URI)
    time, hashed = genuine["X-TIMESTAMP"], sha256(BODY).hexdigest()
    message = f"POST:{EVERY_URI}:{hashed}:{time}"
    others = {"its notifications": NOTIFIER, "a stranger": stranger}
    for name, signature in _signatures(genuine, message, nicepay, others):
        yield name, genuine | {"X-SIGNATURE": signature}, BODY
    changes: dict[str, list[str | None]] = {
        "X-TIMESTAMP": _times(time),
        "X-PARTNER-ID": [SUSPENDED, CLIENT_KEY, "NOBODY", PARTNER.lower(), None, ""],
        "X-CLIENT-KEY": [CLIENT_KEY, SYMMETRIC, "NOBODY"],
        "Authorization": [f"Bearer {target.token()}", "Bearer a", "Basic YTpi", "Bearer"],
        "X-Original-URI": [
            TOKEN_URI,
            MIXED_URI,
            NOTIFY_URI,
            SIGNED_URI,
            f"{EVERY_URI}?a",
            f"{EVERY_URI}/",
            "/elsewhere",
        ],
        "X-Original-Method": ["GET", "PUT", "DELETE"],
        "X-EXTERNAL-ID": [None, ""],
        "X-SIGNATURE": [None, "", "AAAA"],
    }
    yield from ((name, headers, BODY) for name, headers in _changed(genuine, changes))
    for place in range(len(BODY)):
        yield f"byte {place} of the body", genuine, BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
    for body in (b"", b"{}", BODY * 2, BODY[:-1], BODY.replace(b"10.00", b"10.0"), BODY.upper(), BODY + b"x"):
        yield f"the body {body!r}", genuine, body
    for signed in (
        f"{CLIENT_KEY}|{time}",
        f"{PARTNER}|{time}",
        f"POST:{EVERY_URI}:{hashed.upper()}:{time}",
        f"POST:{EVERY_URI}:{time}:{hashed}",
        f"POST:{EVERY_URI}:{target.token()}:{hashed}:{time}",
        f"POST:{EVERY_URI}::{hashed}:{time}",
        f"POST:{EVERY_URI}:{sha256(b'').hexdigest()}:{time}",
        f"POST:https://merchant.example{EVERY_URI}:{hashed}:{time}",
        f"post:{EVERY_URI}:{hashed}:{time}",
    ):
        yield f"signed {signed}", genuine | {"X-SIGNATURE": nicepay.signature_of(signed)}, BODY


Make = Callable[[InternalListener, Nicepay, Nicepay], Iterator[Forgery]]
FORMS: dict[str, tuple[Make, Callable[[InternalListener, Nicepay], Headers]]] = {
    "notification": (_notifications, lambda target, nicepay: target.notification(nicepay, MIXED_URI)),
    "body-signed": (_body_signed, lambda target, nicepay: target.body_signed(nicepay, BODY, EVERY_URI)),
}


@pytest.mark.parametrize("form", FORMS)
def test_no_forged_call_is_let_through(
    target: InternalListener, nicepay: Nicepay, stranger: Nicepay, form: str
) -> None:
    """Every forgery is refused with 400, 401, 404 or 405, uses up nothing, and the genuine call passes after all."""
    make, genuine = FORMS[form]
    answers = {
        name: target.authorize(headers, body).status_code for name, headers, body in make(target, nicepay, stranger)
    }
    assert len(answers) > LEAST
    assert {name: status for name, status in answers.items() if status not in {400, 401, 404, 405}} == {}
    assert target.authorize(genuine(target, nicepay), BODY).status_code == 200


@pytest.mark.parametrize("form", FORMS)
def test_the_time_of_a_forgery_does_not_help(target: InternalListener, nicepay: Nicepay, form: str) -> None:
    """Genuine calls outside the time window are refused, on either side."""
    _, genuine = FORMS[form]
    now = target.clock.now
    for seconds in (*range(-1_000, -300, 100), *range(400, 1_000, 100)):
        target.clock.now = now + timedelta(seconds=seconds)
        headers = genuine(target, nicepay)
        target.clock.now = now
        assert headers["X-TIMESTAMP"] == jakarta(now + timedelta(seconds=seconds))
        assert target.authorize(headers, BODY).json()["responseMessage"] == "Unauthorized. X-TIMESTAMP"
