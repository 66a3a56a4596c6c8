"""How many requests a minute the server takes: genuine ones of a client, and refused ones from an address.

A genuine request counts for its client. A refused request counts for the address that sent it. So a stranger who sends
the key of a client uses up nothing of this client, and a flood from one address makes no other address wait.

Each process counts for itself, in memory: a limit that asks the state store would fail when the store does.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from http import HTTPStatus
from ipaddress import IPv6Address, ip_network
from math import ceil
from time import monotonic_ns

from handlers.snap.codes import TOO_MANY_REQUESTS, SnapError
from handlers.snap.networks import Address, contains

CLIENT_REQUESTS = 12_000
"""Default number of genuine requests a minute of one client from one address: 200 a second."""

ADDRESS_REFUSALS = 6_000
"""Default number of refused requests a minute from one address: 100 a second."""

MOST_SENDERS = 16_384
"""Maximum number of senders that are counted. Beyond it, the sender that was not counted for longest is forgotten."""

_MINUTE = 60_000_000_000  # nanoseconds
_SECOND = 1_000_000_000
# Only the proxy itself can mend its secret. The address belongs to a caller that has nothing to do with it.
_NOT_COUNTED = frozenset({"address.too_many_refusals", "secret.wrong"})
# The end of the address is the choice of its owner, who has a /64 at least (RFC 6177, section 2).
_IPV6_HOST_BITS = 64
_IPV4_BITS = 32
# NAT64 shows the IPv4 address of each caller in one /64 (RFC 6052, section 2.1).
_NAT64 = int(IPv6Address("64:ff9b::")) >> _IPV4_BITS

_LOCAL = tuple(
    ip_network(each)
    for each in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
)
"""Addresses that the Internet does not route (RFC 6890). Behind a NAT or an unlisted proxy, all callers share one."""


class Allowance:
    """A number of requests a minute for each sender (the generic cell rate algorithm, ITU-T I.371).

    A sender may use all of it at once. It fills again evenly, so with 60 a minute one more request each second.
    """

    def __init__(self, a_minute: int, clock: Callable[[], int]) -> None:
        """`a_minute` is the number of requests. 0 means no limit. `clock` is monotonic and counts nanoseconds."""
        self._interval = _MINUTE // a_minute if a_minute else 0
        self._clock = clock
        # For each sender, the time at which its allowance is full again.
        self._full_at: OrderedDict[Hashable, int] = OrderedDict()

    def wait(self, sender: Hashable) -> int:
        """The nanoseconds until the sender has a request left. 0 if it has one now."""
        full_at = self._full_at.get(sender)
        return 0 if full_at is None else max(0, full_at + self._interval - _MINUTE - self._clock())

    def use(self, sender: Hashable) -> None:
        """Count one request of the sender."""
        if self._interval:
            now = self._clock()
            self._full_at[sender] = max(self._full_at.pop(sender, now), now) + self._interval
            if len(self._full_at) > MOST_SENDERS:
                self._full_at.popitem(last=False)


class RequestLimits:
    """The limits of the settings, and what is counted since they were read."""

    def __init__(
        self,
        client_requests: int = CLIENT_REQUESTS,
        address_refusals: int = ADDRESS_REFUSALS,
        clock: Callable[[], int] = monotonic_ns,
    ) -> None:
        """Both numbers are for one minute. 0 means no limit. `clock` is monotonic and counts nanoseconds."""
        self._clients, self._addresses = Allowance(client_requests, clock), Allowance(address_refusals, clock)

    def require_client(self, client_key: str, caller: Address | None) -> None:
        """Count a genuine request of the client. Another address that repeats its requests has a number of its own.

        Raises:
            SnapError: 429 00, the client has sent too many from this address.
        """
        sender = (client_key, _network(caller) if caller else None)
        _require(self._clients.wait(sender), reason="client.too_many_requests")
        self._clients.use(sender)

    def require_address(self, caller: Address | None) -> None:
        """Require that the address has a refusal left. An unknown or local address always has one.

        Raises:
            SnapError: 429 00, too many requests from this address were refused.
        """
        if caller:
            _require(self._addresses.wait(_network(caller)), reason="address.too_many_refusals")

    def count_refusal(self, caller: Address | None, error: Exception) -> None:
        """Count a refused request. A failure of the server (5xx) is no fault of its sender, and does not count."""
        if caller and _is_counted(error) and not contains(_LOCAL, caller):
            self._addresses.use(_network(caller))


def _is_counted(error: Exception) -> bool:
    if not isinstance(error, SnapError):
        return False
    return error.code.status < HTTPStatus.INTERNAL_SERVER_ERROR and error.reason not in _NOT_COUNTED


def _network(address: Address) -> int:
    """What counts as one sender: an IPv4 address, or the /64 of an IPv6 address. Only the number of a /64 is negative.

    Numbers, because the hash of an address object takes as long as everything else here.
    """
    number = int(address)
    if isinstance(address, IPv6Address):
        is_ipv4 = number >> _IPV4_BITS == _NAT64
        number = number % (1 << _IPV4_BITS) if is_ipv4 else ~(number >> _IPV6_HOST_BITS)
    return number


def _require(wait: int, *, reason: str) -> None:
    if wait:
        raise SnapError(TOO_MANY_REQUESTS, reason=reason, headers={"Retry-After": str(ceil(wait / _SECOND))})
