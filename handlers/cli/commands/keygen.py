"""`snap-token keygen`: new keys."""

import os
import secrets
import sys
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cyclopts import App

from handlers.cli.files.atomic_write import already_there, write_new
from handlers.snap.keys import ADVISED_BITS, fingerprint

HELP = """Make new keys. Existing files are never overwritten.

Example: snap-token keygen token token.keys
"""

_SECRET_BYTES = 32

app = App(name="keygen", help=HELP)


Config = Path | None


@app.command
def token(file: Path, *, config: Config = None) -> None:
    """Make a file with one new token key, which its owner alone can read.

    Example: snap-token keygen token token.keys

    Args:
        file: The file to make; name it in the settings as token.keys_file.
        config: The settings file. The new file gets its owner and group; do this as root.
    """
    make_token_key(file, config)


@app.command
def secret(file: Path, *, config: Config = None) -> None:
    """Make a file with one new secret of 256 random bits, which its owner alone can read. It is not printed.

    Example: snap-token keygen secret internal.secret

    Args:
        file: The file to make; name it in the settings as internal.secret_file or clients[].client_secret_file.
        config: The settings file. The new file gets its owner and group; do this as root.
    """
    write_new(file, f"{new_secret()}\n", secret=True, like=config)


@app.command
def pair(private: Path, public: Path, *, config: Config = None) -> None:
    """Make an RSA key pair that plays NICEPAY, for sandboxes and tests, and print the fingerprint of its public key.

    Example: snap-token keygen pair nicepay-private.pem nicepay.pem

    Args:
        private: The file for the private key, in PEM (PKCS #8), which its owner alone can read.
        public: The file for the public key, in PEM.
        config: The settings file. The new files get its owner and group; do this as root.
    """
    key = make_pair(private, public, config)
    sys.stdout.write(f"{fingerprint(key)}  SHA-256 of the public key in {public}\n")


def new_secret() -> str:
    """A secret of 256 random bits: 43 characters of base64url."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def make_token_key(file: Path, like: Path | None = None) -> None:
    """Write a new token key to a new file, with the owner and the group of the file `like`."""
    write_new(file, f"{Fernet.generate_key().decode()}\n", secret=True, like=like)


def make_pair(private: Path, public: Path, like: Path | None = None) -> RSAPublicKey:
    """Write a new key pair to two new files, with the owner and the group of the file `like`; its public key.

    Raises:
        MisuseError: one of them exists, or cannot be made. Then neither is made.
    """
    if os.path.lexists(public):
        # Told before the other file is made, so that no half of a pair is left behind.
        raise already_there(public)
    key = rsa.generate_private_key(65537, ADVISED_BITS)
    private_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public_pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_new(private, private_pem, secret=True, like=like)
    try:
        write_new(public, public_pem, secret=False, like=like)
    except BaseException:
        private.unlink()
        raise
    return key.public_key()
