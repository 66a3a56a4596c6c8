"""Genuine calls of each form, and forged calls: each is a genuine call that is changed in one way."""

from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from hmac import digest

from cryptography.fernet import Fernet

from handlers.snap.token import TokenKeys
from tests.calls import PARTNER, SECRET
from tests.forms import BODY, EVERY_URI, MIXED_URI, NOTIFY_URI, SIGNED_URI, TOKEN_URI
from tests.fuzz.forgery_parts import (
    Changes,
    Forgery,
    Headers,
    bodies,
    changed,
    flipped,
    hmac_signatures,
    rsa_signatures,
    signatures,
    times,
)
from tests.internal import NOTIFIER, SUSPENDED, SYMMETRIC, InternalListener
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

EXTERNAL_ID = "ordNo1"
"""Of every call, so that a genuine call is a repeat if a forgery of it has used this ID up."""


@dataclass(frozen=True)
class Scene:
    """The server, the key for the client's calls, and a key that no client has."""

    target: InternalListener
    nicepay: Nicepay
    stranger: Nicepay

    @property
    def timestamp(self) -> str:
        return jakarta(self.target.clock.now)

    def asymmetric(self, token: str = "") -> Headers:
        """A genuine call with a token, on a path that takes notifications too. It is signed now."""
        call = self.target.acquirer(self.nicepay).with_token
        return call(token or self.target.token(), self.target.clock.now, MIXED_URI, EXTERNAL_ID)

    def symmetric(self, token: str = "") -> Headers:
        """A genuine call with a token whose signature covers the body, on a path that takes every form."""
        token = token or self.target.token(SYMMETRIC)
        return self.asymmetric(token) | {
            "X-Original-URI": EVERY_URI,
            "X-PARTNER-ID": SYMMETRIC,
            "X-SIGNATURE": hmac(symmetric_text(token, self.timestamp)),
        }

    def notification(self) -> Headers:
        """A genuine notification, on a path that takes calls with a token too."""
        return self.target.notification(self.nicepay, MIXED_URI)

    def body_signed(self) -> Headers:
        """A genuine body-signed call, on a path that takes every form."""
        call = self.target.acquirer(self.nicepay).body_signed
        return call(BODY, self.target.clock.now, EVERY_URI, external_id=EXTERNAL_ID)


def hmac(message: str, secret: bytes = SECRET) -> str:
    """The symmetric signature of a text."""
    return b64encode(digest(secret, message.encode(), "sha512")).decode()


def symmetric_text(token: str, timestamp: str, body: bytes = BODY, uri: str = EVERY_URI, method: str = "POST") -> str:
    """The string to sign of the symmetric form (ASPI)."""
    return f"{method}:{uri}:{token}:{sha256(body).hexdigest()}:{timestamp}"


def _with_signatures(genuine: Headers, forged: Iterator[tuple[str, str]]) -> Iterator[Forgery]:
    yield from ((name, genuine | {"X-SIGNATURE": signature}, BODY) for name, signature in forged)


def _wrong_tokens(scene: Scene, own: str, other: str) -> Iterator[tuple[str, str]]:
    """Tokens that the server did not issue to this client, or that are not valid now."""
    token = scene.target.token(own)
    for name, raw in flipped(urlsafe_b64decode(token)):
        yield f"token {name}", urlsafe_b64encode(raw).decode()
    now = scene.target.clock.now
    yield "token of another server", TokenKeys([Fernet.generate_key()]).issue(own, now)
    for name, client_key in {"another client": other, "nobody": "NOBODY", "a suspended client": SUSPENDED}.items():
        yield f"token of {name}", scene.target.token(client_key)
    for seconds in (-901, -86_400, 120, 86_400):
        yield f"token of {seconds} s", scene.target.token(own, now + timedelta(seconds=seconds))
    yield from (("token cut off", token[:-4]), ("token doubled", token * 2), ("token in capitals", token.upper()))


def _without_token(headers: Headers) -> Iterator[tuple[str, Headers]]:
    """A call of somebody who has no token: Authorization is left out, or says something else."""
    yield from changed(headers, {"Authorization": [None, "", "Bearer", "Bearer a", "Basic YTpi"]})
    kept = {name: value for name, value in headers.items() if name not in {"Authorization", "X-PARTNER-ID"}}
    yield "as a notification", kept | {"X-CLIENT-KEY": CLIENT_KEY}


def asymmetric(scene: Scene) -> Iterator[Forgery]:
    """Forged calls with a token whose signature covers client key and time."""
    genuine, time = scene.asymmetric(), scene.timestamp
    message = f"{CLIENT_KEY}|{time}"
    yield from _with_signatures(genuine, signatures(genuine["X-SIGNATURE"], message, scene.nicepay.signature_of))
    others = {"its notifications": NOTIFIER, "a stranger": scene.stranger}
    yield from _with_signatures(genuine, rsa_signatures(message, scene.nicepay, others))
    token = genuine["Authorization"].removeprefix("Bearer ")
    for name, wrong in _wrong_tokens(scene, CLIENT_KEY, SYMMETRIC):
        yield name, scene.asymmetric(wrong), BODY
    values: Changes = {
        "X-TIMESTAMP": times(time),
        "X-PARTNER-ID": [SYMMETRIC, SUSPENDED, CLIENT_KEY, "NOBODY", PARTNER.lower(), None, ""],
        "X-CLIENT-KEY": [CLIENT_KEY, SYMMETRIC, "NOBODY"],
        "X-Original-URI": [NOTIFY_URI, SIGNED_URI, "/elsewhere", f"{MIXED_URI}/", f"{MIXED_URI}/x"],
        "X-Original-Method": ["GET", "PUT", "DELETE"],
        "X-EXTERNAL-ID": [None, ""],
        "X-SIGNATURE": [None, "", "AAAA", hmac(symmetric_text(token, time, uri=MIXED_URI))],
    }
    yield from ((name, headers, BODY) for name, headers in (*changed(genuine, values), *_without_token(genuine)))


def symmetric(scene: Scene) -> Iterator[Forgery]:
    """Forged calls with a token whose signature covers the call."""
    genuine, time = scene.symmetric(), scene.timestamp
    token = genuine["Authorization"].removeprefix("Bearer ")
    message = symmetric_text(token, time)
    yield from _with_signatures(genuine, signatures(genuine["X-SIGNATURE"], message, hmac))
    yield from _with_signatures(genuine, hmac_signatures(message, SECRET))
    yield from _with_signatures(genuine, rsa_signatures(message, scene.nicepay, {"its own": scene.nicepay}))
    for name, wrong in _wrong_tokens(scene, SYMMETRIC, CLIENT_KEY):
        yield name, scene.symmetric(wrong), BODY
    values: Changes = {
        "X-TIMESTAMP": times(time),
        "X-PARTNER-ID": [PARTNER, SUSPENDED, CLIENT_KEY, "NOBODY", SYMMETRIC.lower(), None, ""],
        "X-CLIENT-KEY": [CLIENT_KEY, SYMMETRIC, "NOBODY"],
        "X-Original-URI": [TOKEN_URI, MIXED_URI, NOTIFY_URI, SIGNED_URI, f"{EVERY_URI}?a", f"{EVERY_URI}/"],
        "X-Original-Method": ["GET", "PUT", "DELETE"],
        "X-EXTERNAL-ID": [None, ""],
        "X-SIGNATURE": [None, "", "AAAA", scene.nicepay.signature(time, SYMMETRIC)],
    }
    yield from ((name, headers, BODY) for name, headers in (*changed(genuine, values), *_without_token(genuine)))
    yield from ((f"the body {body!r}", genuine, body) for body in bodies(BODY))
    for text in (
        symmetric_text(token, time, method="PUT"),
        symmetric_text(token, time, body=b""),
        symmetric_text(f"Bearer {token}", time),
        symmetric_text(scene.target.token(), time),
        symmetric_text("", time),
        message.replace(f":{token}", ""),
    ):
        yield f"signed {text}", genuine | {"X-SIGNATURE": hmac(text)}, BODY


def notifications(scene: Scene) -> Iterator[Forgery]:
    """Forged notifications."""
    genuine, time = scene.notification(), scene.timestamp
    message = f"{CLIENT_KEY}|{time}"
    yield from _with_signatures(genuine, signatures(genuine["X-SIGNATURE"], message, NOTIFIER.signature_of))
    others = {"its calls": scene.nicepay, "a stranger": scene.stranger}
    yield from _with_signatures(genuine, rsa_signatures(message, NOTIFIER, others))
    values: Changes = {
        "X-TIMESTAMP": times(time),
        "X-CLIENT-KEY": [SYMMETRIC, SUSPENDED, PARTNER, "NOBODY", CLIENT_KEY.lower(), f"{CLIENT_KEY}|", "|", None, ""],
        "X-PARTNER-ID": [PARTNER, CLIENT_KEY, "NOBODY"],
        "Authorization": [f"Bearer {scene.target.token()}", "Bearer a", "Basic YTpi", "Bearer"],
        "X-Original-URI": [TOKEN_URI, SIGNED_URI, "/elsewhere", f"{NOTIFY_URI}/", f"{MIXED_URI}/x"],
        "X-Original-Method": ["GET", "PUT", "DELETE"],
        "X-SIGNATURE": [None, "", "AAAA", scene.body_signed()["X-SIGNATURE"], scene.asymmetric()["X-SIGNATURE"]],
    }
    yield from ((name, headers, BODY) for name, headers in changed(genuine, values))
    for text in (f"{PARTNER}|{time}", f"{time}|{CLIENT_KEY}", f"{CLIENT_KEY}{time}", f"|{time}", f"{CLIENT_KEY}|"):
        yield f"signed {text}", genuine | {"X-SIGNATURE": NOTIFIER.signature_of(text)}, BODY


def body_signed(scene: Scene) -> Iterator[Forgery]:
    """Forged calls that are signed with their body."""
    genuine, time, hashed = scene.body_signed(), scene.timestamp, sha256(BODY).hexdigest()
    message = f"POST:{EVERY_URI}:{hashed}:{time}"
    yield from _with_signatures(genuine, signatures(genuine["X-SIGNATURE"], message, scene.nicepay.signature_of))
    others = {"its notifications": NOTIFIER, "a stranger": scene.stranger}
    yield from _with_signatures(genuine, rsa_signatures(message, scene.nicepay, others))
    values: Changes = {
        "X-TIMESTAMP": times(time),
        "X-PARTNER-ID": [SUSPENDED, CLIENT_KEY, "NOBODY", PARTNER.lower(), None, ""],
        "X-CLIENT-KEY": [CLIENT_KEY, SYMMETRIC, "NOBODY"],
        "Authorization": [f"Bearer {scene.target.token()}", "Bearer a", "Basic YTpi", "Bearer"],
        "X-Original-URI": [TOKEN_URI, MIXED_URI, NOTIFY_URI, SIGNED_URI, f"{EVERY_URI}?a", f"{EVERY_URI}/"],
        "X-Original-Method": ["GET", "PUT", "DELETE"],
        "X-EXTERNAL-ID": [None, ""],
        "X-SIGNATURE": [None, "", "AAAA", hmac(message), scene.notification()["X-SIGNATURE"]],
    }
    yield from ((name, headers, BODY) for name, headers in changed(genuine, values))
    yield from ((f"the body {body!r}", genuine, body) for body in bodies(BODY))
    for text in (
        f"{CLIENT_KEY}|{time}",
        f"{PARTNER}|{time}",
        f"POST:{EVERY_URI}:{hashed.upper()}:{time}",
        f"POST:{EVERY_URI}:{time}:{hashed}",
        f"POST:{EVERY_URI}:{scene.target.token()}:{hashed}:{time}",
        f"POST:{EVERY_URI}::{hashed}:{time}",
        f"POST:{EVERY_URI}:{sha256(b'').hexdigest()}:{time}",
        f"POST:https://merchant.example{EVERY_URI}:{hashed}:{time}",
        f"post:{EVERY_URI}:{hashed}:{time}",
    ):
        yield f"signed {text}", genuine | {"X-SIGNATURE": scene.nicepay.signature_of(text)}, BODY


@dataclass(frozen=True)
class Form:
    """One of the four forms: how it is called genuinely now, and its forgeries."""

    genuine: Callable[[Scene], Headers]
    forgeries: Callable[[Scene], Iterator[Forgery]]


FORMS = {
    "token, asymmetric": Form(Scene.asymmetric, asymmetric),
    "token, symmetric": Form(Scene.symmetric, symmetric),
    "notification": Form(Scene.notification, notifications),
    "body-signed": Form(Scene.body_signed, body_signed),
}
