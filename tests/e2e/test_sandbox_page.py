"""The sandbox's page in a browser: it signs what is executed, and says why a request was refused."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.keys import Keys

from handlers.doctor.messages.render import message_of
from handlers.doctor.verdicts import Finding, Verdict
from handlers.server.sandbox.client_mistakes import Mistake
from tests.e2e.browser import Browser, browsing
from tests.e2e.conftest import COMMAND, FREE_PORT, Sandbox
from tests.e2e.process import environment, running

SCREENSHOT = Path(__file__).parents[2] / ".assets" / "swagger-ui.png"
MISTAKES = [each for each in Mistake if each is not Mistake.NONE]


@pytest.fixture(scope="module")
def origin(sandbox: Sandbox) -> Iterator[str]:
    """Where the server of the sandbox is."""
    with running(COMMAND, "serve", "--config", sandbox.config, env=environment(**FREE_PORT)) as process:
        endpoint = urlsplit(process.err.event("server.listening")["endpoint"])
        yield f"{endpoint.scheme}://{endpoint.netloc}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, origin: str) -> Browser:
    """The page, freshly loaded, ready to execute."""
    browser.open(f"{origin}/ui/")
    browser.click(".try-out__btn")
    browser.see(".execute")
    return browser


def _executed(page: Browser) -> dict[str, str]:
    """Press Execute and read the body of the answer."""
    page.click(".execute")
    body: dict[str, str] = json.loads(page.see(".live-responses-table .highlight-code code").text)
    return body


def _grave(complaints: list[str]) -> list[str]:
    """All but what Chromium itself says of every answer of 400 and more."""
    return [each for each in complaints if "the server responded with a status of 401" not in each]


def test_the_page_loads_without_a_complaint_and_from_here_alone(page: Browser, origin: str) -> None:
    """The console is silent, and no request goes to another host."""
    assert page.complaints() == []
    requests = page.requests()
    assert f"{origin}/ui/openapi.json" in requests
    assert [url for url in requests if not url.startswith(f"{origin}/ui/")] == []


def test_what_is_executed_is_signed(page: Browser, origin: str) -> None:
    """Try it out, Execute: a genuine request, a token, and nothing to explain."""
    answer = _executed(page)
    assert answer["responseCode"] == "2007300"
    assert answer["accessToken"]
    assert page.driver.find_elements("id", "verdict") == []
    assert page.see("#signed").text.startswith('Signed: "IONPAYTEST|')
    assert page.see("#outcome").text == "200"
    assert page.complaints() == []
    assert [url for url in page.requests() if not url.startswith(f"{origin}/")] == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_refused_and_explained(page: Browser, mistake: Mistake, origin: str) -> None:
    """The request is refused with 4017300, and the doctor's verdict on what was sent stands under the answer."""
    page.click(f'input[value="{mistake}"]')
    assert _executed(page)["responseCode"] == "4017300"
    assert page.see("#verdict code").text == mistake
    assert page.see("#outcome").text == f"401 · {mistake}"
    assert page.see("#verdict .says").text
    assert page.see("#verdict .advice").text
    assert page.driver.find_elements("css selector", "#verdict .also") == []
    assert _grave(page.complaints()) == []
    assert [url for url in page.requests() if not url.startswith(f"{origin}/")] == []


def test_signing_can_be_switched_off(page: Browser) -> None:
    """Without it the fields are sent as they stand: those of the document's example, of years ago."""
    page.click("#sign")
    assert "of 2024" in page.see("#what-not").text
    assert _executed(page)["responseCode"] == "4017300"
    assert page.see("#ways").get_property("disabled") is True
    assert page.see("#verdict code").text == "clock.behind"
    assert page.see("#verdict .says").text.startswith("X-TIMESTAMP is ")
    assert page.see("#verdict .also").text == "key.unknown"


def test_what_was_sent_is_shown_as_text(page: Browser) -> None:
    """The evidence repeats a client key, and whatever is in it is no markup."""
    field = page.see('tr[data-param-name="X-CLIENT-KEY"] input')
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("<b>NOBODY</b>", Keys.TAB)
    assert _executed(page)["responseCode"] == "4017300"
    assert page.see("#verdict code").text == "client.unknown"
    assert "client: <b>NOBODY</b>" in page.see("#verdict .evidence").text


def test_links_within_the_document_lead_to_its_sections(page: Browser) -> None:
    """A link such as #section/Time-window scrolls to the heading of that name."""
    page.driver.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    page.click('.parameters a[href="#section/Time-window"]')
    top = page.driver.execute_script(
        "return [...document.querySelectorAll('.info h1')].find(e => e.textContent === 'Time window')"
        ".getBoundingClientRect().top"
    )
    assert 0 <= top < 400


@pytest.fixture
def indonesian(browser: Browser) -> Iterator[Browser]:
    """The browser of somebody who reads Indonesian."""
    agent = browser.driver.execute_script("return navigator.userAgent")
    override = "Network.setUserAgentOverride"
    browser.driver.execute_cdp_cmd(override, {"userAgent": agent, "acceptLanguage": "id-ID"})
    yield browser
    browser.driver.execute_cdp_cmd(override, {"userAgent": agent, "acceptLanguage": "en-US"})


def test_the_explanation_is_in_the_browsers_language(indonesian: Browser, origin: str) -> None:
    """An Indonesian browser shows the verdict in Indonesian, and names the language to whoever reads it aloud."""
    indonesian.open(f"{origin}/ui/")
    indonesian.click(".try-out__btn")
    indonesian.click(f'input[value="{Mistake.REVERSED}"]')
    _executed(indonesian)
    assert indonesian.see("#verdict").get_attribute("lang") == "id"
    assert indonesian.see("#verdict h4").text == f"Penyebab: {Mistake.REVERSED}"
    assert indonesian.see("#verdict .says").text == message_of(Finding(Verdict.STRING_REVERSED), "id").meaning


def test_a_correct_request_takes_the_verdict_away(page: Browser) -> None:
    """After a mistake the next answer counts: a token, and no word of what was wrong before."""
    page.click(f'input[value="{Mistake.REVERSED}"]')
    assert _executed(page)["responseCode"] == "4017300"
    page.see("#verdict")
    page.click(f'input[value="{Mistake.NONE}"]')
    page.click(".execute")
    page.wait(lambda: "2007300" in page.see(".live-responses-table").text)
    assert page.driver.find_elements("id", "verdict") == []


def test_keys_alone_will_do(page: Browser) -> None:
    """Whoever has no pointer chooses a mistake with an arrow key, and executes with Enter."""
    page.see(f'input[value="{Mistake.NONE}"]').send_keys(Keys.DOWN)
    page.see(".execute").send_keys(Keys.ENTER)
    assert page.see("#verdict code").text == Mistake.STALE_CLOCK


def test_a_narrow_window_keeps_its_room(browser: Browser, origin: str) -> None:
    """On a telephone the desk is as wide as the window, and scrolls away."""
    narrow = {"width": 360, "height": 640, "deviceScaleFactor": 1, "mobile": True}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
    browser.open(f"{origin}/ui/")
    browser.see(".try-out__btn")
    measured = browser.driver.execute_script(
        "const desk = document.getElementById('desk'); window.scrollTo(0, document.body.scrollHeight);"
        "return [desk.scrollWidth, desk.getBoundingClientRect().bottom]"
    )
    browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert measured[0] <= 360
    assert measured[1] <= 0


def test_a_picture_of_a_refusal(page: Browser, tmp_path: Path) -> None:
    """A refusal and its verdict fit into one window; `make screenshot` saves the picture for the documentation."""
    page.driver.set_window_size(1200, 880)
    page.click(f'input[value="{Mistake.REVERSED}"]')
    _executed(page)
    page.driver.execute_script("arguments[0].scrollIntoView({block: 'end'})", page.see("#verdict"))
    page.screenshot(SCREENSHOT if "SCREENSHOT" in os.environ else tmp_path / SCREENSHOT.name)
    assert page.see("#verdict code").text == Mistake.REVERSED
