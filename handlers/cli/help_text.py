"""The help of the commands: as wide as the terminal, wherever the lines of a docstring end."""

from textwrap import fill

from cyclopts.help.formatters.plain import PlainFormatter
from rich.console import Console


class HelpText(PlainFormatter):
    """A line break of a docstring is a space, and an empty line ends a paragraph."""

    def _print_plain(self, console: Console, text: str) -> None:
        indent = " " * (len(text) - len(text.lstrip(" ")))
        paragraphs = (_filled(each, console.width, indent) for each in text.split("\n\n"))
        super()._print_plain(console, "\n\n".join(paragraphs))


def _filled(paragraph: str, width: int, indent: str) -> str:
    """What goes on in a further line is indented twice."""
    return fill(
        " ".join(paragraph.split()),
        width,
        initial_indent=indent,
        subsequent_indent=indent * 2,
        break_long_words=False,
        break_on_hyphens=False,
    )
