"""`snap-token keys`: list and rotate the token keys."""

import math
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from cryptography.fernet import Fernet
from cyclopts import App, Parameter

from handlers.cli.errors import UsageError
from handlers.cli.files.atomic_write import locked, replace
from handlers.cli.files.audit_record import record_change
from handlers.cli.settings_file import load_settings
from handlers.config.token_key_file import KeyLine, TokenKeyFile
from handlers.config.token_key_note import MINTING, PUBLISHED, RETIRED, since
from handlers.config.token_key_rotation import Rotation, TooEarlyError, replaced, rotated, statuses
from handlers.server.process.assembly import system_clock
from handlers.snap.token import last_token_expired

HELP = """List and rotate the keys of the access tokens. A key is never printed, only its fingerprint.

Example: snap-token keys rotate --config snap-token.toml
"""

app = App(name="keys", help=HELP)


@app.command
def rotate(*, config: Path, now: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Rotate the token keys in two steps: the first run publishes a new key, the second run starts to use it.

    The servers accept tokens of a published key, but issue none with it yet. So every instance has read the key before
    the first token of this key exists. The second step is refused for the first 10 seconds after the first step.
    Running servers read the file again by themselves. The servers accept the tokens of the old key until they have
    expired, and a later rotation drops the key.

    If several hosts have copies of the file, rotate on one host and copy the file to all others. When every host has
    the copy, rotate on the first host again, and copy the file once more.

    If a key has leaked, use --now. This is one step: the servers issue tokens with a new key at once, all other keys
    are dropped, and all tokens issued before are refused.

    Example: snap-token keys rotate --config snap-token.toml

    Args:
        config: The settings file. The keys are in the file that token.keys_file names.
        now: Replace all keys at once, because a key has leaked.
    """
    file = load_settings(config).token.keys_file.path
    with locked(file.parent):
        settings = load_settings(config)
        keys = settings.token.keys_file
        if now:
            rotation = replaced(keys.lines, Fernet.generate_key(), system_clock())
        else:
            rotation = _rotated(keys, timedelta(seconds=settings.token.lifetime_seconds))
        replace(file, TokenKeyFile(file, keys.comments, rotation.lines).text)
    record_change(settings, "keys.rotated", **_fingerprints(rotation))
    sys.stdout.write(_replacement_text(keys, rotation, file) if now else _rotation_text(rotation, file))


@app.command(name="list")
def list_(*, config: Path) -> None:
    """List the token keys: the fingerprint of each key, its status (minting, published or retired), and since when.

    Example: snap-token keys list --config snap-token.toml

    Args:
        config: The settings file.
    """
    settings = load_settings(config)
    lines, lifetime = settings.token.keys_file.lines, timedelta(seconds=settings.token.lifetime_seconds)
    for line, status in zip(lines, statuses(lines), strict=True):
        sys.stdout.write(f"{line.fingerprint}  {_status_text(line, status, lifetime)}\n")


def _status_text(line: KeyLine, status: str, lifetime: timedelta) -> str:
    began = since(line.note, status)
    if began is None:
        return f"{status.split(maxsplit=1)[0]}, start time not known"
    over = status == RETIRED and last_token_expired(began, system_clock(), lifetime)
    return f"{line.note}, its tokens have expired" if over else line.note


def _rotated(keys: TokenKeyFile, lifetime: timedelta) -> Rotation:
    try:
        return rotated(keys.lines, Fernet.generate_key(), system_clock(), lifetime)
    except TooEarlyError as error:
        seconds = math.ceil(error.wait.total_seconds())
        message = f"not every instance has read the published key yet; run this again in {seconds} seconds"
        raise UsageError(message) from error


def _rotation_text(rotation: Rotation, file: Path) -> str:
    lines = [f"dropped    {line.fingerprint}: its last token has expired" for line in rotation.dropped]
    if rotation.published:
        lines.append(f"published  {rotation.published.fingerprint}: no token is issued with it yet")
        lines.append(f"next       copy {file} to the other hosts, if any; run this again in 10 seconds or later")
    if rotation.minting and rotation.retired:
        lines.append(f"minting    {rotation.minting.fingerprint}")
        lines.append(f"retired    {rotation.retired.fingerprint}: its tokens are accepted until they have expired")
        lines.append(f"next       copy {file} to the other hosts, if any; then the rotation is complete")
    return "\n".join([*lines, ""])


def _fingerprints(rotation: Rotation) -> Mapping[str, object]:
    """The keys after the rotation, and those that it dropped, by their fingerprints."""
    kept = {"published": rotation.published, "retired": rotation.retired}
    named = {status: line.fingerprint for status, line in kept.items() if line}
    dropped = [line.fingerprint for line in rotation.dropped]
    return {"minting": rotation.lines[0].fingerprint, **named, "dropped": dropped}


_WHY_DROPPED = {
    MINTING: "it was minting; all of its tokens are refused",
    PUBLISHED: "it was published, in the same file",
    RETIRED: "it was retired, in the same file; all of its tokens are refused",
}
_AFTER_A_LEAK = """\
means      calls with an older token are refused (401xx01) until NICEPAY requests a new token, which it does by itself
next       copy {} to the other hosts at once: until a host has read the new file, it accepts
           tokens of the old keys, forged ones too, and refuses tokens of the new key
"""


def _replacement_text(before: TokenKeyFile, rotation: Rotation, file: Path) -> str:
    lines = [f"minting    {line.fingerprint}: the new key" for line in rotation.lines]
    old = zip(before.lines, statuses(before.lines), strict=True)
    lines += [f"dropped    {line.fingerprint}: {_WHY_DROPPED[status]}" for line, status in old]
    return "\n".join([*lines, _AFTER_A_LEAK.format(file)])
