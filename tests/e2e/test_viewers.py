"""The links of both documents in Redoc, Scalar and RapiDoc. The pages with Swagger UI have their own tests."""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from string import Template
from typing import Any

import pytest

from tests.document import INTERNAL_RAW, RAW
from tests.e2e.browser import Browser, browsing
from tests.environments import python_of

# The policy keeps the viewers from requesting their logos and fonts.
_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="connect-src 'none'; font-src 'none'; img-src data:">
<body>
$body
</html>
""")
_VIEWERS = {
    "redoc": '<div id="viewer"></div><script src="$script"></script>'
    '<script>Redoc.init($document, {}, document.getElementById("viewer"))</script>',
    "scalar": '<div id="viewer"></div><script src="$script"></script>'
    '<script>Scalar.createApiReference("#viewer", {content: $document, withDefaultFonts: false})</script>',
    "rapidoc": '<rapi-doc render-style="read"></rapi-doc><script src="$script"></script>'
    '<script>document.querySelector("rapi-doc").loadSpec($document)</script>',
}
# All elements that match, also in shadow roots, which RapiDoc uses.
_FIND = """
const find = (css, root = document) => [...root.querySelectorAll('*')].flatMap(
  each => [...(each.matches(css) ? [each] : []), ...(each.shadowRoot ? find(css, each.shadowRoot) : [])]);
"""
_LINKS = (
    _FIND + "return find('a[href^=\"#section/\"]').filter(a => a.innerText.trim()).map(a => a.getAttribute('href'))"
)
_FOLLOW = _FIND + "find(`a[href='${arguments[0]}']`).filter(a => a.innerText.trim())[0].click()"
_TOP = _FIND + "return find(`a[id='${arguments[0]}']`)[0].getBoundingClientRect().top"
_HEIGHT = 500


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory, registry: None) -> Path:  # noqa: ARG001  it skips the test
    """The folder with the installed packages of the viewers."""
    python = python_of("viewers", tmp_path_factory.mktemp("environments"))
    return next(python.parents[1].glob("lib/python*/site-packages"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing(height=_HEIGHT) as browser:
        yield browser


@pytest.mark.parametrize("document", [RAW, INTERNAL_RAW], ids=["public", "internal"])
@pytest.mark.parametrize("viewer", _VIEWERS)
def test_each_link_leads_to_its_section(
    viewer: str, document: dict[str, Any], packages: Path, browser: Browser, tmp_path: Path
) -> None:
    """A click on each link shows its section."""
    script = next(packages.glob(f"flask_openapi3_{viewer}/templates/{viewer}/js/*.js"))
    body = Template(_VIEWERS[viewer]).substitute(script=script.as_uri(), document=json.dumps(document))
    page = tmp_path / "page.html"
    page.write_text(_PAGE.substitute(body=body))
    browser.open(page.as_uri())
    expected = set(re.findall(r"\]\((#section/[^)]+)\)", document["info"]["description"]))
    browser.wait(lambda: expected <= set(browser.driver.execute_script(_LINKS)))
    for link in sorted(set(browser.driver.execute_script(_LINKS))):
        browser.driver.execute_script(_FOLLOW, link)
        browser.wait(partial(_is_at_the_top, browser, link.removeprefix("#")))


def _is_at_the_top(browser: Browser, anchor: str) -> bool:
    """Whether the anchor is in the upper half of the window."""
    top: float = browser.driver.execute_script(_TOP, anchor)
    return -10 <= top < _HEIGHT / 2
