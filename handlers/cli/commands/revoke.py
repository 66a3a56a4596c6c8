"""`snap-token revoke`: tokens that are to open nothing any more."""

import sys
from collections.abc import Awaitable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from handlers.cli.errors import UsageError, place_of, settings_of
from handlers.cli.files.read_input import read_secret
from handlers.cli.files.server_user import server_user
from handlers.cli.shared_state import change
from handlers.config.settings import Settings
from handlers.server.process.assembly import system_clock, token_keys_of
from handlers.snap.token import LIFETIME, TokenRefusedError, revocation_seconds
from handlers.state.opening import StateUrl
from handlers.state.port import Engine

_REFUSED = 1


def revoke(
    *,
    config: Path,
    client: str | None = None,
    token_file: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
) -> int:
    """Revoke one token, or all of a client's issued up to now, at every instance that shares the state.

    It goes straight to the state engine of the settings, and works whether servers run or not. It takes a second:
    when it ends, the servers have taken it up. Run this as root or as the server's user. Exit status 1 if the token is
    none that opens anything.

    Example: snap-token revoke --config snap-token.toml --client YOUR-CLIENT-ID

    Args:
        config: The settings file.
        client: The id of the client whose tokens are revoked.
        token_file: A file that holds the token; - reads it from standard input.
    """
    if bool(client) == bool(token_file):
        message = "name one of --client and --token-file"
        raise UsageError(message)
    settings = settings_of(config)
    if settings.state.url.is_single_process:
        message = "state.url is memory://, which is inside the server's process and out of reach; ask the server itself"
        raise UsageError(message)
    now = system_clock()
    try:
        subject = _of_token(settings, token_file, now) if token_file else _of_client(settings, client or "", config)
    except TokenRefusedError as error:
        sys.stderr.write(f"snap-token: there is nothing to revoke: {error.reason}\n")
        return _REFUSED
    with server_user(config, settings):
        _revoke(settings.state.url, subject, now)
    sys.stdout.write(f"revoked {subject}\n")
    return 0


def _of_client(settings: Settings, client: str, config: Path) -> str:
    place_of(client, settings, config)
    return f"client:{client}"


def _of_token(settings: Settings, file: Path, now: datetime) -> str:
    return f"token:{token_keys_of(settings).verify(read_secret(file), now).fingerprint}"


def _revoke(url: StateUrl, subject: str, now: datetime) -> None:
    def write(state: Engine) -> Awaitable[None]:
        return state.revoke(subject, now, revocation_seconds(LIFETIME))

    def holds(revoked: Mapping[str, datetime]) -> bool:
        return subject in revoked and revoked[subject] >= now

    change.change(url, write, holds, "nothing is revoked")
