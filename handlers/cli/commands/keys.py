"""`snap-token keys`: the keys of the access tokens, and their rotation."""

import math
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from cryptography.fernet import Fernet
from cyclopts import App, Parameter

from handlers.cli.errors import UsageError, settings_of
from handlers.cli.files.atomic_write import held, replace
from handlers.config.token_key_file import KeyLine, TokenKeyFile
from handlers.config.token_key_note import MINTING, PUBLISHED, RETIRED, since
from handlers.config.token_key_rotation import Rotation, TooEarlyError, replaced, rotated, statuses
from handlers.server.process.assembly import system_clock
from handlers.snap.token import last_token_expired

HELP = """Rotate the keys of the access tokens. No key is ever printed: a key is named by its fingerprint.

Example: snap-token keys rotate --config snap-token.toml
"""

app = App(name="keys", help=HELP)


@app.command
def rotate(*, config: Path, now: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Rotate the token keys in two steps: the first call publishes a new key, the second lets it mint.

    Published, the new key opens tokens and mints none, so that every instance has read it before the first token of
    it is issued. The second call is refused until 10 seconds after the first. Running servers read the file again by
    themselves. A key that minted before opens its tokens until they have expired, and a later call drops it.

    Where several hosts have copies of the file: rotate on one host, copy the file to all, see that it has arrived
    everywhere, rotate on that same host again, and copy once more.

    If a key has leaked, there is one step, with --now: a new key mints at once, every other key is dropped, and all
    tokens issued before are dead.

    Example: snap-token keys rotate --config snap-token.toml

    Args:
        config: The settings file; the keys are in the file that its token.keys_file names.
        now: A key has leaked: replace them all.
    """
    file = settings_of(config).token.keys_file.path
    with held(file.parent):
        settings = settings_of(config)
        keys = settings.token.keys_file
        if now:
            rotation = replaced(keys.lines, Fernet.generate_key(), system_clock())
        else:
            rotation = _rotated(keys, timedelta(seconds=settings.token.lifetime_seconds))
        replace(file, TokenKeyFile(file, keys.comments, rotation.lines).text)
    sys.stdout.write(_told_of_a_leak(keys, rotation, file) if now else _told(rotation, file))


@app.command(name="list")
def list_(*, config: Path) -> None:
    """List the token keys: fingerprint, what each is there for, and since when.

    Example: snap-token keys list --config snap-token.toml

    Args:
        config: The settings file.
    """
    settings = settings_of(config)
    lines, lifetime = settings.token.keys_file.lines, timedelta(seconds=settings.token.lifetime_seconds)
    for line, part in zip(lines, statuses(lines), strict=True):
        sys.stdout.write(f"{line.fingerprint}  {_part_told(line, part, lifetime)}\n")


def _part_told(line: KeyLine, part: str, lifetime: timedelta) -> str:
    began = since(line.note, part)
    if began is None:
        return f"{part.split(maxsplit=1)[0]}, since when is not known"
    over = part == RETIRED and last_token_expired(began, system_clock(), lifetime)
    return f"{line.note}, opens nothing any more" if over else line.note


def _rotated(keys: TokenKeyFile, lifetime: timedelta) -> Rotation:
    try:
        return rotated(keys.lines, Fernet.generate_key(), system_clock(), lifetime)
    except TooEarlyError as error:
        seconds = math.ceil(error.wait.total_seconds())
        message = f"a key was published a moment ago; every instance has read it in {seconds} seconds: run this then"
        raise UsageError(message) from error


def _told(rotation: Rotation, file: Path) -> str:
    told = [f"dropped    {line.fingerprint}: its last token has expired" for line in rotation.dropped]
    if rotation.published:
        told.append(f"published  {rotation.published.fingerprint}: it opens tokens and mints none yet")
        told.append(f"next       copy {file} to the other hosts, if any; run this again in 10 seconds or later")
    if rotation.minting and rotation.retired:
        told.append(f"minting    {rotation.minting.fingerprint}")
        told.append(f"retired    {rotation.retired.fingerprint}: it opens its tokens until they have expired")
        told.append(f"next       copy {file} to the other hosts, if any; then all is done")
    return "\n".join([*told, ""])


_WHY_DROPPED = {
    MINTING: "it minted; now it opens nothing, and every token that it minted is dead",
    PUBLISHED: "it was published, in the same file",
    RETIRED: "it had retired, in the same file; its tokens are dead, too",
}
_AFTER_A_LEAK = """\
means      calls with a token of before are refused (401xx01) until NICEPAY has fetched a new one, as it does by itself
next       copy {} to the other hosts at once: until a host has read it,
           it takes tokens of the old keys, whoever made them, and refuses those of the new key
"""


def _told_of_a_leak(before: TokenKeyFile, rotation: Rotation, file: Path) -> str:
    told = [f"minting    {line.fingerprint}: a new key, from now on" for line in rotation.lines]
    old = zip(before.lines, statuses(before.lines), strict=True)
    told += [f"dropped    {line.fingerprint}: {_WHY_DROPPED[part]}" for line, part in old]
    return "\n".join([*told, _AFTER_A_LEAK.format(file)])
