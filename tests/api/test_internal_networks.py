"""The internal listener's answers about calls from networks that a client may not send from."""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from handlers.config.settings import Settings
from handlers.server.http.client_address import TrustedProxies
from tests.calls import BODY
from tests.internal import InternalListener, running_internal, write_internal_settings
from tests.merchant import Clock
from tests.nicepay import CLIENT_KEY, Nicepay

NETWORK = "103.20.51.0/24"
PROXY = (ip_network("127.0.0.1"),)
INSIDE, OUTSIDE = {"X-Forwarded-For": "103.20.51.7"}, {"X-Forwarded-For": "103.20.51.7, 203.0.113.9"}


@contextmanager
def _listener(folder: Path, nicepay: Nicepay, *, trusted: bool = True) -> Iterator[InternalListener]:
    file = write_internal_settings(folder, nicepay)
    own = 'notification_keys = ["notification.pem"]'
    file.write_text(file.read_text().replace(own, f'{own}\nallowed_networks = ["{NETWORK}"]'))

    def wrap(app: ASGIApp) -> ASGIApp:
        return TrustedProxies(app, PROXY if trusted else (), direct=False)

    with running_internal(Settings.load(file), Clock(), wrap=wrap) as listener:
        yield listener


@pytest.mark.parametrize("form", ["asymmetric", "notification", "body_signed"])
def test_the_address_that_the_proxy_gives_decides(tmp_path: Path, nicepay: Nicepay, form: str) -> None:
    """A call of each form is genuine from the network. From elsewhere it is refused, and the log has the address."""
    with _listener(tmp_path, nicepay) as listener:
        arguments = (nicepay, BODY) if form == "body_signed" else (nicepay,)
        headers = getattr(listener, form)(*arguments)
        refused = listener.authorize(headers | OUTSIDE, BODY)
        line = listener.decision()
        assert (line["reason"], line["remote"]) == ("client.address_not_allowed", "203.0.113.9")
        assert (refused.status_code, "advice" in line) == (401, False)
        assert listener.authorize(headers | INSIDE, BODY).headers["X-Client-Key"] == CLIENT_KEY


def test_the_answer_is_that_for_an_unknown_client(tmp_path: Path, nicepay: Nicepay) -> None:
    """Status, body and headers are the same, except the request ID."""
    with _listener(tmp_path, nicepay) as listener:
        headers = listener.body_signed(nicepay, BODY) | OUTSIDE
        answers = [listener.authorize(each, BODY) for each in (headers, headers | {"X-PARTNER-ID": "NOBODY"})]
        assert answers[0].content == answers[1].content
        assert len({tuple(sorted(_without_id(dict(each.headers)).items())) for each in answers}) == 1
        assert [line["reason"] for line in listener.log()] == ["client.address_not_allowed", "client.unknown"]


def _without_id(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in {"x-request-id", "date"}}


@pytest.mark.parametrize("sent", [INSIDE, {"Forwarded": "for=103.20.51.7"}, {}])
def test_a_proxy_that_is_not_trusted_gives_no_address(tmp_path: Path, nicepay: Nicepay, sent: dict[str, str]) -> None:
    """Without trusted proxies every call of the client is refused, and the log names the setting."""
    with _listener(tmp_path, nicepay, trusted=False) as listener:
        assert listener.authorize(listener.asymmetric(nicepay) | sent, BODY).status_code == 401
        line = listener.decision()
        assert (line["reason"], line["remote"]) == ("client.address_not_allowed", "127.0.0.1")
        assert "list your proxies in [server] trusted_proxies" in line["advice"]


def test_headers_that_disagree_give_no_address(tmp_path: Path, nicepay: Nicepay) -> None:
    """A caller that sends the header that its proxy does not set is refused."""
    with _listener(tmp_path, nicepay) as listener:
        headers = listener.asymmetric(nicepay)
        assert listener.authorize(headers | OUTSIDE | {"Forwarded": "for=103.20.51.7"}, BODY).status_code == 401
        assert "remove the other" in listener.decision()["advice"]
        assert listener.authorize(headers | {"Forwarded": "for=103.20.51.7"}, BODY).status_code == 200
