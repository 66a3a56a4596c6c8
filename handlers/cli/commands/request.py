"""`snap-token request`: send a request as NICEPAY does."""

import sys

from cyclopts import App

from handlers.cli.errors import masked_usage_errors
from handlers.cli.simulator.call_options import CallOptions
from handlers.cli.simulator.http_exchange import render_exchange, send
from handlers.cli.simulator.options import Options, Sender
from handlers.cli.simulator.signed_call import signed_call
from handlers.cli.simulator.signed_request import SignedRequest
from handlers.snap.masking import Mask

HELP = """Sign and send a request as NICEPAY does, and print request and response. Exit status 1 if it is refused.

Without a subcommand, the request is a request for a token. The server has 10 seconds to answer.

Example: snap-token request --config sandbox/snap-token.toml
"""

_REFUSED = 1

app = App(name="request", help=HELP)


@app.default
@app.command
def token(*, options: Options | None = None, url: str | None = None) -> int:
    """Request a token.

    Example: snap-token request token --config sandbox/snap-token.toml

    Args:
        options: The client.
        url: The whole URL of the token endpoint. Default: the server of the settings.
    """
    sender = Sender.of(options)
    with masked_usage_errors(sender.masked):
        return _exchange(sender.token_request(url), sender.masked)


@app.command
def call(*, options: Options | None = None, which: CallOptions | None = None) -> int:
    """Make a call in any form, or ask this server whether a call is genuine.

    Example: snap-token request call --config snap-token.toml --path /api/v1.0/cvs/inquiry --body inquiry.json

    Example of a symmetric signature: snap-token request call --config snap-token.toml --path
    /api/v1.0/transfer-va/inquiry --symmetric --client-secret-file client.secret --body inquiry.json

    Example of a notification: snap-token request call --config snap-token.toml --path /api/v1.0/transfer-va/payment
    --form notification --private-key notification-private.pem --body paid.json

    Example of a body-signed call: snap-token request call --config snap-token.toml --path /v1.0/transfer-va/payment
    --form body-signed --body paid.json

    Args:
        options: The client.
        which: The call.
    """
    sender = Sender.of(options)
    with masked_usage_errors(sender.masked):
        return _exchange(signed_call(sender, which or CallOptions()), sender.masked)


def _exchange(request: SignedRequest, masked: Mask) -> int:
    response = send(request)
    sys.stdout.write(masked(render_exchange(request, response)))
    return 0 if response.is_success else _REFUSED
