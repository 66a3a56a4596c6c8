"""The website of the documentation. `make docs` builds it once for each language."""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

project = "SNAP token server"
extensions = ["myst_parser"]
nitpicky = True  # A link that leads nowhere is a warning, and `make docs` fails on warnings.
myst_heading_anchors = 3  # Headings have the anchors that GitHub gives them.
smartquotes = False  # They would make a dash of the two hyphens of an option.
locale_dirs = ["../_locale"]  # Seen from the pages.
templates_path = ["_templates"]
html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "language.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False


def setup(app: Sphinx) -> None:
    """Sphinx calls this once."""
    app.connect("doctree-read", _index_response_codes)


def _index_response_codes(_app: Sphinx, page: nodes.document) -> None:
    """Index each response code where the page first names it: the search finds a number only in the index."""
    seen: set[str] = set()
    for literal in list(page.findall(nodes.literal)):
        code = literal.astext()
        if re.fullmatch(r"\d{7}|\d{3}xx\d{2}", code) and code not in seen:
            seen.add(code)
            literal["ids"].append(f"code-{code}")
            literal.parent.insert(literal.parent.index(literal), _entry(code))


def _entry(code: str) -> addnodes.index:
    return addnodes.index(entries=[("single", code, f"code-{code}", "", None)])
