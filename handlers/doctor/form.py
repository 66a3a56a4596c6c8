"""The form of a request: what the server's guard and the documents in `openapi/` ask of it.

Whether a pattern is the document's is held by a test, and so is the whole against a running server. Host is not asked
for: every client sends it, and whoever copies a request leaves it out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from handlers.doctor.request import Request
from handlers.doctor.verdicts import Finding, Verdict
from handlers.snap import json_body
from handlers.snap.codes import SnapError
from handlers.snap.masking import masked_prefix
from handlers.snap.media_type import JSON, require_media_type

LONGEST_TARGET = 2_048
MOST_HEADERS = 64
LARGEST_HEADERS = 16_384
LARGEST_BODY = 16_384
"""Bytes; the limits of the server's guard."""

FAR_TOO_LARGE, FAR_TOO_LARGE_BODY = 8 * LARGEST_HEADERS, 1_048_576
"""Bytes of target and headers, and of a body. Beyond these only the size is judged."""

TIMESTAMP = (
    r"(?:[1-9][0-9]{3}-(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|"
    r"[1-9][0-9]{3}-(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|"
    r"[1-9][0-9]{3}-02-(?:0[1-9]|1[0-9]|2[0-8])|"
    r"(?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)-02-29)"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
SIGNATURE = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?"
_SHOWN = 80

VISIBLE, VISIBLE_OR_EMPTY = r"[!-~]+", r"[!-~]*"


@dataclass(frozen=True, slots=True)
class HeaderForm:
    """One header parameter of a document."""

    name: str
    pattern: str
    shortest: int
    longest: int
    mandatory: bool = True
    malformed: Verdict = Verdict.HEADER_MALFORMED

    def finding(self, value: str) -> Finding | None:
        """What is wrong with the value; an empty header counts as absent."""
        if not value:
            return Finding(Verdict.HEADER_MISSING, {"header": self.name}) if self.mandatory else None
        if self.shortest <= len(value) <= self.longest and re.fullmatch(self.pattern, value):
            return None
        return Finding(self.malformed, {"header": self.name, "length": len(value), "most": self.longest})


METHOD = HeaderForm("X-Original-Method", r"[A-Z]+", 1, 16)
URI = HeaderForm("X-Original-URI", r'/[!"$-~]*', 1, LONGEST_TARGET)
DELIVERY = HeaderForm("X-Original-Delivery", "accel-redirect", 1, 14, mandatory=False)
"""What a proxy says of a call: its method, its target, and how a genuine one is delivered."""

_TIMESTAMP = HeaderForm("X-TIMESTAMP", TIMESTAMP, 20, 35, malformed=Verdict.TIMESTAMP_MALFORMED)
_SIGNATURE = HeaderForm("X-SIGNATURE", SIGNATURE, 4, 2_048, malformed=Verdict.SIGNATURE_NOT_BASE64)

OF_TOKEN_REQUEST = (_TIMESTAMP, HeaderForm("X-CLIENT-KEY", VISIBLE, 1, 36), _SIGNATURE)
OF_CALL = (
    _TIMESTAMP,
    HeaderForm("X-PARTNER-ID", VISIBLE, 1, 36),
    _SIGNATURE,
    HeaderForm("X-EXTERNAL-ID", VISIBLE, 1, 40),
    HeaderForm("CHANNEL-ID", VISIBLE_OR_EMPTY, 0, 36, mandatory=False),
)
"""In the order of the documents."""

_SINGLE = frozenset({"Host", "Content-Encoding", "Content-Type"})
_CODINGS: dict[str, list[list[str]]] = {"1.0": [[]], "1.1": [[], ["chunked"]]}
"""Transfer-Encoding, by version (RFC 9112, section 6.1)."""


def is_far_too_large(request: Request) -> bool:
    """Whether the request is so large that only its size is judged."""
    length = len(request.target) + sum(len(name) + len(value) for name, value in request.headers)
    return max(length, len(request.headers)) > FAR_TOO_LARGE or len(request.body) > FAR_TOO_LARGE_BODY


def too_large(request: Request) -> Iterator[Finding]:
    """Target and headers against their limits."""
    sizes = {
        "target": (len(request.uri.replace("?", "", 1)), LONGEST_TARGET),
        "number of headers": (len(request.headers), MOST_HEADERS),
        "headers": (sum(len(name) + len(value) for name, value in request.headers), LARGEST_HEADERS),
    }
    for part, (size, most) in sizes.items():
        if size > most:
            yield Finding(Verdict.REQUEST_TOO_LARGE, {"part": part, "size": size, "most": most})


def protocol(request: Request) -> Iterator[Finding]:
    """The version of HTTP and the transfer coding; Host must not be empty."""
    codings = [value.lower() for value in request.all("Transfer-Encoding")]
    if codings not in _CODINGS.get(request.version, []):
        coding = masked_prefix(", ".join(request.all("Transfer-Encoding")), _SHOWN) or "-"
        yield Finding(Verdict.PROTOCOL_UNSUPPORTED, {"version": request.version, "coding": coding})
    if request.all("Host") and not request.get("Host"):
        yield Finding(Verdict.HEADER_MISSING, {"header": "Host"})


def duplicated(request: Request, forms: tuple[HeaderForm, ...], *others: str) -> Iterator[Finding]:
    """Headers that may come once and come more often."""
    for name in sorted(_SINGLE | {form.name for form in forms} | set(others)):
        copies = len(request.all(name))
        if copies > 1:
            yield Finding(Verdict.HEADER_DUPLICATED, {"header": name, "copies": copies})


def headers(request: Request, forms: tuple[HeaderForm, ...], spelt: Finding | None) -> Iterator[Finding]:
    """Each header on its own, in the document's order; `spelt` says in which other spelling the signature is."""
    for form in forms:
        finding = form.finding(request.get(form.name))
        if form.name == "X-SIGNATURE" and request.get(form.name):
            finding = spelt
        if finding:
            yield finding


def asked(request: Request) -> Iterator[Finding]:
    """What a proxy says of a call: its method and its URI."""
    for form, value in ((METHOD, request.method), (URI, request.target)):
        finding = form.finding(value)
        if finding:
            yield finding


def media_type(request: Request) -> Iterator[Finding]:
    """JSON in UTF-8, not compressed; or nothing said."""
    try:
        require_media_type(JSON, request.get("Content-Type"), request.get("Content-Encoding"))
    except SnapError as error:
        wrong = error.reason == "media_type.wrong"
        name = "Content-Type" if wrong else "Content-Encoding"
        verdict = Verdict.MEDIA_TYPE_WRONG if wrong else Verdict.BODY_COMPRESSED
        yield Finding(verdict, {"header": name, "value": masked_prefix(request.get(name), _SHOWN)})


def body_too_large(body: bytes, most: int = LARGEST_BODY) -> Iterator[Finding]:
    """The size of the body against its limit."""
    if len(body) > most:
        yield Finding(Verdict.REQUEST_TOO_LARGE, {"part": "body", "size": len(body), "most": most})


def token_body(body: bytes) -> Iterator[Finding]:
    """The body of a request for a token."""
    if len(body) > LARGEST_BODY:
        yield from body_too_large(body)
        return
    try:
        value = json_body.parse(body)
    except SnapError as error:
        yield Finding(Verdict.BODY_NOT_JSON, {"cause": error.log_fields["cause"], "length": len(body)})
        return
    if not isinstance(value, dict):
        yield Finding(Verdict.BODY_NOT_OBJECT, {"length": len(body)})
    elif value.get("grantType") in (None, ""):
        yield Finding(
            Verdict.BODY_GRANT_TYPE_MISSING, {"members": masked_prefix(", ".join(map(repr, value)), _SHOWN) or "-"}
        )
    elif value["grantType"] != "client_credentials":
        yield Finding(Verdict.BODY_GRANT_TYPE_WRONG, {"value": masked_prefix(str(value["grantType"]), _SHOWN)})
