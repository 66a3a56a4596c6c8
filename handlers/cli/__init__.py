"""The command `snap-token`."""

import sys
from collections.abc import Sequence

_UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line. If the installation lacks something, one line says what, and the exit status is 2."""
    try:
        from handlers.cli.main import main as run  # noqa: PLC0415  what it imports may be missing or too old
    except ImportError as error:
        advice = "install snap-token-server again, into an environment of its own"
        sys.stderr.write(f"snap-token: this installation is not usable: {error}; {advice}\n")
        return _UNUSABLE
    return run(arguments)
