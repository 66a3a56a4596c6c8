"""`snap-token curl`: NICEPAY's part as a command to paste."""

import sys

from cyclopts import App

from handlers.cli.errors import UsageError, masked_misuse
from handlers.cli.simulator.http_exchange import trusting
from handlers.cli.simulator.options import Options, Sender
from handlers.cli.simulator.signed_call import CallOptions, signed_call
from handlers.cli.simulator.signed_request import SignedRequest, variable_of
from handlers.snap.masking import Mask

HELP = """Sign a request as NICEPAY would, and print it as a curl command.

It is good as long as the clock's window is open. Without a further command it is a request for a token.

Example: snap-token curl --config sandbox/snap-token.toml
"""

_LONGEST_WORD = 131_071
"""Bytes: what Linux takes as one word of a command, where other systems take more (execve(2), MAX_ARG_STRLEN)."""

app = App(name="curl", help=HELP)


@app.default
@app.command
def token(*, options: Options | None = None, url: str | None = None) -> None:
    """Ask for a token.

    Example: snap-token curl token --config sandbox/snap-token.toml

    Args:
        options: Who asks.
        url: The whole URL of the token endpoint.
    """
    sender = Sender.of(options)
    with masked_misuse(sender.masked):
        _print(sender.token_request(url), sender.masked)


@app.command
def call(*, options: Options | None = None, which: CallOptions | None = None) -> None:
    """Make a call that follows the token, or ask this server whether it is genuine. The token is in the command.

    Example: snap-token curl call --config snap-token.toml --path /api/v1.0/cvs/inquiry --body inquiry.json

    Args:
        options: Who calls.
        which: Which call it is.
    """
    sender = Sender.of(options)
    with masked_misuse(sender.masked):
        _print(signed_call(sender, which or CallOptions()), sender.masked)


def _print(request: SignedRequest, masked: Mask) -> None:
    if "\0" in request.body or len(request.body.encode()) > _LONGEST_WORD:
        message = f"no command line takes this body, for it has a NUL or over {_LONGEST_WORD} bytes; use request call"
        raise UsageError(message)
    trusting(request.ca_file)  # Checked here: else curl would complain only when somebody runs the command.
    sys.stdout.write(f"{masked(request.as_curl())}\n")
    for name in request.secret_headers:
        # Beside the command, not in it: what is printed can be copied whole.
        variable = variable_of(name)
        sys.stderr.write(f"before you paste it, set {variable} to `Bearer` and the secret of internal.secret_file\n")
