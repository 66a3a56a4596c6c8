"""`snap-token request`: NICEPAY's part, played against a server."""

import sys

from cyclopts import App

from handlers.cli.errors import masked_misuse
from handlers.cli.simulator.http_exchange import send, shown
from handlers.cli.simulator.options import Options, Sender
from handlers.cli.simulator.signed_call import CallOptions, signed_call
from handlers.cli.simulator.signed_request import SignedRequest
from handlers.snap.masking import Mask

HELP = """Sign and send a request as NICEPAY would, and print the exchange. Exit status 1 if it is refused.

Without a further command it is a request for a token.

Example: snap-token request --config sandbox/snap-token.toml
"""

_REFUSED = 1

app = App(name="request", help=HELP)


@app.default
@app.command
def token(*, options: Options | None = None, url: str | None = None) -> int:
    """Ask for a token.

    Example: snap-token request token --config sandbox/snap-token.toml

    Args:
        options: Who asks.
        url: The whole URL of the token endpoint.
    """
    sender = Sender.of(options)
    with masked_misuse(sender.masked):
        return _exchanged(sender.token_request(url), sender.masked)


@app.command
def call(*, options: Options | None = None, which: CallOptions | None = None) -> int:
    """Make a call that follows the token, or ask this server whether it is genuine.

    Example: snap-token request call --config snap-token.toml --path /api/v1.0/cvs/inquiry --body inquiry.json

    Args:
        options: Who calls.
        which: Which call it is.
    """
    sender = Sender.of(options)
    with masked_misuse(sender.masked):
        return _exchanged(signed_call(sender, which or CallOptions()), sender.masked)


def _exchanged(request: SignedRequest, masked: Mask) -> int:
    response = send(request)
    sys.stdout.write(masked(shown(request, response)))
    return 0 if response.is_success else _REFUSED
