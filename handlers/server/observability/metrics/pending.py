"""Values that are cheap to record. They wait here for the library: for a second at most, and until its page is made.

The library takes a microsecond and one or two locks for each value. A request has five values.
"""

from array import array
from bisect import bisect_left
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Protocol

from prometheus_client import Counter, Histogram


class _Pending(Protocol):
    def flush(self) -> None: ...


_all: list[_Pending] = []


def flush() -> None:
    """Give all values to the library. Only the thread of the event loop records values and calls this."""
    for pending in _all:
        pending.flush()


class PendingCounts(defaultdict[tuple[str, ...], int]):
    """How often each combination of label values of a counter occurred since the last `flush`."""

    def __init__(self, metric: Callable[..., Counter]) -> None:
        super().__init__(int)
        self._metric = metric
        _all.append(self)

    def flush(self) -> None:
        """Add the numbers to the counters."""
        for label_values, number in self.items():
            self._metric(*label_values).inc(number)
        self.clear()


class PendingObservations(dict[str, Callable[[float], None]]):
    """By label value of a histogram, the function that records one value."""

    def __init__(self, metric: Callable[..., Histogram]) -> None:
        super().__init__()
        self._metric = metric
        self._values: list[tuple[Histogram, array[float]]] = []
        _all.append(self)

    def __missing__(self, label_value: str) -> Callable[[float], None]:
        """The function for a new label value."""
        values = array("d")
        self._values.append((self._metric(label_value), values))
        self[label_value] = values.append
        return values.append

    def flush(self) -> None:
        """Add the values to their histograms."""
        for histogram, values in self._values:
            if values:
                _observe_all(histogram, values)
                del values[:]


def _observe_all(histogram: Histogram, values: "array[float]") -> None:
    """Do what `histogram.observe` does for each value, but take each lock once.

    This uses names of prometheus_client that are not public. The server checks at start that they exist.
    """
    bounds, buckets = histogram._upper_bounds, histogram._buckets  # noqa: SLF001  there is no public way
    for bucket, number in Tally(map(partial(bisect_left, bounds), values)).items():
        buckets[bucket].inc(number)
    histogram._sum.inc(sum(values))  # noqa: SLF001  see above
