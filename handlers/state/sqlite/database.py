"""The file as one process holds it: opened anew after a failure, and carried over when it was taken away."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import structlog

from handlers.state.microseconds import machine_time
from handlers.state.sqlite.data_loss import carry_over, refuse_what_was_before
from handlers.state.sqlite.file import DamagedError, connect, is_damage, mark_of_damage, open_file, set_aside
from handlers.state.sqlite.locks import BUSY_SECONDS, START_SECONDS, alone_with
from handlers.state.sqlite.watch import ChangedError, Watch

LOG_SECONDS = 1.0
"""One line at the most in this time says that the file is damaged."""

Result = TypeVar("Result")

_log = structlog.get_logger()


class _Opened:
    """A connection, the watch over its files, and what was wrong with them when they were last looked at."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.trouble: ChangedError | DamagedError | None = None
        try:
            (self.number,) = connection.execute("PRAGMA application_id").fetchone()
            self.watch = Watch(path)
        except BaseException:
            connection.close()
            raise

    def look(self, error: BaseException | None = None) -> None:
        """See what is wrong, after an error if there was one."""
        try:
            self.watch.require_same()
        except (ChangedError, DamagedError) as trouble:
            self.trouble = trouble
        else:
            self.trouble = DamagedError(error) if error and is_damage(error) else None

    def close(self) -> None:
        self.connection.close()
        self.watch.close()


class HeldFile:
    """One connection. Work with it counts only if the path led to the same files until it was done.

    If they are gone, or others are in their place, that work fails. The next opens what is at the path then, or makes
    it, and carries over what the old connection still reads; what it does not read is lost (`sqlite_loss`). A damaged
    file is not used until another is in its place.
    """

    def __init__(self, path: Path, *, starting: bool = False) -> None:
        """Open it, or make it; who is `starting` looks through it and is patient. Raises what `open_file` raises."""
        self._path = path
        patience_seconds = START_SECONDS if starting else BUSY_SECONDS
        connection = open_file(path, None, patience_seconds, thorough=starting)
        self._opened: _Opened | None = _Opened(path, connection)
        self._number = self._opened.number
        self._told_at = float("-inf")
        self.latest_signed = 0
        """The latest X-TIMESTAMP that was asked for, in microseconds since 1970."""

    def do(self, work: Callable[[sqlite3.Connection], Result], now: int) -> Result:
        """Do the work, or raise what stands in its way; `now`, in microseconds since 1970, is the caller's time."""
        try:
            return self._done(self._usable(now), work)
        except DamagedError as damage:
            self._tell(damage)
            raise

    def _done(self, opened: _Opened, work: Callable[[sqlite3.Connection], Result]) -> Result:
        try:
            result = work(opened.connection)
            opened.watch.require_same()
        except BaseException as error:
            opened.look(error)
            if opened.trouble is None:
                self._disconnect()
                raise
            opened.connection.rollback()
            raise opened.trouble from error
        return result

    def _usable(self, now: int) -> _Opened:
        if self._opened is None:
            self._opened = self._anew(now)
        elif isinstance(self._opened.trouble, ChangedError):
            self._opened.look()  # It may be back, as when a folder was closed for a moment.
        if self._opened.trouble:
            self._opened = self._mended(self._opened, self._opened.trouble, now)
        return self._opened

    def _anew(self, now: int) -> _Opened:
        """After a failure: nothing can be carried over if it is another file meanwhile."""
        opened = _Opened(self._path, open_file(self._path, now))
        if opened.number != self._number:
            self._lose(opened, now)
            self._log_replaced("another file is in its place", lost=True)
        return opened

    def _mended(self, old: _Opened, trouble: ChangedError | DamagedError, now: int) -> _Opened:
        damaged = isinstance(trouble, DamagedError)
        with alone_with(self._path):
            if damaged and old.watch.is_at_path:
                raise trouble
            kept = set_aside(self._path) if old.watch.is_at_path else None
            old.watch.drop_companions()
            new = _Opened(self._path, connect(self._path, now))
            try:
                carried = carry_over(old.connection, new.connection)
                lost = damaged or not carried.whole
                if lost:
                    self._lose(new, now)
            except BaseException:
                new.close()
                raise
        old.close()
        self._number = new.number
        self._log_replaced(str(trouble), lost=lost, kept=kept and str(kept), **carried.rows)
        return new

    def _lose(self, opened: _Opened, now: int) -> None:
        refuse_what_was_before(opened.connection, now, self.latest_signed)
        self._number = opened.number

    def _log_replaced(self, cause: str, **facts: object) -> None:
        _log.error("state.replaced", file=str(self._path), cause=cause, **facts)

    def _tell(self, damage: DamagedError) -> None:
        if time.monotonic() - self._told_at >= LOG_SECONDS:
            with suppress(OSError):
                mark_of_damage(self._path).touch(0o600)
            _log.error("state.damaged", file=str(self._path), cause=str(damage))
            self._told_at = time.monotonic()

    def close(self) -> None:
        """Close the connection, which undoes what was not committed; what was taken away is carried over before."""
        for _ in range(2):  # The first notices it.
            with suppress(Exception):
                if self._opened:
                    self.do(_nothing, machine_time())
        self._disconnect()

    def _disconnect(self) -> None:
        opened, self._opened = self._opened, None
        if opened:
            opened.close()


def _nothing(_connection: sqlite3.Connection) -> None:
    """To see whether the file is still there."""
