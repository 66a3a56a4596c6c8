"""The command `snap-token`."""

import signal
import sys
from collections.abc import Sequence

_UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status.

    If a library is missing or too old, print one line that names it, and return 2.
    """
    if arguments is None and sys.argv[1:2] == ["serve"]:
        # The imports take a second, and a SIGHUP in that time must not kill the server. It handles SIGHUP later.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        from handlers.cli.app import main as run  # noqa: PLC0415  its imports fail if a library is missing

        return run(arguments)
    except ImportError as error:
        advice = "install snap-token-server again, into a new virtual environment"
        sys.stderr.write(f"snap-token: this installation is not usable: {error.__cause__ or error}; {advice}\n")
        return _UNUSABLE
