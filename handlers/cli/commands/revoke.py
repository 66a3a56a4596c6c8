"""`snap-token revoke`: revoke tokens before they expire."""

import sys
from collections.abc import Awaitable
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from handlers.cli.errors import UsageError
from handlers.cli.files.audit_record import record_change
from handlers.cli.files.read_input import read_secret
from handlers.cli.files.server_user import acting_as_server_user
from handlers.cli.settings_file import client_index, load_settings
from handlers.cli.shared_state import change
from handlers.cli.shared_state.change import StateEntries
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
    """Revoke one token, or all tokens that a client has now, at every instance that shares the state store.

    The command writes to the state store of the settings, so it works even if no server runs. It waits one second, and
    then the servers refuse the tokens. Run it as root or as the server's user. Exit status 1 if the token is not valid,
    so that there is nothing to revoke.

    Example: snap-token revoke --config snap-token.toml --client YOUR-CLIENT-ID

    Args:
        config: The settings file.
        client: The ID of the client whose tokens are revoked.
        token_file: The file of the token. Use - for standard input.
    """
    if bool(client) == bool(token_file):
        message = "name the tokens with either --client or --token-file"
        raise UsageError(message)
    settings = load_settings(config)
    if settings.state.url.is_single_process:
        message = "state.url is memory://, which only the server can change; use POST /revoke of the server"
        raise UsageError(message)
    now = system_clock()
    try:
        subject = _of_token(settings, token_file, now) if token_file else _of_client(settings, client or "", config)
    except TokenRefusedError as error:
        sys.stderr.write(f"snap-token: there is nothing to revoke: {error.reason}\n")
        return _REFUSED
    with acting_as_server_user(settings):
        _revoke(settings.state.url, subject, now)
    kind, _, name = subject.partition(":")
    record_change(settings, "tokens.revoked", outcome="revoked", **{kind: name})
    sys.stdout.write(f"revoked {subject}\n")
    return 0


def _of_client(settings: Settings, client: str, config: Path) -> str:
    client_index(client, settings, config)
    return f"client:{client}"


def _of_token(settings: Settings, file: Path, now: datetime) -> str:
    return f"token:{token_keys_of(settings).verify(read_secret(file), now).fingerprint}"


def _revoke(url: StateUrl, subject: str, now: datetime) -> None:
    def write(state: Engine) -> Awaitable[None]:
        return state.revoke(subject, now, revocation_seconds(LIFETIME))

    def is_written(entries: StateEntries) -> bool:
        return subject in entries and entries[subject] >= now

    change.change(url, write, is_written, "nothing is revoked")
