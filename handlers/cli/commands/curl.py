"""`snap-token curl`: a request of NICEPAY as a curl command."""

import sys

from cyclopts import App

from handlers.cli.errors import UsageError, masked_usage_errors
from handlers.cli.simulator.call_options import CallOptions
from handlers.cli.simulator.http_exchange import tls_context
from handlers.cli.simulator.options import Options, Sender
from handlers.cli.simulator.signed_call import signed_call
from handlers.cli.simulator.signed_request import SignedRequest, shell_variable
from handlers.snap.masking import Mask

HELP = """Sign a request as NICEPAY does, and print it as a curl command.

The request is valid for the clock tolerance of the server: 300 seconds, unless the settings say otherwise. Without a
subcommand, the request is a request for a token.

Example: snap-token curl --config sandbox/snap-token.toml
"""

_LONGEST_WORD = 131_071
"""Bytes. The longest word of a command on Linux (execve(2), MAX_ARG_STRLEN). Other systems allow longer words."""

app = App(name="curl", help=HELP)


@app.default
@app.command
def token(*, options: Options | None = None, url: str | None = None) -> None:
    """Print a request for a token as a curl command.

    Example: snap-token curl token --config sandbox/snap-token.toml

    Args:
        options: The client.
        url: The whole URL of the token endpoint. Default: the server of the settings.
    """
    sender = Sender.of(options)
    with masked_usage_errors(sender.masked):
        _print(sender.token_request(url), sender.masked)


@app.command
def call(*, options: Options | None = None, which: CallOptions | None = None) -> None:
    """Print a call in any form as a curl command, or print the question to this server whether a call is genuine.

    The curl command of a call with a token contains the token. If no token is given, the command requests one now.

    Example: snap-token curl call --config snap-token.toml --path /api/v1.0/cvs/inquiry --body inquiry.json

    Example of a symmetric signature: snap-token curl call --config snap-token.toml --path
    /api/v1.0/transfer-va/inquiry --symmetric --client-secret-file client.secret --body inquiry.json

    Example of a notification: snap-token curl call --config snap-token.toml --path /api/v1.0/transfer-va/payment
    --form notification --private-key notification-private.pem --body paid.json

    Example of a body-signed call: snap-token curl call --config snap-token.toml --path /v1.0/transfer-va/payment
    --form body-signed --body paid.json

    Args:
        options: The client.
        which: The call.
    """
    sender = Sender.of(options)
    with masked_usage_errors(sender.masked):
        _print(signed_call(sender, which or CallOptions()), sender.masked)


def _print(request: SignedRequest, masked: Mask) -> None:
    if "\0" in request.body or len(request.body.encode()) > _LONGEST_WORD:
        message = f"the body is too long for a command line ({_LONGEST_WORD} bytes), or has a NUL; use request call"
        raise UsageError(message)
    tls_context(request.ca_file)  # Check the file now. Otherwise only curl would report the mistake.
    sys.stdout.write(f"{masked(request.as_curl())}\n")
    for name in request.secret_headers:
        # On standard error, so that standard output can be copied whole.
        variable = shell_variable(name)
        sys.stderr.write(f"before you run it, set {variable} to `Bearer ` and the secret in internal.secret_file\n")
