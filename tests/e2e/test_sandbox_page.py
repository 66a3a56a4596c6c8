"""The sandbox's page in a browser: it signs the requests that are executed, and explains refusals."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from handlers.doctor.messages.render import message_of
from handlers.doctor.verdicts import Finding, Verdict
from handlers.server.sandbox.client_mistakes import Mistake
from tests.e2e.browser import Browser, browsing
from tests.e2e.conftest import Sandbox, serving

SCREENSHOT = Path(__file__).parents[2] / ".assets" / "swagger-ui.png"
MISTAKES = [each for each in Mistake if each is not Mistake.NONE]


@pytest.fixture(scope="module")
def origin(sandbox: Sandbox) -> Iterator[str]:
    """The origin of the sandbox's server."""
    with serving(sandbox) as server:
        yield "http://{}:{}".format(*server.address)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, origin: str) -> Browser:
    """The page after a reload, ready to execute."""
    browser.open(f"{origin}/ui/")
    browser.click(".try-out__btn")
    browser.see(".execute")
    return browser


def _execute(page: Browser) -> dict[str, str]:
    """Click Execute and return the body of the answer."""
    page.click(".execute")
    body: dict[str, str] = json.loads(page.see(".live-responses-table .highlight-code code").text)
    return body


def _unexpected(messages: list[str]) -> list[str]:
    """The console messages without the one that Chromium writes for every answer with status 401."""
    return [each for each in messages if "the server responded with a status of 401" not in each]


def test_the_page_loads_without_errors_from_this_server_only(page: Browser, origin: str) -> None:
    """The page writes nothing to the console and requests nothing from another host."""
    assert page.console_messages() == []
    requests = page.requests()
    assert f"{origin}/ui/openapi.json" in requests
    assert [url for url in requests if not url.startswith(f"{origin}/ui/")] == []


def test_an_executed_request_is_signed(page: Browser, origin: str) -> None:
    """Execute sends a genuine request, shows the token, and shows no verdict."""
    answer = _execute(page)
    assert answer["responseCode"] == "2007300"
    assert answer["accessToken"]
    assert page.driver.find_elements("id", "verdict") == []
    assert page.see("#signed").text.startswith('Signed: "IONPAYTEST|')
    assert page.see("#outcome").text == "200"
    assert page.console_messages() == []
    assert [url for url in page.requests() if not url.startswith(f"{origin}/")] == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_refused_and_explained(page: Browser, mistake: Mistake, origin: str) -> None:
    """With a mistake chosen, the request is refused with 4017300, and the page shows the doctor's verdict."""
    page.click(f'input[value="{mistake}"]')
    assert _execute(page)["responseCode"] == "4017300"
    assert page.see("#verdict code").text == mistake
    assert page.see("#outcome").text == f"401 · {mistake}"
    assert page.see("#verdict .says").text
    assert page.see("#verdict .advice").text
    assert page.driver.find_elements("css selector", "#verdict .also") == []
    assert _unexpected(page.console_messages()) == []
    assert [url for url in page.requests() if not url.startswith(f"{origin}/")] == []


def test_signing_can_be_switched_off(page: Browser) -> None:
    """Without signing, the fields are sent unchanged: the values of the document's example, which are years old."""
    page.click("#sign")
    assert "of 2024" in page.see("#what-not").text
    assert _execute(page)["responseCode"] == "4017300"
    assert page.see("#ways").get_property("disabled") is True
    # Each day, for some minutes, only the date of the example is wrong.
    assert page.see("#verdict code").text in {"clock.behind", "clock.wrong_date"}
    assert page.see("#verdict .says").text.startswith("X-TIMESTAMP is ")
    # The sandbox has the test key of the example, so only the clock is wrong.
    assert page.driver.find_elements("css selector", "#verdict .also") == []


def test_the_evidence_is_shown_as_text(page: Browser) -> None:
    """The evidence shows a client key as text, so HTML in it is not interpreted."""
    field = page.see('tr[data-param-name="X-CLIENT-KEY"] input')
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("<b>NOBODY</b>", Keys.TAB)
    assert _execute(page)["responseCode"] == "4017300"
    assert page.see("#verdict code").text == "client.unknown"
    assert "client: <b>NOBODY</b>" in page.see("#verdict .evidence").text


def test_links_within_the_document_lead_to_its_sections(page: Browser) -> None:
    """A link such as #section/Time-window scrolls to its heading."""
    page.follow("section/Time-window", ".parameters")


@pytest.fixture
def indonesian(browser: Browser) -> Iterator[Browser]:
    """A browser whose language is Indonesian."""
    agent = browser.driver.execute_script("return navigator.userAgent")
    override = "Network.setUserAgentOverride"
    browser.driver.execute_cdp_cmd(override, {"userAgent": agent, "acceptLanguage": "id-ID"})
    yield browser
    browser.driver.execute_cdp_cmd(override, {"userAgent": agent, "acceptLanguage": "en-US"})


def test_the_explanation_is_in_the_browsers_language(indonesian: Browser, origin: str) -> None:
    """An Indonesian browser shows the verdict in Indonesian, with the attribute `lang` for screen readers."""
    indonesian.open(f"{origin}/ui/")
    indonesian.click(".try-out__btn")
    indonesian.click(f'input[value="{Mistake.REVERSED}"]')
    _execute(indonesian)
    assert indonesian.see("#verdict").get_attribute("lang") == "id"
    assert indonesian.see("#verdict h4").text == f"Penyebab: {Mistake.REVERSED}"
    assert indonesian.see("#verdict .says").text == message_of(Finding(Verdict.STRING_REVERSED), "id").meaning


def test_a_correct_request_removes_the_verdict(page: Browser) -> None:
    """A correct request after a mistake gets a token, and the old verdict disappears."""
    page.click(f'input[value="{Mistake.REVERSED}"]')
    assert _execute(page)["responseCode"] == "4017300"
    page.see("#verdict")
    page.click(f'input[value="{Mistake.NONE}"]')
    page.click(".execute")
    page.wait(lambda: "2007300" in page.see(".live-responses-table").text)
    assert page.driver.find_elements("id", "verdict") == []


def test_the_keyboard_is_enough(page: Browser) -> None:
    """A mistake can be chosen with an arrow key and executed with Enter."""
    page.see(f'input[value="{Mistake.NONE}"]').send_keys(Keys.DOWN)
    page.see(".execute").send_keys(Keys.ENTER)
    assert page.see("#verdict code").text == Mistake.STALE_CLOCK


def test_the_panel_fits_a_narrow_window(browser: Browser, origin: str) -> None:
    """On a phone the sandbox panel is as wide as the window, and scrolls with the page."""
    narrow = {"width": 360, "height": 640, "deviceScaleFactor": 1, "mobile": True}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
    browser.open(f"{origin}/ui/")
    browser.see(".try-out__btn")
    measured = browser.driver.execute_script(
        "const form = document.getElementById('signing'); window.scrollTo(0, document.body.scrollHeight);"
        "return [form.scrollWidth, form.getBoundingClientRect().bottom]"
    )
    browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert measured[0] <= 360
    assert measured[1] <= 0


def test_a_picture_of_a_refusal(page: Browser, tmp_path: Path) -> None:
    """A refusal and its verdict fit into one window; `make screenshot` saves the picture for the documentation."""
    page.driver.set_window_size(1200, 880)
    page.click(f'input[value="{Mistake.REVERSED}"]')
    _execute(page)
    page.driver.execute_script("arguments[0].scrollIntoView({block: 'end'})", page.see("#verdict"))
    page.screenshot(SCREENSHOT if "SCREENSHOT" in os.environ else tmp_path / SCREENSHOT.name)
    assert page.see("#verdict code").text == Mistake.REVERSED
