"""The files of a server that runs as a service: where they are, to whom they belong, and the first settings."""

import os
import pwd
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from handlers.cli.commands import keygen
from handlers.cli.errors import UsageError
from handlers.cli.files.atomic_write import exists_error, write_new

CONFIG = Path("etc/snap-token")
STATE = Path("var/lib/snap-token")
SETTINGS_FILE = CONFIG / "snap-token.toml"

SETTINGS = """\
# The settings of the service, created by `snap-token init --system`. Paths are relative to this file.
[server]
host = "127.0.0.1"                    # nginx or another proxy with TLS 1.3 stands in front
port = 8080
base_path = "/api/v1.0"
trusted_proxies = ["127.0.0.1"]       # whose X-Forwarded-For is believed
workers = 1                           # or a number, or "auto": one process for each CPU

[token]
keys_file = "keys/token.keys"         # `snap-token keys rotate` changes it
lifetime_seconds = 900

[state]
url = "sqlite:////var/lib/snap-token/state.db"

[audit]
dir = "/var/lib/snap-token/audit"
key_file = "keys/audit.key"

[internal]                            # decides on calls; only the proxy and your own systems reach it
host = "127.0.0.1"
port = 9080
accel_redirect = "@merchant"          # the location in nginx.conf that delivers a genuine call

# One table for each of your paths that an acquirer calls:
# [[services]]
# path = "/api/v1.0/transfer-va/inquiry"
# service_code = "24"

# `snap-token client add` adds the clients below.
"""

_SHARED_FOLDER = 0o750
_OWN_FOLDER = 0o700
_SHARED_FILE = 0o640


def lay_out(root: Path, user: str) -> list[str]:
    """Create the folders, the settings, a token key and a key of the audit trail below `root`.

    Root gives them to the user of the service. Return a line for each file and folder.

    Raises:
        UsageError: the files exist, cannot be created, or the user does not exist.
    """
    for existing in (root / CONFIG, root / STATE):
        if os.path.lexists(existing):
            raise exists_error(existing)
    owner = _owner(user) if os.geteuid() == 0 else None
    shared = (0, owner[1]) if owner else None
    try:
        with ExitStack() as undo:  # An attempt that fails leaves nothing, because the next one must find nothing.
            for folder, mode, its_owner in (
                (root / STATE, _OWN_FOLDER, owner),
                (root / STATE / "audit", _OWN_FOLDER, owner),
                (root / CONFIG, _SHARED_FOLDER, shared),
                (root / CONFIG / "keys", _SHARED_FOLDER, shared),
            ):
                _folder(folder, mode, its_owner)
                undo.callback(rmtree, folder, ignore_errors=True)
            _write_files(root)
            undo.pop_all()
    except OSError as error:
        message = f"{error.filename} cannot be created: {error.strerror}; run this as root, or name a folder: --root"
        raise UsageError(message) from error
    return [_line(each) for folder in (root / CONFIG, root / STATE) for each in (folder, *sorted(folder.rglob("*")))]


def _write_files(root: Path) -> None:
    keys, like = root / CONFIG / "keys", root / STATE  # Keys belong to the user of the service, as the state does.
    keygen.make_token_key(keys / "token.keys", like)
    keygen.write_pair(keys / "audit.key", keys / "audit.key.pub", Ed25519PrivateKey.generate(), like)
    settings = root / SETTINGS_FILE
    write_new(settings, SETTINGS, secret=True, like=root / CONFIG)  # Root owns it, and the service only reads it.
    settings.chmod(_SHARED_FILE)


def _owner(user: str) -> tuple[int, int]:
    try:
        entry = pwd.getpwnam(user)
    except KeyError as error:
        message = f"there is no user {user}; run: useradd --system --user-group --shell /usr/sbin/nologin {user}"
        raise UsageError(message) from error
    return entry.pw_uid, entry.pw_gid


def _folder(path: Path, mode: int, owner: tuple[int, int] | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir()
    if owner:
        os.chown(path, *owner)
    path.chmod(mode)


def _line(path: Path) -> str:
    status = path.stat()
    kind = "/" if path.is_dir() else ""
    return f"{status.st_mode & 0o777:04o}  {_name(status.st_uid)}  {path}{kind}"


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
