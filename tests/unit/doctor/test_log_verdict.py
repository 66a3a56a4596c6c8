"""The verdict that the log has, where a client signs calls without Authorization with its secret."""

import pytest

from handlers.doctor.log_verdict import verdict
from tests.mistakes import World
from tests.mistakes_in_particulars import CASES

WORLD = World()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("empty, without a token", None),
        ("a stranger where the secret signs", None),
        ("a key where the secret signs", "call.signed_asymmetrically"),
    ],
)
def test_a_secret_without_a_token_gets_no_guess(name: str, found: str | None) -> None:
    """The log cannot know whether a secret signed the body, but it knows a signature of a key pair."""
    case = CASES[name]
    clients = case.context(WORLD).clients
    assert verdict("signature.mismatch", "X-SIGNATURE", case.request(WORLD), clients, "body-signed") == found


@pytest.mark.parametrize(
    ("partner_id", "found"), [("SECOND", "token.of_another_client"), ("X", "call.partner_unknown")]
)
def test_every_partner_id_is_known(partner_id: str, found: str) -> None:
    """Each partner ID of a client tells whether the call is another client's."""
    case = CASES["usual"]
    request = case.request(WORLD)
    headers = tuple((name, partner_id if name == "X-PARTNER-ID" else value) for name, value in request.headers)
    changed = type(request)(request.method, request.target, headers, request.body)
    assert verdict("partner.mismatch", "X-PARTNER-ID", changed, case.context(WORLD).clients) == found
