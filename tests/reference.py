"""The command reference. `make reference` writes the help of the commands into the pages."""

import re

from handlers.cli.app import app
from tests import collection_files, verdict_reference
from tests.generated import Region
from tests.monitoring import dashboard
from tests.pages import ROOT
from tests.sizing import page as sizing_page
from tests.sizing import plot as sizing_plot

PAGES = sorted(ROOT.glob("docs/*/command-reference.md"))
REGION = Region("commands")

_EXAMPLE = re.compile(r"^(Example[^:\n]*): (.+?)(?=\n\n)", re.MULTILINE | re.DOTALL)
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
    return f"{example[1]}:\n\n```sh\n{' '.join(example[2].split())}\n```"


def main() -> None:
    """Write what is generated: commands, verdicts, tables and plot of the page on sizing, collections and dashboard."""
    verdict_reference.write()
    collection_files.write()
    dashboard.write()
    sizing_page.write()
    sizing_plot.write()
    for page in PAGES:
        REGION.write(page, reference())


if __name__ == "__main__":
    main()
