"""Who can change the files that the settings name, and who can use the state file."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shlex import quote
from stat import S_IWGRP, S_IWOTH

from handlers.cli.files.server_user import server_user_file
from handlers.cli.self_check.finding import Finding, error, findings_or, from_message, good, warning
from handlers.config.listeners import listeners_of
from handlers.config.regular_files import read_regular_file
from handlers.config.secret_access import FileAccess
from handlers.config.settings import Settings
from handlers.snap.keys import is_inline
from handlers.state.sqlite.paths import companions

_ROOT = 0
_PRIVATE_KEY = b"PRIVATE KEY-----"


def check_modes(settings: Settings) -> list[Finding]:
    """Who can use the files of the settings.

    The settings are refused if others can access token keys, secrets or the key of the audit trail, so these need no
    check here. A private key in `state.url` does. A user who can change a public key can sign as that client.
    """
    public = dict.fromkeys((settings.file, *_public_key_files(settings), *_other_files(settings)))
    findings = [finding for file in public for finding in _changeable(file)]
    with suppress(FileNotFoundError):  # A server that stops meanwhile removes the files beside its state file.
        findings += [finding for file in _state_files(settings) for finding in _accessible(file, settings)]
    text = f"nobody else can change the files of the settings ({len(public)}), or use keys, secrets and state"
    return findings_or(findings, good("files.modes", text))


def _public_key_files(settings: Settings) -> Iterator[Path]:
    folder = settings.file.absolute().parent
    for client in settings.written["clients"]:
        for key in (*client["public_keys"], *client.get("notification_keys", ())):
            if not is_inline(key):
                yield folder / key


def _other_files(settings: Settings) -> Iterator[Path]:
    """The members of refusals, the certificates of the listeners, and the certificates and keys of `state.url`."""
    folder = settings.file.absolute().parent
    names = (table.get("refusal_members_file") for table in settings.written.get("services", ()))
    yield from (folder / name for name in names if name)
    yield from (table.tls.chain.path for table in listeners_of(settings).values() if table.tls)
    yield from settings.state.url.files


def _state_files(settings: Settings) -> list[Path]:
    """The SQLite file and the files beside it, as far as they exist."""
    file = settings.state.url.file
    return [each for each in (file, *companions(file)) if each.exists()] if file else []


def _changeable(file: Path) -> Iterator[Finding]:
    read = read_regular_file(file)
    access = read.access
    if access is None:
        yield error("files.modes", f"{file} cannot be read", "make it readable for the server's user")
    elif access.open_folder or _PRIVATE_KEY in read.content:
        yield from _mistake(file, access)
    elif access.mode & S_IWOTH and not access.mount_is_read_only:
        yield error("files.modes", f"every user can change {file}", f"run: chmod o-w {quote(str(file))}")
    elif access.mode & S_IWGRP and not access.mount_is_read_only:
        yield warning("files.modes", f"its group can change {file}", f"run: chmod g-w {quote(str(file))}")


def _accessible(file: Path, settings: Settings) -> Iterator[Finding]:
    access = _access(file)
    yield from _mistake(file, access)
    user = os.geteuid() or server_user_file(settings.file).stat().st_uid
    if user not in {_ROOT, access.uid}:
        advice = f"run as root: chown {user} {quote(str(file))}"
        yield error("files.modes", f"{file} belongs to user {access.uid}, and the server's user is {user}", advice)


def _access(file: Path) -> FileAccess:
    """Look at the file without opening it. It may be larger than the files that `read_regular_file` reads."""
    descriptor = os.open(file, os.O_PATH | os.O_CLOEXEC)
    try:
        return FileAccess.of(file, descriptor)
    finally:
        os.close(descriptor)


def _mistake(file: Path, access: FileAccess) -> Iterator[Finding]:
    if mistake := access.mistake(file):
        yield from_message("error", "files.modes", mistake)
