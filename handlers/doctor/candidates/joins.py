"""How a client may have joined the parts of the string to sign of a call."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, permutations, product
from urllib.parse import quote_from_bytes

from handlers.doctor.difference import Difference
from handlers.doctor.request import Request
from handlers.doctor.rewriting import SEPARATOR
from handlers.doctor.verdicts import Evidence, Finding, Verdict

_SEPARATORS = ("|", "", "\n", ",", ";", "-", "&", " ", ": ", " : ", "::", "+", "_", ".", "/", "\r\n", "\\n", "#", "~")
_ENDS = {
    "\n": Difference.LINE_END_ADDED,
    "\r\n": Difference.LINE_END_ADDED,
    "\\n": Difference.LINE_END_ADDED,
    ":": Difference.COLON_ADDED,
    " ": Difference.BLANK_ADDED,
    "\0": Difference.NUL_ADDED,
}
_STARTS = {
    ":": Difference.COLON_IN_FRONT,
    " ": Difference.BLANK_ADDED,
    "\ufeff": Difference.BYTE_ORDER_MARK_ADDED,
}
_CHANGES: Mapping[Difference, Callable[[bytes], bytes]] = {
    Difference.LOWER_CASE: bytes.lower,
    Difference.UPPER_CASE: bytes.upper,
    Difference.PERCENT_ENCODED: lambda text: quote_from_bytes(text, safe="").encode(),
    Difference.BASE64: b64encode,
    Difference.HEXADECIMAL: lambda text: text.hex().encode(),
}


def _unchanged(text: bytes) -> bytes:
    return text


@dataclass(frozen=True, slots=True)
class Join:
    """A way to join the parts of the string to sign.

    Attributes:
        finding: The mistake, or None for the right way.
        separator: What stands between the parts.
        gap: The only gap in which the separator stands, counted from 0. The others have a colon.
        order: The places of the parts, if they are not in their order. None stands for an empty part.
        start: What stands in front of the first part.
        end: What stands behind the last part.
        change: A change of the whole string.
    """

    finding: Finding | None = None
    separator: bytes = b":"
    gap: int | None = None
    order: tuple[int | None, ...] | None = None
    start: bytes = b""
    end: bytes = b""
    change: Callable[[bytes], bytes] = _unchanged

    def joined(self, parts: Sequence[bytes]) -> bytes:
        """Return the string to sign."""
        chosen = parts if self.order is None else [b"" if at is None else parts[at] for at in self.order]
        return self.change(self.start + self._separated(chosen) + self.end)

    def _separated(self, parts: Sequence[bytes]) -> bytes:
        if self.gap is None:
            return self.separator.join(parts)
        before, behind = parts[: self.gap + 1], parts[self.gap + 1 :]
        return b":".join(before) + self.separator + b":".join(behind)


RIGHT = Join()


def wrong_joins(names: Sequence[Difference], request: Request, client_key: str) -> Iterator[Join]:
    """Yield wrong ways to join the parts of these names, the most likely ones first."""
    yield from _missing(names)
    for separator in _SEPARATORS:
        yield Join(_finding(Verdict.CALL_SEPARATOR_WRONG, separator=repr(separator)), separator.encode())
    yield from _changed()
    if Difference.TOKEN not in names:
        finding = _finding(Verdict.CALL_STRING_CHANGED, how=Difference.EMPTY_TOKEN)
        yield Join(finding, order=(0, 1, None, *range(2, len(names))))
    yield from _one_separator(len(names) - 1)
    yield from _several_missing(names)
    yield from _as_token_request(request, client_key, len(names) - 1)
    for order in islice(permutations(range(len(names))), 1, None):  # The first one is the right order.
        shown = SEPARATOR.join(names[at] for at in order)
        yield Join(_finding(Verdict.CALL_PARTS_REORDERED, order=shown), order=order)


def _finding(verdict: Verdict, **evidence: str | int) -> Finding:
    shown: Evidence = evidence
    return Finding(verdict, shown)


def _missing(names: Sequence[Difference]) -> Iterator[Join]:
    places = tuple(range(len(names)))
    for at, name in enumerate(names):
        for how, new in ((Difference.LEFT_OUT, ()), (Difference.EMPTY, (None,))):
            finding = _finding(Verdict.CALL_PART_MISSING, part=name, how=how)
            yield Join(finding, order=(*places[:at], *new, *places[at + 1 :]))


def _several_missing(names: Sequence[Difference]) -> Iterator[Join]:
    for number in range(1, len(names) - 1):
        for kept in combinations(range(len(names)), number):
            missing = SEPARATOR.join(name for at, name in enumerate(names) if at not in kept)
            yield Join(_finding(Verdict.CALL_PART_MISSING, part=missing, how=Difference.LEFT_OUT), order=kept)


def _one_separator(gaps: int) -> Iterator[Join]:
    """Join the parts with a wrong separator in one gap, or with a separator at the end too."""
    for gap, separator in product(range(gaps), _SEPARATORS):
        yield Join(_finding(Verdict.CALL_SEPARATOR_WRONG, separator=repr(separator)), separator.encode(), gap)
    for separator in filter(None, _SEPARATORS):
        text = separator.encode()
        yield Join(_finding(Verdict.CALL_SEPARATOR_WRONG, separator=repr(separator)), text, end=text)


def _changed() -> Iterator[Join]:
    for end, how in _ENDS.items():
        yield Join(_finding(Verdict.CALL_STRING_CHANGED, how=how), end=end.encode())
    for start, how in _STARTS.items():
        yield Join(_finding(Verdict.CALL_STRING_CHANGED, how=how), start=start.encode())
    yield Join(_finding(Verdict.CALL_STRING_CHANGED, how=Difference.QUOTED), start=b'"', end=b'"')
    for how, change in _CHANGES.items():
        yield Join(_finding(Verdict.CALL_STRING_CHANGED, how=how), change=change)


def _as_token_request(request: Request, client_key: str, timestamp_at: int) -> Iterator[Join]:
    """Join client key and X-TIMESTAMP, as for a token request (ASPI, asymmetric signature)."""
    for each in dict.fromkeys((client_key, request.get("X-PARTNER-ID"))):
        for separator in ("|", ":", ""):
            start = f"{each}{separator}".encode()
            yield Join(_finding(Verdict.CALL_SIGNED_AS_TOKEN_REQUEST), order=(timestamp_at,), start=start)
