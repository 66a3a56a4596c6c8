"""The headers of one request."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

from handlers.snap.codes import BAD_REQUEST, SnapError

AsgiHeaders = Sequence[tuple[bytes, bytes]]
"""Names and values as in the ASGI scope. Names are in lower case."""


class RequestHeaders(NamedTuple):
    """The headers of one request: one value for each name, and the names of repeated headers."""

    values: Mapping[bytes, bytes]
    repeated: frozenset[bytes]

    @classmethod
    def of(cls, headers: AsgiHeaders) -> Self:
        """Read the headers. The value of a repeated header is its last value."""
        values = dict(headers)
        if len(values) == len(headers):
            return cls(values, frozenset())
        counts = Counter(name for name, _ in headers)
        return cls(values, frozenset(name for name, count in counts.items() if count > 1))

    def require_single(self, names: frozenset[bytes]) -> None:
        """Refuse a repeated header. A proxy could use the first value, and this server the last.

        Raises:
            SnapError: 400 00, one of these headers is repeated.
        """
        for name in sorted(names & self.repeated) if self.repeated else ():
            raise SnapError(BAD_REQUEST, reason="header.duplicated", header=name.decode())

    def single(self, name: str) -> str:
        """The value of the header, by its name in any letter case. Empty if the header is absent or repeated."""
        key = name.lower().encode("latin-1")
        return "" if key in self.repeated else self.get(key)

    def get(self, name: bytes) -> str:
        """The value of the header, decoded as Latin-1. Empty if the header is absent."""
        return self.values.get(name, b"").decode("latin-1")
