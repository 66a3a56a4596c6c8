"""The command `snap-token`."""

from handlers.cli.command import main

__all__ = ["main"]
