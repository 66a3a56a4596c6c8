"""`snap-token keygen`: create keys and secrets."""

import os
import secrets
import sys
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cyclopts import App

from handlers.cli.files.atomic_write import exists_error, write_new
from handlers.cli.files.server_user import server_user_file
from handlers.snap.keys import ADVISED_BITS, fingerprint

HELP = """Create keys and secrets in new files. Existing files are never overwritten.

Example: snap-token keygen token token.keys
"""

_SECRET_BYTES = 32

app = App(name="keygen", help=HELP)


Config = Path | None


@app.command
def token(file: Path, *, config: Config = None) -> None:
    """Create a file with one new token key. Only the owner of the file can read it.

    Example: snap-token keygen token token.keys

    Args:
        file: The new file. Name it in the settings as token.keys_file.
        config: The settings file. If root names it, the new file belongs to the server's user: the owner of the token
            keys in these settings, or of the settings file.
    """
    make_token_key(file, like_server(config))


@app.command
def secret(file: Path, *, config: Config = None) -> None:
    """Create a file with one new secret of 256 random bits. Only the owner of the file can read it. It is not printed.

    Example: snap-token keygen secret internal.secret

    Args:
        file: The new file. Name it in the settings as internal.secret_file, or as client_secret_file of a client.
        config: The settings file. If root names it, the new file belongs to the server's user: the owner of the token
            keys in these settings, or of the settings file.
    """
    make_secret(file, like_server(config))


@app.command
def pair(private: Path, public: Path, *, config: Config = None) -> None:
    """Create an RSA key pair for sandboxes and tests, and print the SHA-256 fingerprint of the public key.

    Example: snap-token keygen pair nicepay-private.pem nicepay.pem

    Args:
        private: The new file for the private key of 2048 bits, in PEM (PKCS #8). Only its owner can read it.
        public: The new file for the public key, in PEM.
        config: The settings file. If root names it, the new files belong to the server's user: the owner of the token
            keys in these settings, or of the settings file.
    """
    key = make_pair(private, public, like_server(config))
    sys.stdout.write(f"{fingerprint(key)}  SHA-256 of the public key in {public}\n")


def like_server(config: Path | None) -> Path | None:
    """The file whose owner new files get, if the settings are named. See `server_user_file`."""
    return server_user_file(config) if config else None


def new_secret() -> str:
    """A new secret of 256 random bits, as 43 characters of base64url."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def make_secret(file: Path, like: Path | None = None) -> None:
    """Write a new secret to a new file. See `write_new` for `like` and for the errors."""
    write_new(file, f"{new_secret()}\n", secret=True, like=like)


def make_token_key(file: Path, like: Path | None = None) -> None:
    """Write a new token key to a new file. See `write_new` for `like` and for the errors."""
    write_new(file, f"{Fernet.generate_key().decode()}\n", secret=True, like=like)


def make_pair(private: Path, public: Path, like: Path | None = None) -> RSAPublicKey:
    """Write a new key pair to two new files, and return its public key. See `write_new` for `like`.

    Raises:
        UsageError: one of the files exists or cannot be created. Then neither file is created.
    """
    key = rsa.generate_private_key(65537, ADVISED_BITS)
    write_pair(private, public, key, like)
    return key.public_key()


def write_pair(private: Path, public: Path, key: RSAPrivateKey | Ed25519PrivateKey, like: Path | None = None) -> None:
    """Write a key (PKCS #8) and its public key (SubjectPublicKeyInfo) to two new files in PEM. See `write_new`.

    Raises:
        UsageError: one of the files exists or cannot be created. Then neither file is created.
    """
    if os.path.lexists(public):
        # Checked before the private key is written, so that no half of a pair is left.
        raise exists_error(public)
    write_new(private, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), secret=True, like=like)
    try:
        public_pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        write_new(public, public_pem, secret=False, like=like)
    except BaseException:
        private.unlink()
        raise
