"""The complete table of differences between the product and stock Connexion, in the order of the product's checks."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.fuzz import oracle_mending as mend
from tests.fuzz.oracle import HANDLER, UNREAD, Outcome, Request, Server
from tests.fuzz.oracle_conditions import (
    depth,
    has_duplicate_header,
    has_malformed_json_type,
    has_type,
    is_utf8,
    oddities,
)
from tests.fuzz.oracle_requests import PAGES, SLASHED


@dataclass(frozen=True)
class Difference:
    """A known difference and its reason.

    Attributes:
        when: The condition on the request.
        mended: The request with this part, and the parts that the product checks later, replaced by valid ones.
        stock: The verdicts of stock Connexion on requests with nothing else wrong.
        refused: The verdict of the product if it accepts the mended request. None: the same as for the mended request.
    """

    name: str
    when: Callable[[Request], bool]
    mended: Callable[[Request], Request]
    stock: set[str]
    refused: str | None
    reason: str


DIFFERENCES = [
    # Rules of HTTP and limits: the product checks them first, and stock Connexion has none.
    Difference(
        "a long target",
        lambda request: len(request.path) + len(request.query) > 2_048,
        mend.everything,
        {HANDLER},
        "414",
        "the length of a target is limited",
    ),
    Difference(
        "many headers, or large ones",
        lambda request: len(request.headers) > 64 or request.header_bytes > 16_384,
        mend.everything,
        {HANDLER},
        "431",
        "the number and the size of headers are limited",
    ),
    Difference(
        "no Host, or several",
        lambda request: len(request.hosts) != 1 or not request.hosts[0],
        mend.everything,
        {HANDLER},
        "400",
        "RFC 9112, 3.2: a server answers 400",
    ),
    Difference(
        "a transfer coding that is not chunked alone",
        lambda request: bool(request.codings) and not request.is_chunked,
        mend.everything,
        {HANDLER},
        "400",
        "the server cannot decode it, and a proxy could read another request in it (RFC 9112, 6.1)",
    ),
    # Paths.
    Difference(
        "an escape in the path",
        lambda request: "%" in request.path,
        mend.everything,
        {HANDLER},
        "404",
        "a proxy compares paths as they are sent, so an escape must not reach another rule",
    ),
    Difference(
        "a slash at the end",
        lambda request: request.path in SLASHED,
        mend.everything,
        {"307"},
        "404",
        "stock redirects to a Location with the Host that the client sent",
    ),
    Difference(
        "Connexion's own copy of the document",
        lambda request: request.path in PAGES,
        mend.everything,
        {"200", "405"},
        "404",
        "a production server does not serve it",
    ),
    # Headers: the product checks for duplicates first, then the document's headers, then media type and encoding.
    Difference(
        "a duplicate header",
        has_duplicate_header,
        mend.headers_and_body,
        {HANDLER, "415"},
        "400",
        "stock uses one of the two values, and a proxy may use the other",
    ),
    Difference(
        "a charset that is not UTF-8",
        has_type(r"(?i)charset=(?!\"?utf[-_]?8\"?(?:;|$))[^;]"),
        mend.media_type_and_body,
        {HANDLER, "400", "500"},
        "415",
        "JSON is UTF-8 (RFC 8259, 8.1); stock uses the charset, fails for unknown names, and ignores one after a space",
    ),
    Difference(
        "a malformed media type",
        has_malformed_json_type,
        mend.media_type_and_body,
        {HANDLER, "500"},
        "415",
        "a parameter of a media type has another format (RFC 9110, 8.3.1); stock looks up a codec with an empty name",
    ),
    Difference(
        "a compressed body",
        lambda request: any(request.encodings),
        mend.media_type_and_body,
        {HANDLER},
        "415",
        "the server does not decompress it; stock ignores the header",
    ),
    Difference(
        "a media type in capitals",
        has_type(r"^[^;]*[A-Z]"),
        mend.media_type,
        {UNREAD},
        None,
        "defect: stock finds no validator, skips the validation and passes bytes; without a body it fails",
    ),
    Difference(
        "no media type",
        lambda request: not request.types,
        mend.media_type,
        {UNREAD},
        None,
        "defect: stock validates the body and then passes bytes",
    ),
    Difference(
        "an empty media type",
        lambda request: request.types == (b"",),
        mend.media_type,
        {"415"},
        None,
        "an empty header counts as absent, and this header may be absent",
    ),
    Difference(
        "a space before the semicolon",
        has_type(r"^application/json ;"),
        mend.media_type,
        {"415"},
        None,
        "defect: the space is allowed (RFC 9110, 5.6.6)",
    ),
    # The body, which the product checks last.
    Difference(
        "a chunked body",
        lambda request: request.is_chunked,
        mend.transfer_coding,
        {"400"},
        None,
        "defect: stock treats a request without Content-Length as a request without a body",
    ),
    Difference(
        "a large body",
        lambda request: len(request.body) > 16_384,
        mend.body,
        {HANDLER},
        "413",
        "the document limits a body in its text, because OpenAPI has no keyword for it",
    ),
    Difference(
        "a body that is not UTF-8",
        lambda request: not is_utf8(request.body),
        mend.body,
        {"500"},
        "400",
        "defect: stock does not catch decoding errors",
    ),
    Difference(
        "deep nesting",
        lambda request: depth(request.body) > 32,
        mend.body,
        {HANDLER, "500"},
        "400",
        "the document limits the depth; defect: stock does not catch recursion errors",
    ),
    Difference(
        "an integer of more than 4,300 digits",
        lambda request: bool(re.search(rb"[0-9]{4301}", request.body)),
        mend.long_integers,
        {"500"},
        None,
        "defect: stock converts it and does not catch Python's error; the product converts no number",
    ),
    Difference(
        "a duplicate member",
        lambda request: "duplicate member" in oddities(request.body),
        mend.body,
        {HANDLER},
        "400",
        "stock uses the last of the two, and another parser may use the first",
    ),
    Difference(
        "NaN or Infinity",
        lambda request: bool({"NaN", "Infinity", "-Infinity"} & oddities(request.body)),
        mend.body,
        {HANDLER},
        "400",
        "defect: these are not JSON (RFC 8259, 6)",
    ),
    Difference(
        "a lone surrogate",
        lambda request: "lone surrogate" in oddities(request.body),
        mend.body,
        {HANDLER},
        "400",
        "such a string cannot be encoded as UTF-8",
    ),
]


async def predicted(request: Request, stock: Server, rows: Sequence[Difference] = DIFFERENCES) -> Outcome:
    """The required outcome of a request: that of the first row that applies, or else that of stock Connexion."""
    for number, row in enumerate(rows):
        if row.when(request):
            mended = await predicted(row.mended(request), stock, rows[number + 1 :])
            return Outcome(row.refused) if row.refused and mended.verdict == HANDLER else mended
    return await stock.ask(request)
