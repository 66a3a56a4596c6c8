"""Files that commands make and change: never over one by mistake, never half, secret ones for their owner alone.

The server's user must be able to read them, whoever runs the command: a new file takes the owner and the group of
the settings file, and a file that replaces another one takes those of the old file. Where that cannot be done, nothing
is changed.
"""

import errno
import fcntl
import grp
import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from stat import S_IMODE

from handlers.cli.errors import UsageError

_SECRET = 0o600
_PUBLIC = 0o644
_FOLDER = 0o700


def already_there(path: Path) -> UsageError:
    """What to say of a file that exists."""
    return UsageError(f"{path} exists and is left as it is; name another file or move it away")


def write_new(path: Path, content: str | bytes, *, secret: bool, like: Path | None = None) -> None:
    """Create the file, mode 0600 or 0644, with the owner and the group of the file `like`.

    Without `like` it belongs to the caller, or, if the caller is root, to the owner of its folder where that can be.

    Raises:
        MisuseError: it exists, cannot be made, or cannot be given to the owner of `like`.
    """
    mode = _SECRET if secret else _PUBLIC
    owner = _owner(like) if like else None
    try:
        _write(
            path, content, mode, lambda new: _give(new, owner, mode) if owner else _offer(new, path.absolute().parent)
        )
    except FileExistsError as error:
        raise already_there(path) from error
    except OSError as error:
        raise _unwritable(path, error) from error


def make_folder(path: Path) -> None:
    """Make the folder, for its owner alone, and those above it that are missing. It may be there.

    What root makes belongs to the owner of the folder that was there.

    Raises:
        MisuseError: it cannot be made.
    """
    try:
        missing = [each for each in (path, *path.parents) if not each.exists()]
        path.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        message = f"{path} cannot be made: {error.strerror}"
        raise UsageError(message) from error
    for each in missing:  # The innermost first: as long as root owns the outer ones, nobody can replace the inner.
        with _opened(each) as descriptor:
            _offer(descriptor, missing[-1].absolute().parent)


def replace(path: Path, content: str, check: Callable[[Path], object] | None = None) -> None:
    """Put this content in the place of a file's, whole or not at all; the file's owner, group and mode stay.

    `check` is shown the new file before it takes the place of the old, and raises to keep the old.

    Raises:
        MisuseError: it cannot be written, its owner or group cannot be kept, or what `check` raises.
    """
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{token_hex(8)}")
    try:
        old = target.stat()
        _write(draft, content, _SECRET, lambda new: _make_like(new, old))
        if check:
            check(draft)
        draft.replace(target)
        _synchronise(target.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):
            draft.unlink()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Within it, no other command changes a file of the folder.

    Raises:
        MisuseError: another one does, or the folder cannot be opened.
    """
    with ExitStack() as stack:
        try:
            descriptor = stack.enter_context(_opened(folder))
        except OSError as error:
            message = f"{folder} cannot be opened: {error.strerror}"
            raise UsageError(message) from error
        _lock(descriptor, folder)
        yield


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        message = f"another command is changing files in {folder}; run this again when it has ended"
        raise UsageError(message) from error


def give(path: Path, like: Path) -> None:
    """Give a file to the owner and the group of another one.

    Raises:
        MisuseError: that cannot be done.
    """
    try:
        owner = like.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    except OSError as error:
        raise _unwritable(path, error) from error


def _owner(like: Path) -> os.stat_result:
    try:
        return like.stat()
    except OSError as error:
        message = f"{like} cannot be read: {error.strerror}"
        raise UsageError(message) from error


def _write(path: Path, content: str | bytes, mode: int, finish: Callable[[int], None]) -> None:
    """Create a file that is whole and on the disk when this returns, and is not there if it raises.

    `finish` is called with its descriptor when the content is written.
    """
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file, _or_nothing(path):
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        finish(file.fileno())
        os.fsync(file.fileno())


def _make_like(descriptor: int, old: os.stat_result) -> None:
    mode = S_IMODE(old.st_mode)
    _give(descriptor, old, mode)
    os.fchmod(descriptor, mode)


def _offer(descriptor: int, folder: Path) -> None:
    """What root makes in another user's folder belongs to that user. If the system forbids that, it stays root's."""
    if os.geteuid() == 0:
        owner = folder.stat()
        with suppress(OSError):
            os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _give(descriptor: int, owner: os.stat_result, mode: int) -> None:
    """Another group is good enough if the mode gives the group no more than all others."""
    try:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    except OSError as error:
        same_for_all = (mode >> 3) & 0o7 == mode & 0o7
        if owner.st_uid == os.fstat(descriptor).st_uid and same_for_all:
            return
        raise PermissionError(errno.EPERM, _not_given(owner)) from error


def _not_given(owner: os.stat_result) -> str:
    user, group = _user(owner.st_uid), _group(owner.st_gid)
    advice = f"run this as root, or as {user} in the group {group}"
    return f"it must belong to {user}:{group}, and you cannot give it to them; nothing is changed; {advice}"


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


@contextmanager
def _or_nothing(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _synchronise(folder: Path) -> None:
    with _opened(folder) as descriptor:
        os.fsync(descriptor)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be written: {error.strerror}")
