"""Completion of commands and options in a shell. Cyclopts generates the scripts."""

import sys
from pathlib import Path
from typing import Literal

from cyclopts import App
from cyclopts.completion.detect import ShellDetectionError

from handlers.cli.errors import UsageError

Shell = Literal["bash", "zsh", "fish"]


def register(app: App) -> None:
    """Give the application a command that prints its completion script, and an option that installs the script."""
    _register_print(app)
    _register_install(app)


def _register_print(app: App) -> None:
    @app.command
    def completion(shell: Shell) -> None:
        """Print the script with which a shell completes the commands and options of snap-token.

        Example: snap-token completion bash > ~/.local/share/bash-completion/completions/snap-token

        Args:
            shell: The shell.
        """
        sys.stdout.write(app.generate_completion(shell=shell))


def _register_install(app: App) -> None:
    @app.command(name="--install-completion")
    def install(*, shell: Shell | None = None, output: Path | None = None) -> None:
        """Install the completion script for your shell.

        Example: snap-token --install-completion

        Args:
            shell: The shell. Default: the shell that runs this command.
            output: The file for the script. Default: the usual file of the shell. Then bash and zsh also get a line
                in their startup file that loads the script.
        """
        try:
            file = app.install_completion(shell=shell, output=output, add_to_startup=output is None)
        except (OSError, RuntimeError, ShellDetectionError) as error:
            message = f"nothing is installed: {error}; print the script with: snap-token completion SHELL"
            raise UsageError(message) from error
        sys.stdout.write(f"{file} is installed; start a new shell\n")
