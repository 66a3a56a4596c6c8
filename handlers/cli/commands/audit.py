"""`snap-token audit`: verify and read the audit trail, and create the key that signs it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cyclopts import App, Parameter
from pydantic import BaseModel, Field, ValidationError

from handlers.audit import checkpoint
from handlers.audit.public_keys import PublicKeys, parse_public_key
from handlers.audit.reading import StoredFile, stored_files
from handlers.audit.verification import KnownLine, Verification
from handlers.cli.audit_output import Format, summary_json, summary_text, trust_text, write_lines
from handlers.cli.audit_question import Question
from handlers.cli.commands.keygen import like_server, write_pair
from handlers.cli.errors import UsageError
from handlers.cli.files.read_input import read_key
from handlers.cli.settings_file import load_settings

HELP = """Verify and read the audit trail, and create the key that signs it.

Example: snap-token audit verify audit --public-key audit.key.pub
"""

_BROKEN = 1

app = App(name="audit", help=HELP)

PublicKeyFiles = Annotated[list[Path] | None, Parameter(negative=())]
_EVERYTHING = Question()


@app.command
def verify(
    folder: Path,
    /,
    *,
    public_key: PublicKeyFiles = None,
    earlier: Path | None = None,
    part: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Verify an audit trail, and name the first line that was altered, removed, inserted or moved.

    The command needs only the files of the trail and the public key: no settings and no server. The folder may be a
    copy from object storage. Files may be compressed or not. Without --public-key the command cannot see that somebody
    computed the whole chain anew. Without --earlier it cannot see that somebody cut off the end of the trail.

    Exit status 0 if the trail is whole, 1 if it is broken.

    Example: snap-token audit verify audit --public-key audit.key.pub

    Args:
        folder: The folder with the files of the trail.
        public_key: A file with a public key whose signatures count. If the key was replaced, repeat this option for
            each key.
        earlier: The output of an earlier `verify --json`, which you kept elsewhere. The trail must still have the last
            line that it names.
        part: Accept that the first files of the trail are not in this folder.
        json: Print the result as JSON.
    """
    known = _known_line(earlier) if earlier else None
    verification = Verification(PublicKeys.of(map(_public_key, public_key or [])), part=part, known=known)
    with _reading(folder) as files:
        verification.run(files)
    sys.stdout.write(summary_json(files, verification) if json else summary_text(files, verification))
    return _BROKEN if verification.fault else 0


@app.command
def show(  # noqa: PLR0913  a command's options
    folder: Path | None = None,
    /,
    *,
    config: Path | None = None,
    public_key: PublicKeyFiles = None,
    question: Question = _EVERYTHING,
    part: Annotated[bool, Parameter(negative=())] = False,
    format: Format = "table",  # noqa: A002  the name of the option
) -> int:
    """Show the lines of an audit trail: who was given what, and when.

    A line is shown if it matches all options. An option that is given several times matches any of its values. The
    command also verifies the whole trail, and says on standard error if the trail is broken, or if no signature was
    verified.

    Exit status 0 if the trail is whole, 1 if it is broken.

    Example: snap-token audit show --config snap-token.toml --client YOUR-CLIENT-ID --from 2026-01-22

    Args:
        folder: The folder with the files of the trail.
        config: The settings file, in place of the folder. It names the folder and the key.
        public_key: A file with a public key whose signatures count. If the key was replaced, repeat this option for
            each key.
        question: Which lines are shown.
        part: Accept that the first files of the trail are not in this folder.
        format: A table with Jakarta time, or JSON or CSV with UTC and all members.
    """
    source, keys = _source(folder, config)
    verification = Verification(PublicKeys.of([*keys, *map(_public_key, public_key or [])]), part=part)
    selection = question.selection()
    with _reading(source) as files:
        write_lines(filter(selection.matches, verification.read(files)), format)
    sys.stderr.write(trust_text(verification, selection))
    return _BROKEN if verification.fault else 0


@app.command
def keygen(file: Path, *, config: Path | None = None) -> None:
    """Create the key that signs the audit trail, and print the SHA-256 fingerprint of its public key.

    The private key stays on the server. Everybody who verifies the trail needs the public key, in FILE.pub. Keep a copy
    of the public key where nobody who can change the trail can change it.

    Example: snap-token audit keygen audit.key

    Args:
        file: The new file for the private key (Ed25519, PKCS #8, PEM). Only its owner can read it. Name it in the
            settings as audit.key_file.
        config: The settings file. If root names it, the new files belong to the server's user: the owner of the token
            keys in these settings, or of the settings file.
    """
    key, public = Ed25519PrivateKey.generate(), file.with_name(f"{file.name}.pub")
    write_pair(file, public, key, like_server(config))
    sys.stdout.write(f"{checkpoint.fingerprint(key.public_key())}  SHA-256 of the public key in {public}\n")


class _Last(BaseModel):
    number: int = Field(ge=1, strict=True)
    hash: str = Field(pattern="^[0-9a-f]{64}$")


class _Result(BaseModel):
    """The part of the output of `verify --json` that `--earlier` needs."""

    last: _Last


def _public_key(file: Path) -> Ed25519PublicKey:
    try:
        return parse_public_key(read_key(file))
    except ValueError as error:
        message = f"{file}: {error}"
        raise UsageError(message) from error


def _known_line(file: Path) -> KnownLine:
    try:
        last = _Result.model_validate_json(read_key(file)).last
        return KnownLine(last.number, last.hash)
    except ValidationError as error:
        message = f"{file} is not the output of snap-token audit verify --json"
        raise UsageError(message) from error


@contextmanager
def _reading(folder: Path) -> Iterator[Sequence[StoredFile]]:
    """The files of the trail in the folder. An error while the block reads them becomes a usage error."""
    try:
        files = stored_files(folder)
        if not files:
            message = f"{folder} has no file of an audit trail; their names are like audit-20260122-000001.jsonl"
            raise UsageError(message)
        yield files
    except OSError as error:
        if error.filename is None:  # The output cannot be written. Errors of the trail name its files.
            raise
        message = f"{error.filename} cannot be read: {error.strerror}"
        raise UsageError(message) from error


def _source(folder: Path | None, config: Path | None) -> tuple[Path, Sequence[Ed25519PublicKey]]:
    """The folder of the trail, and the public key of the settings."""
    if folder and not config:
        return folder, ()
    if folder or not config:
        message = "name the trail with either its folder or --config"
        raise UsageError(message)
    audit = load_settings(config).audit
    if audit is None:
        message = f"{config} has no table [audit], so there is no audit trail"
        raise UsageError(message)
    return audit.dir, [audit.key_file.public_key]
