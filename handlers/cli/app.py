"""The list of subcommands. A usage error is printed as one line, with exit status 2."""

import sys
from collections.abc import Sequence
from errno import EBADF, EDQUOT, EFBIG, EIO, ENOSPC
from signal import SIGPIPE

from cyclopts import App, CycloptsError, UnusedCliTokensError

from handlers import __version__
from handlers.cli import completion, streams
from handlers.cli.errors import USAGE_ERROR_STATUS, UsageError
from handlers.cli.help_text import HelpText
from handlers.escaping import escaped
from handlers.snap.masking import mask_secret_shapes

HELP = """The merchant's side of NICEPAY's SNAP access token API.

Example: snap-token init sandbox && snap-token serve --config sandbox/snap-token.toml
"""

COMMANDS = {
    "init": "init",
    "keygen": "app",
    "serve": "serve",
    "request": "app",
    "curl": "app",
    "check": "check",
    "explain": "explain",
    "keys": "app",
    "client": "app",
    "revoke": "revoke",
    "state": "app",
    "audit": "app",
    "share": "share",
    "health": "health",
    "self_check": "self_check",
}
"""The module of each command, and what it runs. Only the module of the command that runs is imported."""

OUTPUT_CLOSED = 128 + SIGPIPE
"""The exit status if the reader of the output has closed it: the status that a shell gives for SIGPIPE."""

_OUTPUT_ERRORS = frozenset({EBADF, EDQUOT, EFBIG, EIO, ENOSPC})

app = App(
    name="snap-token",
    help=HELP,
    version=__version__,
    help_format="plaintext",
    help_formatter=HelpText(),
)
for _module, _name in COMMANDS.items():
    app.command(f"handlers.cli.commands.{_module}:{_name}", name=_module.replace("_", "-"))
completion.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status.

    0 is success, 1 a negative result (a refused request, for example), 2 a usage error. 141 means that the reader of
    the output has closed it.
    """
    streams.open_closed()
    arguments = sys.argv[1:] if arguments is None else arguments
    if {*arguments} <= {*app.help_flags}:
        app.resolved_commands()  # The list of commands shows the first line of each one's docstring.
    try:
        status = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        return _print_errors([f"{_usage_message(error)} Try `{_help_command(error)}`."])
    except UsageError as error:
        return _print_errors(error.mistakes)
    except BrokenPipeError:
        streams.discard(sys.stdout)
        return OUTPUT_CLOSED
    except OSError as error:
        # Commands handle the errors of their own files and connections. Only errors of the output come here.
        streams.discard(sys.stdout)
        return _print_errors([_output_message(error)])
    return status or 0


def _output_message(error: OSError) -> str:
    is_output = error.errno in _OUTPUT_ERRORS
    return f"standard output cannot be written: {error.strerror}" if is_output else str(error)


def _usage_message(error: CycloptsError) -> str:
    unused = error.unused_tokens if isinstance(error, UnusedCliTokensError) else None
    if unused:
        number = "One argument" if len(unused) == 1 else f"{len(unused)} arguments"
        return f"{number} too many: {escaped(' '.join(unused))}."
    return " ".join(str(error).split())


def _help_command(error: CycloptsError) -> str:
    return " ".join(["snap-token", *(error.command_chain or ()), "--help"])


def _print_errors(messages: Sequence[str]) -> int:
    try:
        for message in messages:
            sys.stderr.write(f"snap-token: {escaped(mask_secret_shapes(message))}\n")
    except OSError:  # Nowhere is left to report it.
        streams.discard(sys.stderr)
    return USAGE_ERROR_STATUS
