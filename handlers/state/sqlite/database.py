"""The SQLite database as one process uses it. It is opened again after a failure, and replaced if its file is lost."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import structlog

from handlers.state.microseconds import machine_time
from handlers.state.sqlite.data_loss import copy_readable_rows, record_data_loss
from handlers.state.sqlite.file import DamagedError, connect, is_damage, move_aside, open_file
from handlers.state.sqlite.locks import BUSY_SECONDS, START_SECONDS, exclusive_lock
from handlers.state.sqlite.paths import damage_marker
from handlers.state.sqlite.watch import FileChangedError, FileWatch

LOG_SECONDS = 1.0
"""The shortest time between two lines that report damage."""

Result = TypeVar("Result")

_log = structlog.get_logger()


class _OpenFile:
    """A connection, the watch over its files, and the fault that the last check found."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.fault: FileChangedError | DamagedError | None = None
        try:
            (self.number,) = connection.execute("PRAGMA application_id").fetchone()
            self.watch = FileWatch(path)
        except BaseException:
            connection.close()
            raise

    def check(self, error: BaseException | None = None) -> None:
        """Set `fault`. `error` is the error after which the files are checked, if there was one."""
        try:
            self.watch.require_unchanged()
        except (FileChangedError, DamagedError) as fault:
            self.fault = fault
        else:
            self.fault = DamagedError(error) if error and is_damage(error) else None

    def close(self) -> None:
        self.connection.close()
        self.watch.close()


class Database:
    """One connection. The result of work counts only if the path led to the same files until the work was done.

    If the files are missing or replaced, that work fails. The next work opens the file at the path, or creates it, and
    copies all rows that the old connection can still read. Other rows are lost (see `data_loss`). A damaged file is not
    used again until another file replaces it.
    """

    def __init__(self, path: Path, *, starting: bool = False) -> None:
        """Open the file, or create it. A server that is `starting` checks the whole file, and waits longer for locks.

        Raises:
            ValueError, DamagedError, LockedError, sqlite3.Error, OSError: See `open_file`.
        """
        self._path = path
        timeout_seconds = START_SECONDS if starting else BUSY_SECONDS
        connection = open_file(path, None, timeout_seconds, thorough=starting)
        self._file: _OpenFile | None = _OpenFile(path, connection)
        self._number = self._file.number
        self._damage_logged_at = float("-inf")
        self._is_unfinished = False
        self.latest_signed = 0
        """The latest X-TIMESTAMP of all requests, in microseconds since 1970."""

    def run(self, work: Callable[[sqlite3.Connection], Result], now: int) -> Result:
        """Do the work and return its result. `now` is the caller's time, in microseconds since 1970.

        Raises:
            FileChangedError: The files are missing, or other files replaced them.
            DamagedError: The file is damaged.
            Exception: The work failed, or the file could not be opened again (see `open_file`).
        """
        try:
            return self._checked_result(self._usable_file(now), work)
        except DamagedError as damage:
            self._log_damage(damage)
            raise

    def _checked_result(self, file: _OpenFile, work: Callable[[sqlite3.Connection], Result]) -> Result:
        try:
            result = work(file.connection)
            file.watch.require_unchanged()
        except BaseException as error:
            file.check(error)
            if file.fault is None:
                self._disconnect()
                raise
            file.connection.rollback()
            raise file.fault from error
        return result

    def _usable_file(self, now: int) -> _OpenFile:
        if self._file is None:
            self._file = self._reopen(now)
        elif isinstance(self._file.fault, FileChangedError):
            self._file.check()  # The files may be back, for example after a folder was inaccessible for a moment.
        if self._file.fault:
            self._file = self._replace(self._file, self._file.fault, now)
        return self._file

    def _reopen(self, now: int) -> _OpenFile:
        """Open the file after a failure. If it is another file now, no rows of the old one can be copied."""
        file = _OpenFile(self._path, open_file(self._path, now))
        if file.number != self._number:
            self._record_loss(file, now)
            self._log_replaced("another file is in its place", lost=True)
        return file

    def _replace(self, old: _OpenFile, fault: FileChangedError | DamagedError, now: int) -> _OpenFile:
        is_damaged = isinstance(fault, DamagedError)
        with exclusive_lock(self._path):
            if is_damaged and old.watch.is_at_path:
                raise fault
            was_lost = self._mark_unfinished()
            kept = move_aside(self._path) if old.watch.is_at_path else None
            old.watch.drop_companions()
            new = _OpenFile(self._path, connect(self._path, now, is_unfinished=True))
            try:
                copied = copy_readable_rows(old.connection, new.connection)
                is_lost = is_damaged or was_lost or not copied.complete
                if is_lost:
                    self._record_loss(new, now)
            except BaseException:
                new.close()
                raise
            self._finish()
        old.close()
        self._number = new.number
        self._log_replaced(str(fault), lost=is_lost, kept=kept and str(kept), **copied.counts)
        return new

    def _mark_unfinished(self) -> bool:
        """Until `_finish`, another process that opens the file finds a loss. Return whether there was a loss before."""
        marker = damage_marker(self._path)
        was_lost = marker.exists() and not self._is_unfinished
        marker.touch(0o600)
        self._is_unfinished = True
        return was_lost

    def _finish(self) -> None:
        damage_marker(self._path).unlink(missing_ok=True)
        self._is_unfinished = False

    def _record_loss(self, file: _OpenFile, now: int) -> None:
        record_data_loss(file.connection, now, self.latest_signed)
        self._number = file.number

    def _log_replaced(self, cause: str, **log_fields: object) -> None:
        _log.error("state.replaced", file=str(self._path), cause=cause, **log_fields)

    def _log_damage(self, damage: DamagedError) -> None:
        if time.monotonic() - self._damage_logged_at >= LOG_SECONDS:
            with suppress(OSError):
                damage_marker(self._path).touch(0o600)
            _log.error("state.damaged", file=str(self._path), cause=str(damage))
            self._damage_logged_at = time.monotonic()

    def close(self) -> None:
        """Close the connection, which undoes an open transaction. The rows of a removed file are copied first."""
        for _ in range(2):  # The first run notices a removed file. The second run copies its rows.
            with suppress(Exception):
                if self._file:
                    self.run(_nothing, machine_time())
        self._disconnect()

    def _disconnect(self) -> None:
        file, self._file = self._file, None
        if file:
            file.close()


def _nothing(_connection: sqlite3.Connection) -> None:
    """Do nothing. `Database.run` still checks the files."""
