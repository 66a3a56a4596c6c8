"""The step of the log that masks secrets."""

from collections.abc import Iterable

from structlog.typing import EventDict, WrappedLogger

from handlers.snap.masking import SHORTEST, NamedSecret, SecretMasker

_OURS = frozenset({"expires_at", "key", "token"})
"""Fields that this server makes itself: a time, and digests of key and token. They need no masking."""


class Masking:
    """A step of the log (a processor of structlog). Until it learns secrets, it masks only the shapes of secrets."""

    def __init__(self) -> None:
        self._masks = SecretMasker()

    def learn(self, known: Iterable[NamedSecret]) -> None:
        """From now on, mask these secrets."""
        self._masks = SecretMasker(known)

    def masked(self, text: str) -> str:
        """The text without the secrets that are known now."""
        return self._masks.masked(text)

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        """The line, each of its texts masked."""
        for name, value in line.items():
            if isinstance(value, str):
                if len(value) >= SHORTEST and name not in _OURS:
                    line[name] = self._masks.masked(value)
            elif isinstance(value, list | tuple):
                line[name] = [self._masks.masked(each) if isinstance(each, str) else each for each in value]
        return line


SECRET_MASKER = Masking()
"""The one of this process, which has one log."""
