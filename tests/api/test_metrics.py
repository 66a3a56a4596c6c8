"""What requests to both listeners change in the metrics, and how Prometheus reads them."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from handlers.server.observability.metrics.exposition import OPENMETRICS, TEXT
from tests.api.conftest import Listeners
from tests.calls import BODY, PARTNER
from tests.document import INTERNAL
from tests.internal import PROXY_SECRET, InternalListener
from tests.merchant import Merchant
from tests.metrics import Series, increases, parsed, series, values
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

SECRET = {"Authorization": f"Bearer {PROXY_SECRET}"}


def _counted(risen: dict[Series, float]) -> dict[Series, float]:
    """Without times, and without the state store's own work."""
    return {name: by for name, by in risen.items() if not name[0].endswith(("_sum", "_seconds_count"))}


def _token_request(client: str, outcome: str, code: str, reason: str = "") -> Series:
    labels = {"client": client, "outcome": outcome, "response_code": code, "reason": reason}
    return series("snap_token_requests_total", **labels)


def _call(client: str, outcome: str, code: str, reason: str = "", service: str = "24") -> Series:
    labels = {"client": client, "service_code": service, "outcome": outcome, "response_code": code, "reason": reason}
    return series("snap_call_authorizations_total", **labels)


def test_token_requests_are_counted(merchant: Merchant, nicepay: Nicepay, stranger: Nicepay) -> None:
    """Each token request counts once, by its client, its answer and the reason in the log."""
    new = jakarta(merchant.clock.now - timedelta(seconds=171))  # No other test sends this timestamp.
    with increases() as risen:
        merchant.ask(nicepay, new)
        merchant.ask(stranger)
        merchant.send({})
    assert _counted(risen) == {
        _token_request(CLIENT_KEY, "issued", "2007300"): 1,
        _token_request(CLIENT_KEY, "refused", "4017300", "signature.mismatch"): 1,
        _token_request("other", "refused", "4007302", "header.missing"): 1,
    }


def test_a_repeat_is_counted(merchant: Merchant, nicepay: Nicepay) -> None:
    """A token request that is sent again counts as a repeat, although it gets a token."""
    timestamp = jakarta(merchant.clock.now - timedelta(seconds=173))
    with increases() as risen:
        merchant.ask(nicepay, timestamp)
        merchant.ask(nicepay, timestamp)
    repeats = series("snap_repeats_total", client=CLIENT_KEY, operation="issueAccessToken")
    assert _counted(risen) == {_token_request(CLIENT_KEY, "issued", "2007300"): 2, repeats: 1}


def test_the_duration_of_a_request_is_measured(merchant: Merchant, nicepay: Nicepay) -> None:
    """The duration has the operation as its label, also if routing was not reached. The signature is timed too."""
    with increases() as risen:
        merchant.ask(nicepay)
        merchant.send({}, path="/elsewhere")
        merchant.send({f"x-{number}": "y" for number in range(100)})
    durations = {name: by for name, by in risen.items() if name[0] == "snap_request_duration_seconds_count"}
    assert durations == {
        series("snap_request_duration_seconds_count", operation="issueAccessToken"): 2,
        series("snap_request_duration_seconds_count", operation="other"): 1,
    }
    assert risen[series("snap_signature_verification_seconds_count", form="token-request")] == 1
    assert risen[series("snap_state_operation_seconds_count", operation="first_seen")] == 1


SKEW = "snap_client_clock_skew_seconds_bucket"


def _skews() -> dict[str, float]:
    """The buckets of the client, from the lowest to the highest."""
    own = ("client", CLIENT_KEY)
    buckets = {labels: value for (name, labels), value in values().items() if name == SKEW and own in labels}
    found = {dict(labels)["le"]: value for labels, value in buckets.items()}
    return dict(sorted(found.items(), key=lambda item: float(item[0])))


def _bucket_of_new_skew(before: dict[str, float]) -> str:
    """The smallest bucket that counted something since."""
    return next(bound for bound, value in _skews().items() if value > before.get(bound, 0))


@pytest.mark.parametrize(("seconds", "bucket"), [(-200, "-120.0"), (200, "300.0"), (500, "600.0"), (0, "0.0")])
def test_the_clock_skew_of_a_genuine_request_is_measured(
    merchant: Merchant, nicepay: Nicepay, seconds: int, bucket: str
) -> None:
    """Positive means that the client is ahead. A request beyond the tolerance counts too, if its signature is valid."""
    merchant.clock.now = merchant.clock.now.replace(microsecond=0)
    merchant.ask(nicepay)
    before = _skews()
    merchant.ask(nicepay, jakarta(merchant.clock.now + timedelta(seconds=seconds)))
    merchant.send({})  # The signature of a refused request is verified after its answer, but before the next.
    assert _bucket_of_new_skew(before) == bucket


def test_the_clock_skew_of_a_forger_is_not_measured(merchant: Merchant, stranger: Nicepay) -> None:
    """Nobody but the client itself can change its clock skew in the metrics."""
    before = _skews()
    for seconds in (200, 500):
        merchant.ask(stranger, jakarta(merchant.clock.now + timedelta(seconds=seconds)))
    assert _skews() == before


def test_calls_are_counted(internal: InternalListener, nicepay: Nicepay) -> None:
    """Each decision about a call counts once, by its client and its service."""
    genuine = internal.asymmetric(nicepay)
    with increases() as risen:
        internal.authorize(genuine, BODY)
        internal.authorize(genuine, BODY)
        internal.authorize(internal.asymmetric(nicepay) | {"X-SIGNATURE": "AAAA"}, BODY)
        internal.authorize({"X-Original-URI": "/elsewhere", "X-Original-Method": "POST"}, BODY)
        internal.authorize(internal.notification(nicepay), BODY)
    repeats = series("snap_repeats_total", client=CLIENT_KEY, operation="authorizeCall")
    assert _counted(risen) == {
        _call(CLIENT_KEY, "genuine", "200"): 1,
        _call(CLIENT_KEY, "refused", "4092400", "call.repeated"): 1,
        _call(CLIENT_KEY, "refused", "4012400", "signature.mismatch"): 1,
        _call("other", "refused", "4000002", "header.missing", service="00"): 1,
        _call(CLIENT_KEY, "genuine", "200", service="52"): 1,
        repeats: 1,
    }
    assert risen[series("snap_signature_verification_seconds_count", form="notification")] == 1
    assert risen[series("snap_signature_verification_seconds_count", form="token")] == 3


def test_other_requests_are_counted_apart(internal: InternalListener) -> None:
    """Probes, forms and the metrics themselves are no decisions about a token or a call."""
    internal.log()
    with increases() as risen:
        for path in ("/livez", "/metrics", "/elsewhere"):
            internal.client.get(path)
        internal.post_form("/introspect", "token=none")
        internal.post_form("/revoke", "client_id=IONPAYTEST")
    name = "snap_internal_requests_total"
    assert _counted(risen) == {
        series(name, operation="reportLiveness", outcome="answered", response_code="200"): 1,
        series(name, operation="reportMetrics", outcome="answered", response_code="200"): 1,
        series(name, operation="other", outcome="refused", response_code="4040000"): 1,
        series(name, operation="introspectToken", outcome="answered", response_code="200"): 1,
        series(name, operation="revokeTokens", outcome="revoked", response_code="200"): 1,
    }
    assert [line["event"] for line in internal.log()] == ["call.refused", "tokens.revoked"]


def test_no_caller_can_add_time_series(merchant: Merchant, internal: InternalListener, nicepay: Nicepay) -> None:
    """A thousand invented clients, partners, paths and methods leave the number of time series as it was."""
    random = Random(17)

    def send_invented_names() -> None:
        name = f"{random.randbytes(9).hex()}"
        merchant.send(replace(nicepay, client_key=name).headers(jakarta(merchant.clock.now)))
        merchant.send({"X-CLIENT-KEY": name}, path=f"/{name}", method="PUT")
        call = {"X-Original-Method": "POST", "X-Original-URI": f"/{name}", "X-PARTNER-ID": name, "X-CLIENT-KEY": name}
        internal.authorize(internal.asymmetric(nicepay) | call, BODY)
        internal.client.get(f"/{name}")

    send_invented_names()
    before = values().keys()
    for _ in range(250):
        send_invented_names()
    assert values().keys() == before


def test_a_partner_id_leads_to_its_client(internal: InternalListener, nicepay: Nicepay) -> None:
    """A refused call counts for the client that its X-PARTNER-ID belongs to."""
    call = internal.asymmetric(nicepay)
    assert call["X-PARTNER-ID"] == PARTNER
    with increases() as risen:
        internal.authorize({**call, "Authorization": "Bearer none"}, BODY)
    assert _call(CLIENT_KEY, "refused", "4012401", "token.tampered") in risen


def test_the_page_has_the_format_that_the_caller_accepts(internal: InternalListener) -> None:
    """Without Accept it is Prometheus' text format. OpenMetrics ends with its mark. Both have the same values."""
    text = internal.client.get("/metrics")
    openmetrics = internal.client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert (text.headers["content-type"], openmetrics.headers["content-type"]) == (TEXT, OPENMETRICS)
    assert text.headers["vary"] == openmetrics.headers["vary"] == "Accept"
    assert openmetrics.text.endswith("# EOF\n")
    assert parsed(text.text)[series("snap_state_up")] == 1
    described = INTERNAL["components"]["responses"]["Metrics"]["content"]
    assert {each.partition(";")[0] for each in (TEXT, OPENMETRICS)} == described.keys()


def test_openmetrics_is_what_its_parser_accepts(
    internal: InternalListener, nicepay: Nicepay, merchant: Merchant
) -> None:
    """The page follows the rules of OpenMetrics, also for a histogram of values that can be negative."""
    assert merchant.ask(nicepay).is_success
    page = internal.client.get("/metrics", headers={"Accept": "application/openmetrics-text"}).text
    families = {family.name: family for family in text_string_to_metric_families(page)}
    names = {sample.name for sample in families["snap_client_clock_skew_seconds"].samples}
    assert names == {"snap_client_clock_skew_seconds_bucket"}


def test_the_metrics_need_the_secret(listeners: Listeners) -> None:
    """A listener with a secret shows no metrics to a caller without it."""
    guarded = listeners("guarded")
    assert guarded.send("GET", "/metrics").json()["responseCode"] == "4010000"
    assert guarded.client.get("/metrics", headers=SECRET).is_success


def test_the_public_listener_has_no_metrics(merchant: Merchant) -> None:
    """NICEPAY and everybody else on the public port cannot read the metrics."""
    assert merchant.client.get("/metrics").status_code == 404
