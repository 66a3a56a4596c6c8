"""Measures how long parts of a decision take."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from time import perf_counter
from types import TracebackType

from handlers.server.observability.metrics.definitions import SIGNATURE_VERIFICATION, STATE_ERRORS, STATE_OPERATION
from handlers.server.observability.metrics.pending import PendingObservations
from handlers.state.port import DataLossError, StateDownError

_verifications = PendingObservations(SIGNATURE_VERIFICATION)
_state_operations = PendingObservations(STATE_OPERATION)


class VerificationTimer(AbstractContextManager[None]):
    """Observes the seconds of each block, also if the block raises an error.

    Blocks can use one timer one after the other, because a verification waits for nothing.
    """

    __slots__ = ("_began", "_observe")

    def __init__(self, observe: Callable[[float], None]) -> None:
        self._observe = observe

    def __enter__(self) -> None:
        """Start."""
        self._began = perf_counter()

    def __exit__(self, *_error: object) -> None:
        """Stop."""
        self._observe(perf_counter() - self._began)


class StateTimer(AbstractContextManager[None]):
    """Observes the seconds of one operation of the state store, and counts its error.

    After a loss of data the store still answers, so that is no error.
    """

    __slots__ = ("_began", "_operation")

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._began = perf_counter()

    def __enter__(self) -> None:
        """The operation begins."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop, and count an error."""
        _state_operations[self._operation](perf_counter() - self._began)
        if isinstance(error, StateDownError) and not isinstance(error, DataLossError):
            STATE_ERRORS(self._operation).inc()


@cache
def time_verification(form: str) -> VerificationTimer:
    """Measure the verification of a signature. `form` is `token-request` or a form of call."""
    return VerificationTimer(_verifications[form])
