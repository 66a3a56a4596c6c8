"""The limits of requests a minute over HTTP, at both listeners."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.config.settings import Settings
from handlers.server.observability.decision_log import MOST_A_SECOND
from tests.api.conftest import Listeners
from tests.calls import BODY
from tests.internal import SYMMETRIC
from tests.merchant import Clock, Merchant, running, write_settings
from tests.metrics import increases, series
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

STRANGER, CLIENT = {"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-For": "203.0.113.10"}
_LIMITS = "[limits]\nclient_requests_per_minute = 3\naddress_refusals_per_minute = 2"


@pytest.fixture
def limited(tmp_path: Path, nicepay: Nicepay) -> Iterator[Merchant]:
    """A merchant that answers three genuine requests of a client a minute, and two refused ones of an address."""
    other = Nicepay("OTHER")
    with running(Settings.load(write_settings(tmp_path, nicepay, other, extra=_LIMITS)), Clock()) as merchant:
        yield merchant


def _genuine(merchant: Merchant, nicepay: Nicepay) -> dict[str, str]:
    return nicepay.headers(jakarta(merchant.clock.now))


def test_a_flood_of_refusals_makes_no_other_address_wait(limited: Merchant, nicepay: Nicepay) -> None:
    """A stranger who floods in the name of a client gets 429, and the client gets its token.

    The log has at most ten lines a second about the flood.
    """
    genuine = _genuine(limited, nicepay)
    forged = genuine | STRANGER | {"X-SIGNATURE": "AAAA"}
    answers = [limited.send(forged) for _ in range(20)]
    assert [answer.status_code for answer in answers] == [401, 401] + [429] * 18
    assert answers[-1].json() == {"responseCode": "4297300", "responseMessage": "Too Many Requests"}
    assert 0 < int(answers[-1].headers["retry-after"]) <= 30
    assert limited.send(genuine | STRANGER).status_code == 429
    assert limited.send(genuine | CLIENT).status_code == 200
    reasons = [line["reason"] for line in limited.log() if line["event"] == "token.refused"]
    assert reasons == ["signature.mismatch"] * 2 + ["address.too_many_refusals"] * MOST_A_SECOND


def test_every_refusal_counts(limited: Merchant, nicepay: Nicepay) -> None:
    """Requests for unknown paths count as well, before any rule of the document applies."""
    assert [limited.send(STRANGER, path="/admin").status_code for _ in range(3)] == [404, 404, 429]
    assert limited.send(_genuine(limited, nicepay) | STRANGER).status_code == 429


def test_a_client_has_a_limit_of_its_own(limited: Merchant, nicepay: Nicepay) -> None:
    """The fourth genuine request of a client is refused, and the metrics say why. Its forged requests did not count."""
    genuine = _genuine(limited, nicepay) | CLIENT
    assert [limited.send(genuine | {"X-SIGNATURE": "AAAA"} | STRANGER).status_code for _ in range(2)] == [401, 401]
    with increases() as risen:
        assert [limited.send(genuine).status_code for _ in range(4)] == [200, 200, 200, 429]
    reason = {"outcome": "refused", "reason": "client.too_many_requests"}
    refused = series("snap_token_requests_total", client=CLIENT_KEY, response_code="4297300", **reason)
    assert risen[refused] == 1
    assert limited.log()[-1]["reason"] == "client.too_many_requests"


def test_a_call_over_the_limit_uses_up_nothing(listeners: Listeners, nicepay: Nicepay) -> None:
    """A call that the limit refused is genuine later, with the same X-EXTERNAL-ID."""
    internal = listeners("one call a minute")
    assert internal.authorize(internal.asymmetric(nicepay) | CLIENT).status_code == 200
    second = internal.asymmetric(nicepay)
    refused = internal.authorize(second | CLIENT)
    assert (refused.json()["responseCode"], refused.headers["retry-after"]) == ("4292400", "60")
    assert internal.authorize(internal.symmetric(BODY) | CLIENT, BODY).headers["X-Client-Key"] == SYMMETRIC
    assert internal.authorize(second | STRANGER).status_code == 200


def test_only_calls_have_limits_at_the_internal_listener(listeners: Listeners) -> None:
    """A probe of the merchant's systems is answered, whatever was refused before."""
    internal = listeners("limited")
    path = {"X-Original-Method": "POST", "X-Original-URI": "/unknown", **STRANGER}
    assert [internal.authorize(path).status_code for _ in range(3)][-1] == 429
    assert internal.send("GET", "/readyz", STRANGER).status_code == 200
    assert [internal.send("GET", "/unknown", CLIENT).status_code for _ in range(3)] == [404] * 3
    assert internal.authorize(path | CLIENT).status_code == 400
