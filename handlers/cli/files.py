"""Files that commands make and change: never over one by mistake, never half, secret ones for their owner alone."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from handlers.cli.misuse import MisuseError

_SECRET = 0o600
_PUBLIC = 0o644


def already_there(path: Path) -> MisuseError:
    """What to say of a file that exists."""
    return MisuseError(f"{path} exists and is left as it is; name another file or move it away")


def write_new(path: Path, content: str | bytes, *, secret: bool) -> None:
    """Create the file, mode 0600 or 0644.

    Raises:
        MisuseError: it exists, or cannot be made.
    """
    try:
        _write(path, content, _SECRET if secret else _PUBLIC)
    except FileExistsError as error:
        raise already_there(path) from error
    except OSError as error:
        raise _unwritable(path, error) from error


def replace(path: Path, content: str, check: Callable[[Path], object] | None = None) -> None:
    """Put this content in the place of a file's, whole or not at all; the file's owner and mode stay.

    `check` is shown the new file before it takes the place of the old, and raises to keep the old.

    Raises:
        MisuseError: it cannot be written, or what `check` raises.
    """
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{token_hex(8)}")
    try:
        _write(draft, content, _SECRET, like=target.stat())
        if check:
            check(draft)
        draft.replace(target)
        _synchronise(target.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Within it, no other command changes a file of the folder.

    Raises:
        MisuseError: another one does, or the folder cannot be opened.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        message = f"{folder} cannot be opened: {error.strerror}"
        raise MisuseError(message) from error
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        message = f"another command is changing files in {folder}; run this again when it has ended"
        raise MisuseError(message) from error


def _write(path: Path, content: str | bytes, mode: int, like: os.stat_result | None = None) -> None:
    """Create a file that is whole and on the disk when this returns, and is not there if it raises."""
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file, _or_nothing(path):
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        if like:
            os.fchown(file.fileno(), like.st_uid, like.st_gid)
            os.fchmod(file.fileno(), like.st_mode & 0o7777)
        os.fsync(file.fileno())


@contextmanager
def _or_nothing(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _synchronise(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> MisuseError:
    return MisuseError(f"{path} cannot be written: {error.strerror}")
