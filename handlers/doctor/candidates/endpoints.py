"""The texts that may stand in the string to sign in the place of the path with its query."""

import re
from collections.abc import Iterator, Sequence
from itertools import permutations, product
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlencode

from handlers.doctor.candidates.part import Part, wrong
from handlers.doctor.difference import Difference
from handlers.doctor.request import Request
from handlers.doctor.verdicts import LONGEST_SHOWN, Verdict
from handlers.snap.masking import masked_prefix

_MOST_HOSTS = 2
_MOST_SEGMENTS_CUT = 8
"""Segments of the path. A base path has two or three."""
_MOST_PARAMETERS, _MOST_REORDERED = 32, 4
_MOST_PATHS = 16
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")


def wrong_endpoints(request: Request, other_paths: Sequence[str] = ()) -> Iterator[Part]:
    """Yield other texts for the path and the query, each once. `other_paths` are the paths of other services."""
    seen = {request.uri.encode()}
    for part in _wrong_endpoints(request, other_paths):
        if part.value not in seen:
            seen.add(part.value)
            yield part


def _wrong_endpoints(request: Request, other_paths: Sequence[str]) -> Iterator[Part]:
    path, query = request.path, request.uri[len(request.path) :]
    if query:
        yield wrong(path, Verdict.CALL_PATH_WITHOUT_QUERY)
    yield from _with_host(request, [request.uri, path])
    yield from _slash_at_the_end(path, query)
    yield from _shortened(path, [query, ""])
    yield from _other_queries(path, query)
    yield from _other_paths(path, query, other_paths)


def _with_host(request: Request, ends: list[str]) -> Iterator[Part]:
    hosts = request.all("Host")[:_MOST_HOSTS]
    bare = [host.partition(":")[0] for host in hosts]
    starts = [
        f"{start}{host}" for host in dict.fromkeys([*hosts, *bare]) for start in ("https://", "http://", "//", "")
    ]
    for start, end in product(starts, ends):
        yield wrong(f"{start}{end}", Verdict.CALL_PATH_WITH_HOST, signed=_shown(f"{start}{end}"))


def _slash_at_the_end(path: str, query: str) -> Iterator[Part]:
    other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
    for signed in (f"{other}{query}", f"{path}{query}/", f"{other}/{query}"):
        yield wrong(signed, Verdict.CALL_PATH_SLASH, signed=_shown(signed))


def _shortened(path: str, queries: list[str]) -> Iterator[Part]:
    segments = path.split("/", _MOST_SEGMENTS_CUT + 1)[1:]
    cut = ["/".join(segments[first:]) for first in range(len(segments))]
    for start, rest, end in product(("/", ""), cut, dict.fromkeys(queries)):
        signed = f"{start}{rest}{end}"
        if signed != path:
            yield wrong(signed, Verdict.CALL_PATH_WITHOUT_BASE, signed=_shown(signed))


def _other_queries(path: str, query: str) -> Iterator[Part]:
    for how, signed in _respelt(query[1:]) if query else [(Difference.QUESTION_MARK_ONLY, "")]:
        for text in (f"{path}?{signed}", f"{path}{signed}") if signed else (f"{path}?",):
            yield wrong(text, Verdict.CALL_QUERY_CHANGED, signed=_shown(text), how=how)


def _respelt(query: str) -> Iterator[tuple[Difference, str]]:
    """Yield other texts for a query."""
    parameters = query.split("&", _MOST_PARAMETERS)
    yield Difference.SORTED, "&".join(sorted(parameters))
    yield Difference.PERCENT_DECODED, unquote(query)
    yield Difference.PERCENT_DECODED, unquote_plus(query)
    yield Difference.PERCENT_DECODED, unquote_plus("&".join(sorted(parameters)))
    yield Difference.BLANKS_ENCODED_OTHERWISE, query.replace("+", "%20")
    yield Difference.BLANKS_ENCODED_OTHERWISE, query.replace("%20", "+")
    yield Difference.LOWER_CASE, _ESCAPE.sub(lambda found: found[0].lower(), query)
    yield Difference.UPPER_CASE, _ESCAPE.sub(lambda found: found[0].upper(), query)
    yield Difference.ENCODED_AGAIN, quote(query, safe="=&")
    yield Difference.PERCENT_ENCODED, quote(query, safe="")
    if len(parameters) <= _MOST_REORDERED:
        yield from ((Difference.SORTED, "&".join(order)) for order in permutations(parameters))
    yield from _encoded_again(query)
    yield Difference.QUESTION_MARK_LOST, query


def _encoded_again(query: str) -> Iterator[tuple[Difference, str]]:
    """Decode the parameters and encode them as libraries do, in both orders."""
    if query.count("&") < _MOST_PARAMETERS:
        pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
        for ordered in (pairs, sorted(pairs)):
            for quoting in (quote, quote_plus):
                text = urlencode(ordered, errors="surrogateescape", quote_via=quoting)
                yield Difference.SORTED if ordered != pairs else Difference.ENCODED_AGAIN, text


def _other_paths(path: str, query: str, other_paths: Sequence[str]) -> Iterator[Part]:
    for how, text in (
        (Difference.PERCENT_DECODED, unquote(path, errors="surrogateescape")),
        (Difference.PERCENT_ENCODED, quote(path, safe="")),
        (Difference.PERCENT_ENCODED, quote(path)),
        (Difference.LOWER_CASE, path.lower()),
        (Difference.UPPER_CASE, path.upper()),
        (Difference.SLASHES_COLLAPSED, re.sub("/+", "/", path)),
        (Difference.SLASH_DOUBLED, f"/{path}"),
        *((Difference.OTHER_SERVICE, other) for other in other_paths[:_MOST_PATHS]),
    ):
        for end in dict.fromkeys((query, "")):
            yield wrong(f"{text}{end}", Verdict.CALL_PATH_CHANGED, signed=_shown(f"{text}{end}"), how=how)


def _shown(text: str) -> str:
    return masked_prefix(text.encode("utf-8", "replace").decode(), LONGEST_SHOWN)
