"""The sandbox's page in a browser: it signs what is executed, and says why a request was refused."""

import json
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from handlers.server import start
from handlers.server.desk import Desk, RefusedRequest
from handlers.server.mistakes import Mistake
from handlers.server.sandbox import SandboxPages
from handlers.server.settings import Settings
from tests.e2e.browser import Browser, browsing
from tests.merchant import BASE_PATH, Clock, Merchant, running, write_settings
from tests.nicepay import Nicepay

SCREENSHOT = Path(__file__).parents[2] / ".assets" / "swagger-ui.png"
MISTAKES = [each for each in Mistake if each is not Mistake.NONE]


class Doctor:
    """Stands in for whoever explains: it notes what it is asked, and says what the test has told it."""

    def __init__(self) -> None:
        self.asked: list[RefusedRequest] = []
        self.verdict = ""

    def __call__(self, request: RefusedRequest) -> Mapping[str, object]:
        self.asked.append(request)
        return {
            "verdict": self.verdict,
            "also": ["one more"],
            "evidence": {"a": 1, "b": {}},
            "advice": "Do <b>better</b>.",
        }


@pytest.fixture(scope="module")
def doctor() -> Doctor:
    return Doctor()


@pytest.fixture(scope="module")
def sandbox(nicepay: Nicepay, doctor: Doctor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merchant]:
    """A server with the sandbox's pages, at the machine's own time."""
    settings = Settings.load(write_settings(tmp_path_factory.mktemp("page"), nicepay))
    clock = Clock(start.system_clock())
    desk = Desk(nicepay.private_key, clock, doctor)
    with running(settings, clock, partial(SandboxPages, base_path=BASE_PATH, desk=desk)) as merchant:
        yield merchant


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, sandbox: Merchant, doctor: Doctor) -> Browser:
    """The page, freshly loaded, ready to execute."""
    doctor.asked.clear()
    browser.open(f"{sandbox.origin}/ui/")
    browser.click(".try-out__btn")
    browser.see(".execute")
    return browser


def _executed(page: Browser) -> dict[str, str]:
    """Press Execute and read the body of the answer."""
    page.click(".execute")
    body: dict[str, str] = json.loads(page.see(".live-responses-table .highlight-code code").text)
    return body


def test_the_page_loads_without_a_complaint_and_from_here_alone(page: Browser, sandbox: Merchant) -> None:
    """The console is silent, and no request goes to another host."""
    assert page.complaints() == []
    requests = page.requests()
    assert f"{sandbox.origin}/ui/openapi.json" in requests
    assert [url for url in requests if not url.startswith(f"{sandbox.origin}/ui/")] == []


def test_what_is_executed_is_signed(page: Browser, sandbox: Merchant) -> None:
    """Try it out, Execute: a genuine request, a token, and nothing to explain."""
    answer = _executed(page)
    assert answer["responseCode"] == "2007300"
    assert answer["accessToken"]
    assert page.driver.find_elements("id", "verdict") == []
    assert page.see("#signed").text.startswith('Signed: "IONPAYTEST|')
    assert page.complaints() == []
    assert [url for url in page.requests() if not url.startswith(f"{sandbox.origin}/")] == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_refused_and_explained(page: Browser, doctor: Doctor, mistake: Mistake) -> None:
    """The request is refused with 4017300, and the verdict on what was sent stands under the answer, as text."""
    doctor.verdict = mistake
    page.click(f'input[value="{mistake}"]')
    assert _executed(page)["responseCode"] == "4017300"
    assert page.see("#verdict code").text == mistake
    assert page.see("#verdict .advice").text == "Do <b>better</b>."
    assert page.see("#verdict .also").text == "one more"
    assert page.see("#verdict .evidence").text == "a: 1"
    (asked,) = doctor.asked
    assert asked.target == f"{BASE_PATH}/access-token/b2b"
    assert dict(asked.headers)["X-CLIENT-KEY"] == "IONPAYTEST"
    assert json.loads(asked.body)["grantType"] == "client_credentials"


def test_signing_can_be_switched_off(page: Browser, doctor: Doctor) -> None:
    """Without it the fields are sent as they stand: those of the document's example, of years ago."""
    page.click("#sign")
    assert _executed(page)["responseCode"] == "4017300"
    assert dict(doctor.asked[0].headers)["X-TIMESTAMP"] == "2024-01-22T15:00:01+07:00"
    assert page.see("#ways").get_property("disabled") is True


def test_links_within_the_document_lead_to_its_sections(page: Browser) -> None:
    """A link such as #section/Time-window scrolls to the heading of that name."""
    page.driver.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    page.click('.parameters a[href="#section/Time-window"]')
    top = page.driver.execute_script(
        "return [...document.querySelectorAll('.info h1')].find(e => e.textContent === 'Time window')"
        ".getBoundingClientRect().top"
    )
    assert 0 <= top < 400


@pytest.mark.skipif("SCREENSHOT" not in os.environ, reason="`make screenshot` takes the picture anew")
def test_the_picture_of_the_readme(page: Browser, doctor: Doctor) -> None:
    """A refusal and its verdict, as a reader of the README sees them."""
    doctor.verdict = Mistake.REVERSED
    page.click(f'input[value="{Mistake.REVERSED}"]')
    _executed(page)
    page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", page.see("#verdict"))
    page.screenshot(SCREENSHOT)
