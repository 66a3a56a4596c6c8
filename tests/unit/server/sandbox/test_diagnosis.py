"""The explanation of a refusal for the sandbox page."""

from datetime import timedelta

import pytest

from handlers.doctor.messages.en import TEXTS
from handlers.server.sandbox.diagnosis import explain_with_doctor
from handlers.server.sandbox.page_api import RefusedRequest
from handlers.services import Services
from tests.calls import services as services_of
from tests.calls import without_clients
from tests.merchant import NOON
from tests.nicepay import BODY, Nicepay, jakarta

TOKEN_PATH = "/api/v1.0/access-token/b2b"


@pytest.fixture
def known(nicepay: Nicepay) -> Services:
    """The services of the merchant."""
    return services_of(nicepay)


def _refused(nicepay: Nicepay, lang: str = "en") -> RefusedRequest:
    """A refused request, which is ten minutes late."""
    headers = nicepay.headers(jakarta(NOON - timedelta(minutes=10)))
    question = {"method": "POST", "target": TOKEN_PATH, "headers": list(headers.items()), "body": BODY.decode()}
    return RefusedRequest.model_validate({**question, "lang": lang})


def test_a_refusal_is_explained(nicepay: Nicepay, known: Services) -> None:
    """The explanation has the verdict, the finding as text, the advice and the evidence."""
    reported = explain_with_doctor(lambda: known, TOKEN_PATH)(_refused(nicepay))
    assert (reported["verdict"], reported["also"]) == ("clock.behind", [])
    assert str(reported["says"]).startswith("X-TIMESTAMP is 600 seconds behind")
    assert reported["advice"] == TEXTS["clock.behind"][1]  # type: ignore[index]  # a constant is its text
    assert isinstance(reported["evidence"], dict)
    assert list(reported["evidence"]) == ["clock.behind"]


def test_the_language_is_that_of_the_page(nicepay: Nicepay, known: Services) -> None:
    """The explanation is in Indonesian if the page asks for it."""
    reported = explain_with_doctor(lambda: known, TOKEN_PATH)(_refused(nicepay, "id"))
    assert "detik" in str(reported["says"])


def test_the_current_clients_are_used(nicepay: Nicepay, known: Services) -> None:
    """A client that was removed from the settings is unknown."""
    now = [known]
    explain = explain_with_doctor(lambda: now[0], TOKEN_PATH)
    now[0] = without_clients(known, nicepay)
    assert explain(_refused(nicepay))["also"] == ["client.unknown", "key.of_another_client"]
