"""`snap-token init`: create a sandbox, or the files of a service."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from handlers.cli import system_layout
from handlers.cli.commands import keygen
from handlers.cli.errors import UsageError
from handlers.cli.files.atomic_write import make_folder, write_new
from handlers.server.openapi.documents import TEST_PUBLIC_KEY

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
public_keys = [                       # up to four: the name of a file, or the key itself as text
  "nicepay.pem",
  "test-key-public.pem",              # the published test key, for the pack of `snap-token share`; only in a sandbox
]
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
id = "SYMMETRICTEST"                  # signs its calls with a secret, and its token requests with the same key pairs
public_keys = ["nicepay.pem", "test-key-public.pem"]
call_signature = "symmetric"
client_secret_file = "client.secret"

[internal]                            # decides on calls; `snap-token request call` asks this listener
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


Flag = Annotated[bool, Parameter(negative=())]

_NEXT = """
next  snap-token client add --config {settings} --id YOUR-CLIENT-ID --public-key nicepay.pem
      snap-token self-check --config {settings}
      systemctl enable --now snap-token
"""


def init(
    directory: Path | None = None,
    *,
    calls: Flag = False,
    system: Flag = False,
    root: Path | None = None,
    user: str | None = None,
) -> None:
    """Create a sandbox: a settings file, a token key, and a key pair that plays NICEPAY.

    The client of the sandbox also has the published test key, so that the sandbox answers the token-request.sh of
    snap-token share. No other server accepts that key.

    With --system, create the files of a service for production instead: settings, a token key and a key of the audit
    trail in /etc/snap-token, and /var/lib/snap-token for the state. Both must not exist.

    Example: snap-token init sandbox

    Example of a sandbox for calls: snap-token init --calls sandbox

    Example of a service: snap-token init --system

    Args:
        directory: The folder of the sandbox. It must be empty, or is created.
        calls: Also prepare the sandbox for calls in every form: an internal listener, three services, a client with
            a secret, and a key pair for notifications.
        system: Create the files of a service.
        root: Create them below this folder, for packages and trials. Without root, the files belong to you.
        user: The user of the service, to whom root gives the keys and the state. Default: snap-token.
    """
    if system:
        _require(not (directory or calls), "--system makes no sandbox; leave out DIRECTORY and --calls")
        _lay_out(root or Path("/"), user or "snap-token")
        return
    _require(not (root or user), "--root and --user are for --system")
    if directory is None:
        message = "name the folder of the sandbox, such as: snap-token init sandbox; a service needs --system"
        raise UsageError(message)
    _make_sandbox(directory, calls=calls)


def _require(condition: object, message: str) -> None:
    if not condition:
        raise UsageError(message)


def _lay_out(root: Path, user: str) -> None:
    lines = system_layout.lay_out(root, user)
    sys.stdout.write("\n".join(lines) + "\n" + _NEXT.format(settings=root / system_layout.SETTINGS_FILE))


def _make_sandbox(directory: Path, *, calls: bool) -> None:
    make_folder(directory)
    if _files_in(directory):
        message = f"{directory} is not empty; name a new folder"
        raise UsageError(message)
    keygen.make_token_key(directory / "token.keys")
    keygen.make_pair(directory / "nicepay-private.pem", directory / "nicepay.pem")
    write_new(directory / TEST_PUBLIC_KEY.name, TEST_PUBLIC_KEY.read_bytes(), secret=False)
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
