"""Completion of commands and options in a shell; Cyclopts makes the scripts."""

import sys
from pathlib import Path
from typing import Literal

from cyclopts import App
from cyclopts.completion.detect import ShellDetectionError

from handlers.cli.errors import UsageError

Shell = Literal["bash", "zsh", "fish"]


def register(app: App) -> None:
    """Give the application a command that prints its completion, and an option that installs it."""

    @app.command
    def completion(shell: Shell) -> None:
        """Print a script that has a shell complete the commands and options of snap-token.

        Example: snap-token completion bash > ~/.local/share/bash-completion/completions/snap-token

        Args:
            shell: bash, zsh or fish.
        """
        sys.stdout.write(app.generate_completion(shell=shell))

    @app.command(name="--install-completion")
    def install(*, shell: Shell | None = None, output: Path | None = None) -> None:
        """Install that script for your shell.

        Example: snap-token --install-completion

        Args:
            shell: bash, zsh or fish; without it, the shell that runs this command.
            output: Another file for the script. Without it, bash and zsh also get a line in the file that they read
                at their start.
        """
        try:
            file = app.install_completion(shell=shell, output=output, add_to_startup=output is None)
        except (OSError, RuntimeError, ShellDetectionError) as error:
            message = f"nothing is installed: {error}; print the script with: snap-token completion SHELL"
            raise UsageError(message) from error
        sys.stdout.write(f"{file} is installed; start a new shell\n")
