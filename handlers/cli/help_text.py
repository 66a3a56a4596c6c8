"""The help of the commands, wrapped once, at the width of the terminal."""

from textwrap import fill

from cyclopts.help.formatters.plain import PlainFormatter
from rich.console import Console, ConsoleOptions

_NARROWEST = 20
"""Columns. In a narrower terminal the lines are this long."""


class HelpText(PlainFormatter):
    """Join the lines of each paragraph of a docstring, and wrap the paragraph. An empty line ends a paragraph."""

    def render_usage(self, console: Console, options: ConsoleOptions, usage: object) -> None:
        """Print the usage line, which is the first part of each help."""
        console.width = max(console.width, _NARROWEST)
        super().render_usage(console, options, usage)

    def _print_plain(self, console: Console, text: str) -> None:
        indent = " " * (len(text) - len(text.lstrip(" ")))
        wrapped = "\n\n".join(_wrapped(paragraph, console.width, indent) for paragraph in text.split("\n\n"))
        console.print(wrapped, highlight=False, markup=False, soft_wrap=True)


def _wrapped(paragraph: str, width: int, indent: str) -> str:
    """The lines of a paragraph. All lines but the first are indented twice."""
    return fill(
        " ".join(paragraph.split()),
        width,
        initial_indent=indent,
        subsequent_indent=indent * 2,
        break_long_words=False,
        break_on_hyphens=False,
    )
