"""The command reference. `make reference` writes the help of the commands into the pages."""

import re
from pathlib import Path

from handlers.cli.app import app
from tests import verdict_reference
from tests.pages import ROOT

PAGES = sorted(ROOT.glob("docs/*/command-reference.md"))
BEGIN, END = "<!-- commands: make reference -->\n", "<!-- /commands -->\n"

_EXAMPLE = re.compile(r"^Example: (.+?)(?=\n\n)", re.MULTILINE | re.DOTALL)
# Under `python -m`, Cyclopts puts that module into the usage of each command.
_MODULE_IN_USAGE = re.compile(r"^(snap-token [a-z -]+?) -m \S+", re.MULTILINE)
# GitHub's anchor of this heading keeps all hyphens. Cyclopts links to one without them.
_LINK, _ANCHOR = "(#snap-token-install-completion)", "(#snap-token---install-completion)"


def reference() -> str:
    """Every command and option in Markdown: a list of the commands, then a section for each command."""
    generated = app.generate_docs()
    commands = generated[generated.index("**Commands**") :].replace(_LINK, _ANCHOR)
    return _EXAMPLE.sub(_code, _MODULE_IN_USAGE.sub(r"\1", commands)).strip()


def _code(example: re.Match[str]) -> str:
    return f"Example:\n\n```sh\n{' '.join(example[1].split())}\n```"


def written(page: Path) -> str:
    """The current reference of a page.

    Raises:
        ValueError: A marker is missing.
    """
    _, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    text, end, _ = rest.partition(END)
    if not (begin and end):
        message = f"{page} lacks the markers for the commands: {BEGIN}{END}"
        raise ValueError(message)
    return text.strip()


def main() -> None:
    """Write the reference of the commands, and the table of the verdicts, into each page."""
    verdict_reference.write()
    for page in PAGES:
        before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        _, end, after = rest.partition(END)
        page.write_text(f"{before}{begin}\n{reference()}\n\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
