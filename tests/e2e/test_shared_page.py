"""The HTML page of the pack, opened from a disk in a browser."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import pytest
from selenium.webdriver.remote.webelement import WebElement

from handlers.cli import main
from tests.document import RAW
from tests.e2e.browser import Browser, browsing

AXE = Path(__file__).parents[1] / "lint" / "node_modules" / "axe-core" / "axe.min.js"
# Swagger UI chooses its headings and landmarks, and puts the link to an operation into the button that folds it.
OF_SWAGGER_UI = {"heading-order", "nested-interactive", "region"}
TEXTS = "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)"
IS_IN_SIGHT = """
const { top } = document.getElementById(arguments[0].hash.slice(1)).getBoundingClientRect();
return top >= -1 && top < innerHeight;
"""
SCHEMES = ("light", "dark")
WIDTHS = (1280, 400)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, unpacked from the pack."""
    folder = tmp_path_factory.mktemp("pack")
    pack = folder / "pack.zip"
    assert main(["share", "--base-url", "https://shop.example.co.id", "--output", str(pack)]) == 0
    with ZipFile(pack) as archive:
        archive.extractall(folder)
    return folder / "snap-token" / "snap-token.html"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def browser(chromium: Browser, page: Path) -> Iterator[Browser]:
    """A browser that shows the page, as wide as a desktop and in light colours."""
    _show(chromium, page, WIDTHS[0], "light")
    yield chromium
    chromium.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def _show(browser: Browser, page: Path, width: int, scheme: str) -> None:
    metrics = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 640}
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.open(page.as_uri())
    browser.see("figure")


def _examples(value: object) -> Iterator[object]:
    """The values of all examples of bodies in the document."""
    if isinstance(value, dict):
        yield from (each["value"] for each in value.get("examples", {}).values())
        for each in value.values():
            yield from _examples(each)


def test_the_page_needs_no_network(browser: Browser, page: Path) -> None:
    """The page shows the document with the merchant's server, requests nothing and writes nothing to the console."""
    assert "SNAP Access Token B2B" in browser.see(".info .title").text
    assert browser.see(".servers").text.startswith("https://shop.example.co.id/api/v1.0")
    assert browser.see(".opblock-summary-path").text == "/access-token/b2b"
    assert browser.driver.find_elements("css selector", ".try-out") == []
    browser.follow("section/The-signature/String-to-sign", ".parameters")
    assert browser.requests() == [page.as_uri()]
    assert browser.console_messages() == []


def test_the_contents_lead_to_each_section_and_operation(browser: Browser) -> None:
    """The contents list the sections of the description and the operations, and each entry leads to a place."""
    browser.wait(partial(_contents_are_complete, browser))
    links = browser.driver.find_elements("css selector", "nav a")
    for link in links:
        browser.wait(partial(_leads_into_sight, browser, link))


def _contents_are_complete(browser: Browser) -> bool:
    """Read all texts at once, because the page replaces the entries while it is drawn."""
    headings = browser.driver.execute_script(TEXTS, ".info .description :is(h1, h2)")
    return bool(browser.driver.execute_script(TEXTS, "nav a") == [*headings, "Issue an access token"])


def _leads_into_sight(browser: Browser, link: WebElement) -> bool:
    """Click the link. Until the page is drawn, its target may move on."""
    link.click()
    return bool(browser.driver.execute_script(IS_IN_SIGHT, link))


def test_every_example_is_in_sight(browser: Browser) -> None:
    """The page shows each example of a request and of an answer without a click."""
    shown = [json.loads(each.text) for each in browser.driver.find_elements("css selector", "figure code")]
    examples = list(_examples(RAW["components"]))
    assert examples
    assert [each for each in examples if each not in shown] == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_its_window(browser: Browser, page: Path, width: int, scheme: str) -> None:
    """The page is not wider than its window. Its background follows the colour scheme of the reader."""
    _show(browser, page, width, scheme)
    measured = "return [document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]"
    background = {"light": "rgb(250, 250, 250)", "dark": "rgb(28, 32, 34)"}[scheme]
    found = browser.driver.execute_script(measured)
    assert (found[0] <= width, found[1]) == (True, background)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_accessible(browser: Browser, page: Path, width: int, scheme: str) -> None:
    """axe-core finds no fault: every text has enough contrast, every field a name, every landmark its own name."""
    if not AXE.exists():
        pytest.skip("`make check` has not installed the npm packages")
    _show(browser, page, width, scheme)
    browser.driver.execute_script(AXE.read_text(encoding="utf-8"))
    found = browser.driver.execute_async_script(
        "axe.run().then(result => arguments[0](result.violations.map(each => [each.id, each.nodes[0].html])))"
    )
    assert [each for each in found if each[0] not in OF_SWAGGER_UI] == []
