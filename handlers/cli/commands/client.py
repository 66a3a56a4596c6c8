"""`snap-token client`: the clients in the settings."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from handlers.cli.commands.keygen import new_secret
from handlers.cli.errors import UsageError
from handlers.cli.files.atomic_write import locked, replace, write_new
from handlers.cli.files.audit_record import record_change
from handlers.cli.files.edit_settings import with_client
from handlers.cli.files.server_user import acting_as_owner, server_user_file
from handlers.cli.preset_output import preset_text
from handlers.cli.settings_file import load_settings
from handlers.cli.shared_state import change, suspension
from handlers.cli.shared_state.change import StateEntries
from handlers.config.file_content import read_bytes
from handlers.config.presets import presets
from handlers.config.settings import Settings
from handlers.config.tables import ClientTable
from handlers.snap.keys import fingerprint
from handlers.state.opening import StateUrl

HELP = """Add, suspend, resume and list clients. Comments in the settings file stay. Running servers apply the changes.

Example: snap-token client list --config snap-token.toml

Example: snap-token client add --config snap-token.toml --id YOUR-CLIENT-ID --public-key bca.pem --preset bca
"""

Id = Annotated[str, Parameter(name="--id")]

app = App(name="client", help=HELP)


@app.command
def add(  # noqa: PLR0913  a command's options
    *,
    config: Path,
    client: Id,
    public_key: Annotated[list[Path], Parameter(consume_multiple=True, negative=())],
    notification_key: Annotated[list[Path] | None, Parameter(consume_multiple=True, negative=())] = None,
    partner_id: Annotated[list[str] | None, Parameter(consume_multiple=True, negative=())] = None,
    preset: str | None = None,
    symmetric: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Add a client to the settings, create its secret, and print what to send to NICEPAY or another acquirer.

    This is the only command that prints a secret. It prints the secret once, and writes it to a new file beside the
    settings file. Only the server's user can read that file. The command checks the new settings before they replace
    the old ones. It refuses a key file that the server's user cannot read.

    With a preset, the command also prints what the preset sets, with source and confidence, and the services that the
    acquirer calls, to copy into the settings.

    Example: snap-token client add --config snap-token.toml --id YOUR-CLIENT-ID --public-key nicepay.pem

    Example: snap-token client add --config snap-token.toml --id YOUR-CLIENT-ID --public-key bca.pem --preset bca

    Args:
        config: The settings file.
        client: The client ID, which the acquirer will send as X-CLIENT-KEY. It has 1 to 36 visible ASCII characters.
        public_key: One to four files, each with a public key of the acquirer.
        notification_key: Up to four files, each with a public key that verifies the acquirer's notifications.
        partner_id: The partner IDs, one of which the acquirer will send as X-PARTNER-ID. Default: the client ID.
        preset: The name of an acquirer, such as bca. It fills the settings that differ between acquirers.
        symmetric: The acquirer will sign its calls with the client secret (HMAC-SHA512), not with its private key.
    """
    secret, secret_file = new_secret(), config.parent / _file_name(client)
    notification_files, partner_ids = notification_key or [], partner_id or []
    table = _table(
        preset=preset,
        id=client,
        public_keys=[_settings_path(file, config) for file in public_key],
        notification_keys=[_settings_path(file, config) for file in notification_files],
        partner_id=partner_ids[0] if len(partner_ids) == 1 else partner_ids,
        call_signature="symmetric" if symmetric else None,
        client_secret_file=secret_file.name,
    )
    settings = _add_table(config, table, secret_file, secret, [*public_key, *notification_files])
    sys.stdout.write(_added_text(settings.clients[-1], table, secret, secret_file))
    _record_added(settings)


def _table(**given: object) -> Mapping[str, object]:
    """The values that the settings file gets of the new client."""
    return {key: value for key, value in given.items() if value not in (None, [])}


def _record_added(settings: Settings) -> None:
    """Record the newest client in the audit trail."""
    added = settings.clients[-1]
    keys = [fingerprint(key) for key in added.public_keys]
    notification_keys = [fingerprint(key) for key in added.notification_keys]
    record_change(settings, "client.added", client=added.id, keys=keys, notification_keys=notification_keys)


_TO_SEND = """\
Client ID      {client}
Client secret  {secret}

Send both to {acquirer} over a channel that nobody else can read. The secret stays in {file}
and is not printed again.

Compare the SHA-256 fingerprint of each public key with {acquirer}, for example by telephone:
{keys}
"""


def _added_text(client: ClientTable, table: Mapping[str, object], secret: str, secret_file: Path) -> str:
    """What to send to the acquirer, and what its preset sets. `table` is what the settings file has of the client."""
    preset = presets().get(client.preset or "")
    acquirer = preset.acquirer.partition(":")[0] if preset else "NICEPAY"
    keys = "\n".join(_fingerprints(client))
    text = _TO_SEND.format(client=client.id, secret=secret, file=secret_file, keys=keys, acquirer=acquirer)
    return text + preset_text(client.preset or "", preset, table) if preset else text


def _add_table(
    config: Path, table: Mapping[str, object], secret_file: Path, secret: str, keys: Sequence[Path]
) -> Settings:
    """Write the secret and the settings. Return the new settings."""
    with locked(config.parent):
        text = with_client(config, table)
        of_server = server_user_file(config)

        def check(draft: Path) -> None:
            load_settings(config, draft)
            with acting_as_owner(of_server):
                _require_readable(keys)

        write_new(secret_file, f"{secret}\n", secret=True, like=of_server)
        try:
            replace(config, text, check)
        except BaseException:
            secret_file.unlink()
            raise
        return load_settings(config)


@app.command
def suspend(*, config: Path, client: Id) -> None:
    """Suspend a client. The servers issue no token to it and refuse its calls, until it is resumed.

    The command writes the suspension to the state store. It waits one second, and then every instance that shares the
    state store refuses the client. The command also writes the suspension to the settings file, so that it remains if
    the state store is lost.

    Example: snap-token client suspend --config snap-token.toml --id YOUR-CLIENT-ID

    Args:
        config: The settings file.
        client: The client ID.
    """
    sys.stdout.write(suspension.suspend(config, client))


@app.command
def resume(*, config: Path, client: Id) -> None:
    """Resume a suspended client, in the state store and in the settings file.

    An instance that has its own settings file still refuses the client if that file says suspended = true.

    Example: snap-token client resume --config snap-token.toml --id YOUR-CLIENT-ID

    Args:
        config: The settings file.
        client: The client ID.
    """
    sys.stdout.write(suspension.resume(config, client))


@app.command(name="list")
def list_(*, config: Path) -> None:
    """List the clients: ID, partner ID, signature form of calls, keys, clock tolerance, and whether it is suspended.

    Below each client is the SHA-256 fingerprint of each of its public keys, to compare with NICEPAY. A client may be
    suspended in the settings file, in the state store, or in both. Exit status 2 if the state store does not answer.

    Example: snap-token client list --config snap-token.toml

    Args:
        config: The settings file.
    """
    settings = load_settings(config)
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
    """One line per public key: the SHA-256 of its SubjectPublicKeyInfo in DER, and its size in bits."""
    calls = [f"  {fingerprint(key)}  {key.key_size} bits" for key in client.public_keys]
    return calls + [f"  {fingerprint(key)}  {key.key_size} bits, notifications" for key in client.notification_keys]


def _read(url: StateUrl) -> tuple[StateEntries | None, tuple[str, ...]]:
    try:
        return change.read(url), ()
    except UsageError as error:
        return None, error.mistakes


def _row(client: ClientTable, state: StateEntries | None) -> tuple[str, str, str, str, str, str]:
    bits = ", ".join(str(key.key_size) for key in client.public_keys)
    keys = f"{len(client.public_keys)} of {bits} bits"
    suspended = suspension.summary(client, state)
    partner_ids = ", ".join(client.partner_ids)
    return client.id, partner_ids, client.call_signature, keys, f"{client.clock_tolerance_seconds} s", suspended


def _file_name(client: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", client) + ".secret"


def _settings_path(file: Path, config: Path) -> str:
    """The path for the settings. It is relative if the file is in the folder of the settings or below it."""
    folder = config.absolute().parent
    return str(file.absolute().relative_to(folder) if file.absolute().is_relative_to(folder) else file.absolute())


def _require_readable(keys: Sequence[Path]) -> None:
    mistakes = [mistake for key in keys for mistake in _unreadable(key)]
    if mistakes:
        raise UsageError(*mistakes)


def _unreadable(key: Path) -> Iterator[str]:
    try:
        read_bytes(key.absolute())
    except (ValueError, TimeoutError) as error:
        advice = "put a copy that this user can read beside the settings file, and name the copy"
        yield f"{error}, by the server's user; {advice}"
