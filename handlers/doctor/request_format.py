"""The format of a request, as the server's limits and the documents in `openapi/` require it.

Tests hold these rules equal to the documents and to a running server. The doctor does not require Host: every HTTP
client sends it, and people leave it out when they copy a request.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from handlers.doctor.request import Request
from handlers.doctor.verdicts import LONGEST_SHOWN, Finding, Verdict
from handlers.snap import json_body
from handlers.snap.codes import SnapError
from handlers.snap.masking import masked_prefix
from handlers.snap.media_type import JSON, require_media_type

LONGEST_TARGET = 2_048
MOST_HEADERS = 64
LARGEST_HEADERS = 16_384
LARGEST_BODY = 16_384
"""The server's limits, in bytes. `MOST_HEADERS` is a number of headers."""

FAR_TOO_LARGE, FAR_TOO_LARGE_BODY = 8 * LARGEST_HEADERS, 1_048_576
"""Bytes of target and headers, and bytes of a body. Of a larger request, the doctor checks only the size."""

TIMESTAMP = (
    r"(?:[1-9][0-9]{3}-(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|"
    r"[1-9][0-9]{3}-(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|"
    r"[1-9][0-9]{3}-02-(?:0[1-9]|1[0-9]|2[0-8])|"
    r"(?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)-02-29)"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
SIGNATURE = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?"

VISIBLE, VISIBLE_OR_EMPTY = r"[!-~]+", r"[!-~]*"


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """The rule of a document for one header. Lengths are in characters."""

    name: str
    pattern: str
    shortest: int
    longest: int
    mandatory: bool = True
    malformed: Verdict = Verdict.HEADER_MALFORMED

    def check(self, value: str) -> Finding | None:
        """Return what is wrong with a value, or None. An empty header counts as absent."""
        if not value:
            return Finding(Verdict.HEADER_MISSING, {"header": self.name}) if self.mandatory else None
        if self.shortest <= len(value) <= self.longest and re.fullmatch(self.pattern, value):
            return None
        return Finding(self.malformed, {"header": self.name, "length": len(value), "most": self.longest})


METHOD = HeaderRule("X-Original-Method", r"[A-Z]+", 1, 16)
URI = HeaderRule("X-Original-URI", r'/[!"$-~]*', 1, LONGEST_TARGET)
DELIVERY = HeaderRule("X-Original-Delivery", "(?:accel-redirect)?", 1, 14, mandatory=False)
"""The headers of an authorize request: method and URI of the call, and how the proxy delivers a genuine call."""

_TIMESTAMP = HeaderRule("X-TIMESTAMP", TIMESTAMP, 20, 35, malformed=Verdict.TIMESTAMP_MALFORMED)
_SIGNATURE = HeaderRule("X-SIGNATURE", SIGNATURE, 4, 2_048, malformed=Verdict.SIGNATURE_NOT_BASE64)

TOKEN_REQUEST_HEADERS = (_TIMESTAMP, HeaderRule("X-CLIENT-KEY", VISIBLE, 1, 36), _SIGNATURE)
CALL_HEADERS = (
    _TIMESTAMP,
    HeaderRule("X-CLIENT-KEY", VISIBLE_OR_EMPTY, 0, 36, mandatory=False),
    HeaderRule("X-PARTNER-ID", VISIBLE_OR_EMPTY, 0, 36, mandatory=False),
    _SIGNATURE,
    HeaderRule("X-EXTERNAL-ID", VISIBLE_OR_EMPTY, 0, 40, mandatory=False),
    HeaderRule("CHANNEL-ID", VISIBLE_OR_EMPTY, 0, 36, mandatory=False),
    HeaderRule("ORIGIN", r"[ -~]*", 0, 2_048, mandatory=False),
)
"""The headers of each kind of request, in the order of the documents."""

_SINGLE = frozenset({"Host", "Content-Encoding", "Content-Type"})
_CODINGS: dict[str, list[list[str]]] = {"1.0": [[]], "1.1": [[], ["chunked"]]}
"""The values of Transfer-Encoding that each HTTP version allows (RFC 9112, section 6.1)."""


def is_far_too_large(request: Request) -> bool:
    """Whether the request is so large that the doctor checks only its size."""
    length = len(request.target) + sum(len(name) + len(value) for name, value in request.headers)
    return max(length, len(request.headers)) > FAR_TOO_LARGE or len(request.body) > FAR_TOO_LARGE_BODY


def too_large(request: Request) -> Iterator[Finding]:
    """Check target and headers against their limits."""
    sizes = {
        "target": (len(request.uri.replace("?", "", 1)), LONGEST_TARGET),
        "number of headers": (len(request.headers), MOST_HEADERS),
        "headers": (sum(len(name) + len(value) for name, value in request.headers), LARGEST_HEADERS),
    }
    for part, (size, limit) in sizes.items():
        if size > limit:
            yield Finding(Verdict.REQUEST_TOO_LARGE, {"part": part, "size": size, "most": limit})


def protocol(request: Request) -> Iterator[Finding]:
    """Check the HTTP version and the transfer coding. Host may be absent, but not empty."""
    codings = [value.lower() for value in request.all("Transfer-Encoding")]
    if codings not in _CODINGS.get(request.version, []):
        coding = masked_prefix(", ".join(request.all("Transfer-Encoding")), LONGEST_SHOWN) or "-"
        yield Finding(Verdict.PROTOCOL_UNSUPPORTED, {"version": request.version, "coding": coding})
    if request.all("Host") and not request.get("Host"):
        yield Finding(Verdict.HEADER_MISSING, {"header": "Host"})


def duplicated(request: Request, rules: tuple[HeaderRule, ...], *others: str) -> Iterator[Finding]:
    """Find headers that the request has more than once. `others` are further headers to check."""
    for name in sorted(_SINGLE | {rule.name for rule in rules} | set(others)):
        copies = len(request.all(name))
        if copies > 1:
            yield Finding(Verdict.HEADER_DUPLICATED, {"header": name, "copies": copies})


def headers(request: Request, rules: tuple[HeaderRule, ...], encoding: Finding | None) -> Iterator[Finding]:
    """Check each header, in the order of the document. `encoding` is what is wrong with the text of X-SIGNATURE."""
    for rule in rules:
        value = request.get(rule.name)
        finding = encoding if value and rule.name == "X-SIGNATURE" else rule.check(value)
        if finding:
            yield finding


def method_and_uri(request: Request) -> Iterator[Finding]:
    """Check the method and the URI of a call, which a proxy names in its authorize request."""
    yield from filter(None, (METHOD.check(request.method), URI.check(request.target)))


def path_unknown(path: str, wanted: str) -> Finding:
    """Return the finding for a path that the server does not have. `wanted` names its paths."""
    return Finding(Verdict.PATH_UNKNOWN, {"path": masked_prefix(path, LONGEST_SHOWN), "wanted": wanted})


def method_wrong(method: str, wanted: str) -> Finding:
    """Return the finding for a method that the path does not accept. `wanted` names the methods that it accepts."""
    return Finding(Verdict.METHOD_WRONG, {"method": masked_prefix(method, LONGEST_SHOWN), "wanted": wanted})


def body_not_forwarded(request: Request) -> Finding:
    """Return the finding for a call whose body is needed, and is not here."""
    return Finding(Verdict.CALL_BODY_NOT_FORWARDED, {"method": masked_prefix(request.method, LONGEST_SHOWN)})


def media_type(request: Request) -> Iterator[Finding]:
    """Check that the body is JSON in UTF-8 without compression. The headers that say so may be absent."""
    try:
        require_media_type(JSON, request.get("Content-Type"), request.get("Content-Encoding"))
    except SnapError as error:
        wrong = error.reason == "media_type.wrong"
        name = "Content-Type" if wrong else "Content-Encoding"
        verdict = Verdict.MEDIA_TYPE_WRONG if wrong else Verdict.BODY_COMPRESSED
        yield Finding(verdict, {"header": name, "value": masked_prefix(request.get(name), LONGEST_SHOWN)})


def body_too_large(body: bytes, limit: int = LARGEST_BODY) -> Iterator[Finding]:
    """Check the size of a body against its limit in bytes."""
    if len(body) > limit:
        yield Finding(Verdict.REQUEST_TOO_LARGE, {"part": "body", "size": len(body), "most": limit})


def token_request_body(body: bytes) -> Iterator[Finding]:
    """Check the body of a token request."""
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
        yield _grant_type_missing(value)
    elif value["grantType"] != "client_credentials":
        yield Finding(Verdict.BODY_GRANT_TYPE_WRONG, {"value": masked_prefix(str(value["grantType"]), LONGEST_SHOWN)})


def _grant_type_missing(body: Mapping[str, object]) -> Finding:
    misspelt = next((name for name in body if name != "grantType" and name.lower() == "granttype"), None)
    if misspelt:
        return Finding(Verdict.BODY_GRANT_TYPE_MISSPELT, {"sent": misspelt})
    members = masked_prefix(", ".join(map(repr, body)), LONGEST_SHOWN) or "-"
    return Finding(Verdict.BODY_GRANT_TYPE_MISSING, {"members": members})
