"""The time between a stop signal and the end of listening, in which load balancers notice that we are not ready."""

import structlog

_log = structlog.get_logger()


class Drain:
    """Whether the process is stopping, and how long it still accepts connections."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._has_begun = False

    @property
    def has_begun(self) -> bool:
        """Whether the process got a stop signal. Then it is not ready."""
        return self._has_begun

    def begin(self) -> int:
        """Return the seconds for which the process must still accept connections. They are 0 after the first call."""
        seconds = 0 if self._has_begun else self._seconds
        self._has_begun = True
        if seconds:
            _log.info("server.draining", seconds=seconds)
        return seconds

    def skip(self) -> None:
        """Begin, or end the wait that has begun: the process accepts no more connections."""
        self._has_begun = True
