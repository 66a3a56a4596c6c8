"""The closed table of what we do otherwise than stock Connexion, in the order in which we look at a request."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.fuzz import oracle_mending as put_right
from tests.fuzz.oracle import HANDLER, UNREAD, Outcome, Request, Server
from tests.fuzz.oracle_conditions import (
    depth,
    is_misspelt,
    is_repetitive,
    is_utf8,
    oddities,
    typed,
)
from tests.fuzz.oracle_requests import PAGES, SLASHED


@dataclass(frozen=True)
class Listed:
    """A difference that is known, and why.

    Attributes:
        when: On which requests.
        mended: Such a request without it, and without what we look at later.
        stock: Every verdict of stock's on a request with nothing but this.
        refused: Our verdict, if we take the mended request. None: we make of the one what we make of the other.
    """

    name: str
    when: Callable[[Request], bool]
    mended: Callable[[Request], Request]
    stock: set[str]
    refused: str | None
    reason: str


LISTED = [
    # What HTTP asks, and what bounds a request: we look at that first, and stock asks nothing of it.
    Listed(
        "a long target",
        lambda sent: len(sent.path) + len(sent.query) > 2_048,
        put_right.everything,
        {HANDLER},
        "414",
        "a target is bounded",
    ),
    Listed(
        "many headers, or large ones",
        lambda sent: len(sent.headers) > 64 or sent.header_bytes > 16_384,
        put_right.everything,
        {HANDLER},
        "431",
        "headers are bounded",
    ),
    Listed(
        "no single Host",
        lambda sent: len(sent.hosts) != 1 or not sent.hosts[0],
        put_right.everything,
        {HANDLER},
        "400",
        "RFC 9112, 3.2: a server answers 400",
    ),
    Listed(
        "a transfer coding that is not chunked alone",
        lambda sent: bool(sent.codings) and not sent.is_chunked,
        put_right.everything,
        {HANDLER},
        "400",
        "nobody decodes it, and who reads it otherwise finds another request in it (RFC 9112, 6.1)",
    ),
    # Where an operation is.
    Listed(
        "an escape in the path",
        lambda sent: "%" in sent.path,
        put_right.everything,
        {HANDLER},
        "404",
        "a proxy compares paths as they are sent, and must not be passed by an escape",
    ),
    Listed(
        "the last slash",
        lambda sent: sent.path in SLASHED,
        put_right.everything,
        {"307"},
        "404",
        "the redirect's Location is made from Host, which the client chooses",
    ),
    Listed(
        "Connexion's own pages",
        lambda sent: sent.path in PAGES,
        put_right.everything,
        {"200", "307", "405"},
        "404",
        "a production server shows none",
    ),
    # Headers: those that come twice first, then the document's, then Content-Type and Content-Encoding.
    Listed(
        "a header twice",
        is_repetitive,
        put_right.headers_and_body,
        {HANDLER, "415"},
        "400",
        "stock takes one of the two; who stands before it may take the other",
    ),
    Listed(
        "a charset that is not UTF-8",
        typed(r"(?i)charset=(?!\"?utf[-_]?8\"?(?:;|$))[^;]"),
        put_right.media_type_and_body,
        {HANDLER, "400", "500"},
        "415",
        "JSON is UTF-8 (RFC 8259, 8.1); stock decodes as it is told, fails on unknown names, ignores one after a space",
    ),
    Listed(
        "a media type that breaks the grammar",
        is_misspelt,
        put_right.media_type_and_body,
        {HANDLER, "500"},
        "415",
        "no parameter of a media type is of that form (RFC 9110, 8.3.1); stock looks up a codec without a name",
    ),
    Listed(
        "a body that is compressed",
        lambda sent: any(sent.encodings),
        put_right.media_type_and_body,
        {HANDLER},
        "415",
        "nobody decompresses it; stock reads it as if there were no header",
    ),
    Listed(
        "a media type in capitals",
        typed(r"^[^;]*[A-Z]"),
        put_right.media_type,
        {UNREAD},
        None,
        "defect: stock finds no validator, skips validation and hands over bytes; without a body it fails",
    ),
    Listed(
        "no media type",
        lambda sent: not sent.types,
        put_right.media_type,
        {UNREAD},
        None,
        "defect: stock validates and then hands over bytes",
    ),
    Listed(
        "an empty media type",
        lambda sent: sent.types == (b"",),
        put_right.media_type,
        {"415"},
        None,
        "an empty header counts as absent, and this one may be",
    ),
    Listed(
        "a space before the semicolon",
        typed(r"^application/json ;"),
        put_right.media_type,
        {"415"},
        None,
        "defect: it is lawful (RFC 9110, 5.6.6)",
    ),
    # The body: we look at it last.
    Listed(
        "a chunked body",
        lambda sent: sent.is_chunked,
        put_right.coding,
        {"400"},
        None,
        "defect: stock takes a request without Content-Length for one without a body",
    ),
    Listed(
        "a large body",
        lambda sent: len(sent.body) > 16_384,
        put_right.body,
        {HANDLER},
        "413",
        "the document bounds a body, where OpenAPI has no keyword for it",
    ),
    Listed(
        "a body that is not UTF-8",
        lambda sent: not is_utf8(sent.body),
        put_right.body,
        {"500"},
        "400",
        "defect: stock catches no error of decoding",
    ),
    Listed(
        "deep nesting",
        lambda sent: depth(sent.body) > 32,
        put_right.body,
        {HANDLER, "500"},
        "400",
        "the document bounds depth; defect: stock catches no error of recursion",
    ),
    Listed(
        "an integer of more than 4,300 digits",
        lambda sent: bool(re.search(rb"[0-9]{4301}", sent.body)),
        put_right.long_integers,
        {"500"},
        None,
        "defect: stock converts it and does not catch Python's refusal; we convert no number",
    ),
    Listed(
        "a member named twice",
        lambda sent: "named twice" in oddities(sent.body),
        put_right.body,
        {HANDLER},
        "400",
        "stock takes the last of the two; another reader may take the first",
    ),
    Listed(
        "NaN or Infinity",
        lambda sent: bool({"NaN", "Infinity", "-Infinity"} & oddities(sent.body)),
        put_right.body,
        {HANDLER},
        "400",
        "defect: they are not JSON (RFC 8259, 6)",
    ),
    Listed(
        "half of a surrogate pair",
        lambda sent: "half a pair" in oddities(sent.body),
        put_right.body,
        {HANDLER},
        "400",
        "such a text cannot be written as UTF-8 again",
    ),
]


async def predicted(sent: Request, stock: Server, rows: Sequence[Listed] = LISTED) -> Outcome:
    """What we are to make of a request: what the first row says that names it, else what stock makes of it."""
    for number, row in enumerate(rows):
        if row.when(sent):
            mended = await predicted(row.mended(sent), stock, rows[number + 1 :])
            return Outcome(row.refused) if row.refused and mended.verdict == HANDLER else mended
    return await stock.ask(sent)
