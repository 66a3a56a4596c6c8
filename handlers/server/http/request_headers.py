"""The headers of one request."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

from handlers.snap.codes import BAD_REQUEST, SnapError

Headers = Sequence[tuple[bytes, bytes]]
"""As ASGI has them: names in lower case."""


class RequestHeaders(NamedTuple):
    """The headers of one request, read once: a value for each name, and the names that came more than once."""

    values: Mapping[bytes, bytes]
    repeated: frozenset[bytes]

    @classmethod
    def of(cls, headers: Headers) -> Self:
        """Of a name that came more than once the last value is kept."""
        values = dict(headers)
        if len(values) == len(headers):
            return cls(values, frozenset())
        counts = Counter(name for name, _ in headers)
        return cls(values, frozenset(name for name, count in counts.items() if count > 1))

    def require_single(self, names: frozenset[bytes]) -> None:
        """Each of these at most once: who takes the first of two and who takes the last disagree.

        Raises:
            SnapError: 400 00, one of them comes twice.
        """
        for name in sorted(names & self.repeated) if self.repeated else ():
            raise SnapError(BAD_REQUEST, reason="header.duplicated", header=name.decode())

    def get(self, name: bytes) -> str:
        """The value, empty if the header is absent."""
        return self.values.get(name, b"").decode("latin-1")
