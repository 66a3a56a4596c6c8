"""The command `snap-token`."""

import sys
from collections.abc import Sequence

_UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status.

    If a library is missing or too old, print one line that names it, and return 2.
    """
    try:
        from handlers.cli.app import main as run  # noqa: PLC0415  its imports fail if a library is missing
    except ImportError as error:
        advice = "install snap-token-server again, into an environment of its own"
        sys.stderr.write(f"snap-token: this installation is not usable: {error}; {advice}\n")
        return _UNUSABLE
    return run(arguments)
