"""Create and replace files. No file is overwritten by mistake or written in part, and only the owner reads a secret.

The server's user must be able to read the files, even if root runs the command. So a new file can get the owner and
the group of another file, and a file that replaces an old one gets the owner and the group of the old one. If that is
not possible, nothing is changed.
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


def exists_error(path: Path) -> UsageError:
    """The error for a file that must not exist."""
    return UsageError(f"{path} exists and is left as it is; name another file or move it away")


def write_new(path: Path, content: str | bytes, *, secret: bool, like: Path | None = None) -> None:
    """Create the file with the owner and the group of the file `like`. Its mode is 0600 if it is secret, else 0644.

    Without `like`, the file belongs to the user of this process. If root runs this, the file belongs to the owner of
    its folder, as far as the file system allows.

    Raises:
        UsageError: the file exists, cannot be created, or cannot be given to the owner of `like`.
    """
    mode = _SECRET if secret else _PUBLIC
    owner = _owner(like) if like else None
    try:
        _write(path, content, mode, lambda new: _set_owner(new, owner, mode) if owner else _set_folder_owner(new, path))
    except FileExistsError as error:
        raise exists_error(path) from error
    except OSError as error:
        raise _write_error(path, error) from error


def make_folder(path: Path) -> None:
    """Create the folder, mode 0700, and its missing parents. The folder may exist already.

    If root runs this, the new folders belong to the owner of the folder that holds them.

    Raises:
        UsageError: a folder cannot be created.
    """
    try:
        missing = [each for each in (path, *path.parents) if not each.exists()]
        path.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        message = f"{path} cannot be created: {error.strerror}"
        raise UsageError(message) from error
    for each in missing:  # The innermost first: while root owns the outer folders, nobody can replace the inner ones.
        with _open_folder(each) as descriptor:
            _set_folder_owner(descriptor, missing[-1])


def replace(path: Path, content: str, check: Callable[[Path], object] | None = None) -> None:
    """Replace the content of a file atomically. The file keeps its owner, group and mode.

    `check` gets the path of the new file before the old one is replaced. If it raises, the old file stays.

    Raises:
        UsageError: the file cannot be written, or its owner or group cannot be kept. `check` may raise other errors.
    """
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{token_hex(8)}")
    try:
        old = target.stat()
        _write(draft, content, _SECRET, lambda new: _copy_owner_and_mode(new, old))
        if check:
            check(draft)
        draft.replace(target)
        _sync(target.parent)
    except OSError as error:
        raise _write_error(path, error) from error
    finally:
        with suppress(OSError):
            draft.unlink()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """In this block no other command changes a file in the folder.

    Raises:
        UsageError: another command is changing files in the folder, or the folder cannot be opened.
    """
    with ExitStack() as stack:
        try:
            descriptor = stack.enter_context(_open_folder(folder))
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


def _owner(like: Path) -> os.stat_result:
    try:
        return like.stat()
    except OSError as error:
        message = f"{like} cannot be read: {error.strerror}"
        raise UsageError(message) from error


def _write(path: Path, content: str | bytes, mode: int, finish: Callable[[int], None]) -> None:
    """Create a file. On return the whole file is on the disk. After an error the file does not exist.

    `finish` is called with the file descriptor after the content is written.
    """
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file, _removed_on_error(path):
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        finish(file.fileno())
        os.fsync(file.fileno())


def _copy_owner_and_mode(descriptor: int, old: os.stat_result) -> None:
    mode = S_IMODE(old.st_mode)
    _set_owner(descriptor, old, mode)
    os.fchmod(descriptor, mode)


def _set_folder_owner(descriptor: int, path: Path) -> None:
    """If root runs this, give the file to the owner of its folder, as far as the file system allows."""
    if os.geteuid() == 0:
        owner = path.absolute().parent.stat()
        with suppress(OSError):
            os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _set_owner(descriptor: int, owner: os.stat_result, mode: int) -> None:
    """Set owner and group. The group may stay another one if the mode gives the group no more than all others."""
    try:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    except OSError as error:
        same_for_all = (mode >> 3) & 0o7 == mode & 0o7
        if owner.st_uid == os.fstat(descriptor).st_uid and same_for_all:
            return
        raise PermissionError(errno.EPERM, _owner_message(owner)) from error


def _owner_message(owner: os.stat_result) -> str:
    user, group = _user(owner.st_uid), _group(owner.st_gid)
    advice = f"run this as root, or as {user} in the group {group}"
    return f"it must belong to {user}:{group}, and you cannot change its owner; nothing is changed; {advice}"


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
def _removed_on_error(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    with _open_folder(folder) as descriptor:
        os.fsync(descriptor)


@contextmanager
def _open_folder(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write_error(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be written: {error.strerror}")
