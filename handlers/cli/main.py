"""The command's frame: which subcommands there are, and how a misuse is told: one line, exit status 2."""

import sys
from collections.abc import Sequence
from errno import EBADF, EDQUOT, EFBIG, EIO, ENOSPC
from signal import SIGPIPE

from cyclopts import App, CycloptsError, UnusedCliTokensError

from handlers import __version__
from handlers.cli import completion, streams
from handlers.cli.commands import (
    check,
    client,
    curl,
    explain,
    health,
    init,
    keygen,
    keys,
    request,
    revoke,
    serve,
    share,
    state,
)
from handlers.cli.errors import MISUSE, UsageError
from handlers.cli.help_text import HelpText
from handlers.escaping import escaped
from handlers.snap.masking import mask_secret_shapes

HELP = """The merchant's side of NICEPAY's SNAP access token API.

Example: snap-token init sandbox && snap-token serve --config sandbox/snap-token.toml
"""

NOBODY_READS = 128 + SIGPIPE
"""As the shell has it of a program that the signal ends."""

_OF_OUTPUT = frozenset({EBADF, EDQUOT, EFBIG, EIO, ENOSPC})

app = App(
    name="snap-token",
    help=HELP,
    version=__version__,
    help_format="plaintext",
    help_formatter=HelpText(),
)
app.command(init.init)
app.command(keygen.app)
app.command(serve.serve)
app.command(request.app)
app.command(curl.app)
app.command(check.check)
app.command(explain.explain)
app.command(keys.app)
app.command(client.app)
app.command(revoke.revoke)
app.command(state.app)
app.command(share.share)
app.command(health.health)
completion.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; the exit status is 0, 1 if a request was refused, 2 for a misuse, 141 if nobody reads."""
    streams.open_all()
    try:
        status = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        return _told([f"{_mistake(error)} Try `{_help(error)}`."])
    except UsageError as error:
        return _told(error.mistakes)
    except BrokenPipeError:
        streams.give_up_output()
        return NOBODY_READS
    except OSError as error:
        # Commands handle the errors of their own files and connections. Only errors of the output come here.
        streams.give_up_output()
        return _told([_failure(error)])
    return status or 0


def _failure(error: OSError) -> str:
    return f"standard output cannot be written: {error.strerror}" if error.errno in _OF_OUTPUT else str(error)


def _mistake(error: CycloptsError) -> str:
    words = error.unused_tokens if isinstance(error, UnusedCliTokensError) else None
    if words:
        number = "One argument" if len(words) == 1 else f"{len(words)} arguments"
        return f"{number} too many: {escaped(' '.join(words))}."
    return " ".join(str(error).split())


def _help(error: CycloptsError) -> str:
    return " ".join(["snap-token", *(error.command_chain or ()), "--help"])


def _told(mistakes: Sequence[str]) -> int:
    for mistake in mistakes:
        sys.stderr.write(f"snap-token: {escaped(mask_secret_shapes(mistake))}\n")
    return MISUSE
