"""`snap-token client`: the clients in the settings."""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from handlers.cli.commands.keygen import new_secret
from handlers.cli.errors import UsageError, settings_of
from handlers.cli.files.atomic_write import give, held, replace, write_new
from handlers.cli.files.edit_settings import with_client
from handlers.cli.files.server_user import file_of_server_user, owner_of
from handlers.cli.shared_state import change, suspension
from handlers.cli.shared_state.change import Held
from handlers.config.key_files import read_text
from handlers.config.settings import Settings
from handlers.config.tables import ClientTable
from handlers.snap.keys import fingerprint
from handlers.state.opening import StateUrl

HELP = """Add, suspend, resume and list clients. Comments in the settings stay; running servers take changes up.

Example: snap-token client list --config snap-token.toml
"""

Id = Annotated[str, Parameter(name="--id")]

app = App(name="client", help=HELP)


@app.command
def add(
    *,
    config: Path,
    client: Id,
    public_key: Annotated[list[Path], Parameter(consume_multiple=True, negative=())],
    partner_id: str | None = None,
    symmetric: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Add a client to the settings, make its secret, and print what to hand over to NICEPAY.

    This is the one command that prints a secret: it goes to standard output once, and to a new file beside the
    settings, which belongs to the owner of the settings and is readable by that user alone. The settings are checked
    before they replace the old.

    Example: snap-token client add --config snap-token.toml --id YOUR-CLIENT-ID --public-key nicepay.pem

    Args:
        config: The settings file.
        client: What NICEPAY will send as X-CLIENT-KEY: 1 to 36 visible ASCII characters.
        public_key: Files of NICEPAY's public keys, up to four.
        partner_id: What NICEPAY will send as X-PARTNER-ID, unless it is the client id.
        symmetric: Its calls are signed with the secret (HMAC-SHA512), not with its private key.
    """
    secret, secret_file = new_secret(), config.parent / _file_name(client)
    table = {
        "id": client,
        "public_keys": [_as_written(file, config) for file in public_key],
        **({"partner_id": partner_id} if partner_id else {}),
        **({"call_signature": "symmetric"} if symmetric else {}),
        "client_secret_file": secret_file.name,
    }
    with held(config.parent):
        text = with_client(config, table)
        write_new(secret_file, f"{secret}\n", secret=True, like=config)
        try:
            replace(config, text, lambda draft: _hand_over(secret_file, public_key, config, settings_of(config, draft)))
        except BaseException:
            secret_file.unlink()
            raise
        keys = _fingerprints(settings_of(config).clients[-1])
    sys.stdout.write(_HANDED_OVER.format(client=client, secret=secret, file=secret_file, keys="\n".join(keys)))


_HANDED_OVER = """\
Client ID      {client}
Client secret  {secret}

Hand both over to NICEPAY in a way that nobody else can read. The secret stays in {file}
and is not printed again.

Compare with NICEPAY, by telephone for example, the SHA-256 fingerprint of each public key:
{keys}
"""


@app.command
def suspend(*, config: Path, client: Id) -> None:
    """Suspend a client: it gets no token, and its calls are refused, until it is resumed.

    This is written to the state, so that every instance that shares it refuses the client when this command ends,
    one second later. It is also written to the settings file, which stays if the state is lost.

    Example: snap-token client suspend --config snap-token.toml --id YOUR-CLIENT-ID

    Args:
        config: The settings file.
        client: Its id.
    """
    sys.stdout.write(suspension.suspend(config, client))


@app.command
def resume(*, config: Path, client: Id) -> None:
    """Resume a client that was suspended, in the state and in the settings file.

    An instance that has a settings file of its own, with suspended = true in it, still refuses the client.

    Example: snap-token client resume --config snap-token.toml --id YOUR-CLIENT-ID

    Args:
        config: The settings file.
        client: Its id.
    """
    sys.stdout.write(suspension.resume(config, client))


@app.command(name="list")
def list_(*, config: Path) -> None:
    """List the clients: id, partner id, form of the calls' signature, keys, tolerance, and whether it is suspended.

    Under each client stands the SHA-256 fingerprint of each of its public keys, to compare with NICEPAY. A client may
    be suspended in the settings file or in the state. Exit status 2 if the state does not answer.

    Example: snap-token client list --config snap-token.toml

    Args:
        config: The settings file.
    """
    settings = settings_of(config)
    state, mistakes = _read(settings.state.url)
    rows = [("id", "partner id", "signature", "keys", "tolerance", "suspended")]
    rows += [_row(client, state) for client in settings.clients]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    keys = [[], *map(_fingerprints, settings.clients)]
    for row, below in zip(rows, keys, strict=True):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("\n".join(["  ".join(cells).rstrip(), *below, ""]))
    if mistakes:
        raise UsageError(*mistakes)


def _fingerprints(client: ClientTable) -> list[str]:
    """A line for each public key: SHA-256 of the SubjectPublicKeyInfo in DER, and its size."""
    return [f"  {fingerprint(key)}  {key.key_size} bits" for key in client.public_keys]


def _read(url: StateUrl) -> tuple[Held | None, tuple[str, ...]]:
    try:
        return change.read(url), ()
    except UsageError as error:
        return None, error.mistakes


def _row(client: ClientTable, state: Held | None) -> tuple[str, str, str, str, str, str]:
    bits = ", ".join(str(key.key_size) for key in client.public_keys)
    keys = f"{len(client.public_keys)} of {bits} bits"
    suspended = suspension.told(client, state)
    return client.id, client.partner_id, client.call_signature, keys, f"{client.clock_tolerance_seconds} s", suspended


def _file_name(client: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", client) + ".secret"


def _as_written(file: Path, config: Path) -> str:
    """A path as the settings have it: relative to them if the file is below them."""
    folder = config.absolute().parent
    return str(file.absolute().relative_to(folder) if file.absolute().is_relative_to(folder) else file.absolute())


def _hand_over(secret_file: Path, public_keys: Sequence[Path], config: Path, settings: Settings) -> None:
    """Give the secret to the server's user, if that is not the owner of the settings.

    Raises:
        MisuseError: that cannot be done, or the server's user cannot read a public key.
    """
    file = file_of_server_user(config, settings)
    if file != config:
        give(secret_file, file)
    with owner_of(file):
        mistakes = [mistake for key in public_keys for mistake in _unreadable(key)]
    if mistakes:
        raise UsageError(*mistakes)


def _unreadable(public_key: Path) -> Iterator[str]:
    try:
        read_text(public_key.absolute())
    except (ValueError, TimeoutError) as error:
        yield f"{error}, by the server's user; put a copy that this user can read beside the settings, and name that"
