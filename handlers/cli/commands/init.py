"""`snap-token init`: create a sandbox."""

from pathlib import Path

from handlers.cli.commands import keygen
from handlers.cli.errors import UsageError
from handlers.cli.files.atomic_write import make_folder, write_new

SETTINGS = """\
# A sandbox, created by `snap-token init`. Its key pair stands for that of NICEPAY. Do not use it in production.
[server]
host = "127.0.0.1"
port = 8080
base_path = "/api/v1.0"

[token]
keys_file = "token.keys"              # one Fernet key per line: the first creates tokens, all open tokens
lifetime_seconds = 900

[[clients]]
id = "IONPAYTEST"                     # X-CLIENT-KEY
public_keys = ["nicepay.pem"]         # up to four: PEM, base64 of the DER or of the PEM; a file or the text itself
clock_tolerance_seconds = 300

[sandbox]                             # Swagger UI and a printed curl command, on loopback only
enabled = true
private_key_file = "nicepay-private.pem"
"""


def init(directory: Path) -> None:
    """Create a sandbox: a settings file, a token key, and a key pair that stands for that of NICEPAY.

    Example: snap-token init sandbox

    Args:
        directory: The folder of the sandbox. It must be empty, or is created.
    """
    make_folder(directory)
    if _files_in(directory):
        message = f"{directory} is not empty; name a new folder"
        raise UsageError(message)
    keygen.make_token_key(directory / "token.keys")
    keygen.make_pair(directory / "nicepay-private.pem", directory / "nicepay.pem")
    write_new(directory / "snap-token.toml", SETTINGS, secret=True)


def _files_in(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except OSError as error:
        message = f"{directory} cannot be read: {error.strerror}"
        raise UsageError(message) from error
