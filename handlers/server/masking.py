"""No secret reaches the log: the step of the log that masks them."""

from collections.abc import Iterable

from structlog.typing import EventDict, WrappedLogger

from handlers.snap.masking import SHORTEST, Known, Masks


class Masking:
    """A step of the log (a processor of structlog). As long as nothing is known, it masks the shapes of secrets."""

    def __init__(self) -> None:
        self._masks = Masks()

    def learn(self, known: Iterable[Known]) -> None:
        """From now on, mask these secrets."""
        self._masks = Masks(known)

    def masked(self, text: str) -> str:
        """A text without the secrets of now."""
        return self._masks.masked(text)

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        """The line, each of its texts masked."""
        for name, value in line.items():
            if isinstance(value, str):
                if len(value) >= SHORTEST:
                    line[name] = self._masks.masked(value)
            elif isinstance(value, list | tuple):
                line[name] = [self._masks.masked(each) if isinstance(each, str) else each for each in value]
        return line


MASKING = Masking()
"""That of this process, whose log is one."""
