"""The structlog processor that masks secrets."""

from collections.abc import Iterable

from structlog.typing import EventDict, WrappedLogger

from handlers.snap.masking import SHORTEST, NamedSecret, SecretMasker

_SAFE_FIELDS = frozenset({"expires_at", "key", "token"})
"""Fields with values that this server computes: a time, and digests of a key and a token. They need no masking."""


class LogMasker:
    """A structlog processor. Until `learn` is called, it masks only text that has the shape of a secret."""

    def __init__(self) -> None:
        self._masker = SecretMasker()

    def learn(self, known: Iterable[NamedSecret]) -> None:
        """Mask these secrets from now on, instead of the previous ones."""
        self._masker = SecretMasker(known)

    def mask(self, text: str) -> str:
        """The text with all known secrets masked."""
        return self._masker.masked(text)

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        """Mask every text in the fields of the log line."""
        for name, value in line.items():
            if isinstance(value, str):
                if len(value) >= SHORTEST and name not in _SAFE_FIELDS:
                    line[name] = self._masker.masked(value)
            elif isinstance(value, list | tuple):
                line[name] = [self._masker.masked(each) if isinstance(each, str) else each for each in value]
        return line


SECRET_MASKER = LogMasker()
"""The masker of this process, because a process has one log."""
