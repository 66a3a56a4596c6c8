"""The values of one worker, in a file that all workers read.

The library maps the file into memory. A write to a mapped page for which the file system has no room kills the process
(SIGBUS, mmap(2)). So the room is taken before each new value, which fails in the usual way.
"""

import os
from contextlib import suppress
from mmap import PAGESIZE

import structlog
from prometheus_client.mmap_dict import MmapedDict

_LONGEST_FRAME = 32
"""Bytes of an entry beside its key: a length, up to 8 bytes of padding, a value and a time."""

_log = structlog.get_logger()


def reserved_values(name: str) -> MmapedDict:
    """The library's file of values, with room for all of them.

    Raises:
        OSError: There is no room. The methods of the result raise it too.
    """
    return _ReservedValues(name)


class _ReservedValues(MmapedDict):
    def __init__(self, name: str) -> None:
        with open(name, "ab") as file:  # noqa: PTH123  the library's text
            os.posix_fallocate(file.fileno(), 0, PAGESIZE)
        super().__init__(name)  # type: ignore[no-untyped-call]  # the library has no types

    def _init_value(self, key: str) -> None:
        end = self._used + len(key.encode()) + _LONGEST_FRAME
        os.posix_fallocate(self._f.fileno(), 0, end)
        super()._init_value(key)  # type: ignore[no-untyped-call]  # the library has no types


class SharedValues:
    """What the library needs of a file of values. It never fails, because no request may fail for its metrics.

    A value that has no room is only in this process. The next write of it tries again.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._file: MmapedDict | None = None
        self._is_reported = False

    def read_value(self, key: str) -> tuple[float, float]:
        """The value of this key and its time. Zeros if there is none, or if there is no room."""
        with suppress(OSError):
            value, time = self._opened().read_value(key)
            return value, time
        return 0.0, 0.0

    def write_value(self, key: str, value: float, time: float) -> None:
        """Write the value of this key and its time. The log says once that there is no room."""
        try:
            self._opened().write_value(key, value, time)
        except OSError as error:
            if not self._is_reported:
                self._is_reported = True
                _log.error("metrics.not_shared", file=self._name, cause=error.strerror)

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

    def _opened(self) -> MmapedDict:
        self._file = self._file or reserved_values(self._name)
        return self._file
