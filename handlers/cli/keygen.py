"""`snap-token keygen`: new keys."""

from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cyclopts import App

from handlers.cli.files import already_there, write_new
from handlers.snap.keys import ADVISED_BITS

HELP = """Make new keys. Existing files are never overwritten.

Example: snap-token keygen token token.keys
"""

app = App(name="keygen", help=HELP)


@app.command
def token(file: Path) -> None:
    """Make a file with one new token key, readable by you alone.

    Example: snap-token keygen token token.keys

    Args:
        file: The file to make; name it in the settings as token.keys_file.
    """
    write_new(file, Fernet.generate_key().decode() + "\n", secret=True)


@app.command
def pair(private: Path, public: Path) -> None:
    """Make an RSA key pair that plays NICEPAY, for sandboxes and tests.

    Example: snap-token keygen pair nicepay-private.pem nicepay.pem

    Args:
        private: The file for the private key, in PEM (PKCS #8), readable by you alone.
        public: The file for the public key, in PEM.
    """
    if public.exists():
        # Told before the other file is made, so that no half of a pair is left behind.
        raise already_there(public)
    key = rsa.generate_private_key(65537, ADVISED_BITS)
    private_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public_pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_new(private, private_pem.decode(), secret=True)
    write_new(public, public_pem.decode(), secret=False)
