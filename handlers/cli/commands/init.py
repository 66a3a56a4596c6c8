"""`snap-token init`: create a sandbox."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from handlers.cli.commands import keygen
from handlers.cli.errors import UsageError
from handlers.cli.files.atomic_write import make_folder, write_new

SETTINGS = """\
# A sandbox, created by `snap-token init`. Its key pair plays NICEPAY. Do not use it in production.
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

_NOTIFICATION_KEYS = """\
notification_keys = ["notification.pem"]
"""

_CALLS = """
[[clients]]
id = "SYMMETRICTEST"                  # signs its calls with a secret, and its token requests with the same key pair
public_keys = ["nicepay.pem"]
call_signature = "symmetric"
client_secret_file = "client.secret"

[internal]                            # decides on calls, as `snap-token request call` asks it to
port = 9080

[[services]]
path = "/api/v1.0/transfer-va/inquiry"
service_code = "24"
forms = ["token"]

[[services]]
path = "/api/v1.0/transfer-va/payment"
service_code = "25"
forms = ["token", "notification"]

[[services]]
path = "/v1.0/transfer-va/payment"
service_code = "25"
forms = ["body-signed"]
"""

_TOLERANCE = "clock_tolerance_seconds = 300\n"
_SETTINGS_FOR_CALLS = SETTINGS.replace(_TOLERANCE, _TOLERANCE + _NOTIFICATION_KEYS) + _CALLS


def init(directory: Path, *, calls: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Create a sandbox: a settings file, a token key, and a key pair that plays NICEPAY.

    Example: snap-token init sandbox

    Example of a sandbox for calls: snap-token init --calls sandbox

    Args:
        directory: The folder of the sandbox. It must be empty, or is created.
        calls: Also prepare the sandbox for calls in every form: an internal listener, three services, a client with
            a secret, and a key pair for notifications.
    """
    make_folder(directory)
    if _files_in(directory):
        message = f"{directory} is not empty; name a new folder"
        raise UsageError(message)
    keygen.make_token_key(directory / "token.keys")
    keygen.make_pair(directory / "nicepay-private.pem", directory / "nicepay.pem")
    if calls:
        keygen.make_pair(directory / "notification-private.pem", directory / "notification.pem")
        keygen.make_secret(directory / "client.secret")
    write_new(directory / "snap-token.toml", _SETTINGS_FOR_CALLS if calls else SETTINGS, secret=True)


def _files_in(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except OSError as error:
        message = f"{directory} cannot be read: {error.strerror}"
        raise UsageError(message) from error
