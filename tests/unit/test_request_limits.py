"""The limits of requests a minute: what counts, for whom, and how much memory the counts take."""

import tracemalloc
from dataclasses import dataclass, field
from ipaddress import ip_address

import pytest

from handlers.request_limits import ADDRESS_REFUSALS, CLIENT_REQUESTS, MOST_SENDERS, Allowance, RequestLimits
from handlers.snap.codes import EXTERNAL_SERVER_ERROR, TOO_MANY_REQUESTS, SnapError, unauthorized

SECOND = 1_000_000_000
FORGED = unauthorized(field="X-SIGNATURE", reason="signature.mismatch")


@dataclass
class _Limited:
    """Limits with a clock that stands still until the test moves it."""

    client_requests: int = CLIENT_REQUESTS
    address_refusals: int = ADDRESS_REFUSALS
    nanoseconds: int = 5 * SECOND
    limits: RequestLimits = field(init=False)

    def __post_init__(self) -> None:
        self.limits = RequestLimits(self.client_requests, self.address_refusals, lambda: self.nanoseconds)

    def genuine(self, client: str = "A", caller: str | None = "203.0.113.9") -> str | None:
        """Send a genuine request. Return Retry-After of the refusal, if it is refused."""
        try:
            self.limits.require_client(client, ip_address(caller) if caller else None)
        except SnapError as refusal:
            return _retry_after(refusal, "client.too_many_requests")
        return None

    def refused(self, caller: str | None, error: Exception = FORGED) -> str | None:
        """Send a request that is refused. Return Retry-After, if the limit refuses it before."""
        address = ip_address(caller) if caller else None
        try:
            self.limits.require_address(address)
        except SnapError as refusal:
            self.limits.count_refusal(address, refusal)
            return _retry_after(refusal, "address.too_many_refusals")
        self.limits.count_refusal(address, error)
        return None


def _retry_after(refusal: SnapError, reason: str) -> str:
    assert (refusal.code, refusal.reason) == (TOO_MANY_REQUESTS, reason)
    return refusal.headers["Retry-After"]


def _first_refusal(limited: _Limited) -> int:
    """How many refused requests one address can send until the limit refuses the next one."""
    return next(sent for sent in range(100_000) if limited.refused("203.0.113.9"))


def test_the_default_numbers() -> None:
    """A client has 12,000 genuine requests a minute from one address, and an address 6,000 refused ones."""
    limited = _Limited()
    assert next(sent for sent in range(100_000) if limited.genuine()) == CLIENT_REQUESTS == 12_000
    assert _first_refusal(limited) == ADDRESS_REFUSALS == 6_000


def test_a_large_merchant_in_a_storm_of_retries_meets_no_default() -> None:
    """100 genuine calls a second for ten minutes, twice the traffic of a large merchant, are all answered."""
    limited = _Limited()
    for _ in range(600):
        assert not any(limited.genuine() for _ in range(100))
        limited.nanoseconds += SECOND


def test_a_client_with_a_wrong_key_meets_no_default() -> None:
    """50 refused calls a second for ten minutes are all judged, so the log has their real reason."""
    limited = _Limited()
    for _ in range(600):
        assert not any(limited.refused("203.0.113.9") for _ in range(50))
        limited.nanoseconds += SECOND


def test_the_wait_is_over_after_retry_after() -> None:
    """After the seconds of Retry-After, the next request is answered, and a second before it is not."""
    limited = _Limited(client_requests=6)
    assert [limited.genuine() for _ in range(7)] == [None] * 6 + ["10"]
    limited.nanoseconds += 9 * SECOND
    assert limited.genuine() == "1"
    limited.nanoseconds += SECOND
    assert [limited.genuine(), limited.genuine()] == [None, "10"]
    limited.nanoseconds += 3600 * SECOND
    assert [limited.genuine() for _ in range(7)] == [None] * 6 + ["10"]


def test_a_client_uses_up_nothing_of_another_client_or_address() -> None:
    """The number is that of one client from one address, also if the address is unknown."""
    limited = _Limited(client_requests=1)
    senders = [("A", "203.0.113.9"), ("B", "203.0.113.9"), ("A", "203.0.113.10"), ("A", None), ("A", "127.0.0.1")]
    assert [limited.genuine(*sender) for sender in senders] == [None] * 5
    assert [limited.genuine(*sender) for sender in senders] == ["60"] * 5


def test_an_address_makes_no_other_address_wait() -> None:
    """The number of refusals is that of one address."""
    limited = _Limited(address_refusals=1)
    assert [limited.refused(caller) for caller in ("203.0.113.9", "203.0.113.10")] == [None, None]
    assert [limited.refused(caller) for caller in ("203.0.113.9", "203.0.113.11")] == ["60", None]


def test_waiting_counts_for_nothing() -> None:
    """A request that the limit refused does not make the wait longer."""
    limited = _Limited(address_refusals=60)
    assert _first_refusal(limited) == 60
    assert {limited.refused("203.0.113.9") for _ in range(100)} == {"1"}
    limited.nanoseconds += SECOND
    assert limited.refused("203.0.113.9") is None


@pytest.mark.parametrize(
    "error",
    [
        SnapError(EXTERNAL_SERVER_ERROR, reason="state.down"),
        unauthorized(field="X-Internal-Authorization", reason="secret.wrong"),
        RuntimeError(),
    ],
    ids=str,
)
def test_a_fault_of_the_merchant_counts_for_no_caller(error: Exception) -> None:
    """A failure of the server or a wrong secret of the proxy uses up nothing of the address."""
    limited = _Limited(address_refusals=1)
    assert not any(limited.refused("203.0.113.9", error) for _ in range(3))


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "172.17.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1", "::1", "fd00::1"]
)
def test_an_address_that_all_callers_may_share_has_no_limit(address: str) -> None:
    """Behind a NAT or a proxy that is not listed, all callers have one local address. None of them shuts others out."""
    limited = _Limited(address_refusals=1)
    assert not any(limited.refused(address) for _ in range(3))
    assert not any(limited.refused(None) for _ in range(3))


def test_ipv6_counts_by_network() -> None:
    """All addresses of one /64 are one sender, and the next /64 is another."""
    limited = _Limited(client_requests=1, address_refusals=1)
    addresses = ["2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:2::1"]
    assert [limited.refused(each) for each in addresses] == [None, "60", None]
    assert [limited.genuine("A", each) for each in addresses] == [None, "60", None]


def test_callers_behind_nat64_are_different_senders() -> None:
    """A translator from IPv4 gives all callers one /64. Each IPv4 address counts for itself, as without it."""
    limited = _Limited(address_refusals=1)
    addresses = ["64:ff9b::203.0.113.9", "64:ff9b::203.0.113.10", "203.0.113.9"]
    assert [limited.refused(each) for each in addresses] == [None, None, "60"]


def test_zero_means_no_limit() -> None:
    """With 0 nothing is refused, and nothing is stored."""
    limited = _Limited(client_requests=0, address_refusals=0)
    assert not any(limited.genuine() or limited.refused("203.0.113.9") for _ in range(20_000))


def test_a_flood_from_many_addresses_takes_bounded_memory() -> None:
    """Twice the most senders take less than 5 MB, and the one that was refused last is still counted."""
    limited = _Limited(address_refusals=1)
    addresses = [str(ip_address("2.0.0.0") + number) for number in range(2 * MOST_SENDERS)]
    tracemalloc.start()
    for address in addresses:
        limited.refused(address)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 5_000_000
    assert limited.refused(addresses[-1]) == "60"


def test_the_sender_that_was_not_counted_for_longest_is_forgotten() -> None:
    """Beyond the maximum number of senders, one that still sends keeps its count."""
    allowance = Allowance(2, lambda: SECOND)
    allowance.use("first")
    allowance.use("quiet")
    allowance.use("first")
    for number in range(MOST_SENDERS - 1):
        allowance.use(number)
    assert allowance.wait("first")
    allowance.use("quiet")
    assert not allowance.wait("quiet")
