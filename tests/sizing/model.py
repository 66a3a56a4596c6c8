"""How much a number of calls a day needs, and which part is full first. All of it follows from `measured`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from handlers.request_limits import CLIENT_REQUESTS
from handlers.snap.replay_key import ReplayKey
from handlers.snap.token import LIFETIME
from handlers.state.redis.engine import HOLD_SECONDS
from handlers.state.sweeping import DAY, WEEK
from tests.merchant import NOON
from tests.nicepay import CLIENT_KEY, jakarta
from tests.sizing import measured
from tests.sizing.measured import ENGINES

CALLS_OF_A_MERCHANT = 10_000
"""A day."""
FACTORS = (1, 10, 1_000)
CALLS_OF_A_TOKEN = 2
"""An inquiry and a payment: NICEPAY asks for a token before each pair (NICO, overview)."""
BUSIEST_HOUR = 0.10
"""The share of a day's requests in its busiest hour."""
BURST = 5
"""How many times the mean of the busiest hour come in its busiest second."""
REDIS_BYTES = 4e9
"""The memory of the Redis in the comparison of the parts."""
YEARS = 10

DAY_SECONDS = 86_400
_TOLERANCE = timedelta(seconds=300)
MARK_SECONDS = ReplayKey.of_token_request(CLIENT_KEY, jakarta(NOON), _TOLERANCE).ttl_seconds
"""How long the mark of a signed token request is needed."""
RESTART_DAYS = 1 + WEEK // DAY
"""How many days of records a state file or database holds if its process starts anew each day."""


@dataclass(frozen=True)
class Load:
    """The load of so many merchants of 10,000 calls a day, or of one merchant with as many calls."""

    factor: float

    @property
    def calls(self) -> float:
        """Calls a day."""
        return self.factor * CALLS_OF_A_MERCHANT

    @property
    def fewest_tokens(self) -> float:
        """Token requests a day, if each merchant's client uses a token until it expires."""
        return self.factor * DAY_SECONDS / LIFETIME.total_seconds()

    @property
    def tokens(self) -> float:
        """Token requests a day, if the client asks for a token before each payment."""
        return self.calls / CALLS_OF_A_TOKEN

    @property
    def requests(self) -> float:
        """Token requests and calls a day."""
        return self.calls + self.tokens

    @property
    def rate(self) -> float:
        """Requests a second, on average in the busiest hour."""
        return self.requests * BUSIEST_HOUR / 3_600

    @property
    def peak(self) -> float:
        """Requests in the busiest second."""
        return self.rate * BURST

    def cores(self, engine: str, rate: float) -> float:
        """How many cores the server uses at this rate of requests a second, with an audit trail."""
        return rate * cpu(engine) / 1e6

    def state(self, engine: str, *, restarted: bool = False) -> float:
        """The bytes in the state store at the end of a day.

        `restarted` says that the processes start anew each day, which changes nothing for Redis.
        """
        days, marks = 1.0, MARK_SECONDS * self.tokens / DAY_SECONDS
        if engine == "Redis":
            days, marks = 1 + HOLD_SECONDS / DAY_SECONDS, (MARK_SECONDS + HOLD_SECONDS) * self.tokens / DAY_SECONDS
        elif restarted:
            days, marks = RESTART_DAYS, RESTART_DAYS * self.tokens
        place = ENGINES.index(engine)
        return days * self.calls * measured.BYTES["call"][place] + marks * measured.BYTES["token"][place]

    def log(self) -> float:
        """The bytes of the log of a day."""
        return self.calls * measured.LOG["call"][0] + self.tokens * measured.LOG["token"][0]

    def audit(self, *, compressed: bool = False) -> float:
        """The bytes of the audit trail of a day."""
        call, token = (measured.AUDIT_LINE[kind][compressed] for kind in ("call", "token"))
        return self.calls * call + self.tokens * token

    def audit_of_years(self) -> float:
        """The bytes of the compressed trail that must be kept."""
        return self.audit(compressed=True) * 365.25 * YEARS

    def verify_seconds(self) -> float:
        """The CPU time to verify the trail of a day."""
        return self.requests * measured.VERIFY / 1e6

    def start_seconds(self) -> float:
        """How long a start checks the rows of a state file, if the server starts anew each day."""
        return RESTART_DAYS * self.requests / measured.CHECKED_ROWS_A_SECOND


def cpu(engine: str) -> float:
    """Microseconds of CPU time for a request of the mix, with an audit trail: a token request, then two calls."""
    place = ENGINES.index(engine)
    calls = CALLS_OF_A_TOKEN * measured.CPU["asymmetric"][place]
    return (measured.CPU["token"][place] + calls) / (1 + CALLS_OF_A_TOKEN) + measured.AUDIT


ONE = Load(1)


@dataclass(frozen=True)
class Part:
    """A part that can be full: what it holds, and what `ONE` needs of it. Requests a second, or bytes of memory."""

    name: str
    holds: float
    needs: float = ONE.peak

    @property
    def factor(self) -> float:
        """How many times `ONE` it holds."""
        return self.holds / self.needs


def _parts() -> Iterator[Part]:
    yield Part("limits", CLIENT_REQUESTS / 60, ONE.rate)  # A client may use the requests of a minute at once.
    yield Part("core", 1e6 / cpu("SQLite"))
    yield Part("sqlite", measured.RECORDS_A_SECOND_IN_SQLITE)
    yield Part("redis", 1e6 / measured.ENGINE_CPU["Redis"][0])
    yield Part("redis memory", REDIS_BYTES, ONE.state("Redis"))
    yield Part("postgresql", 1e6 / measured.ENGINE_CPU["PostgreSQL"][0])
    yield Part("audit", 1e6 / measured.APPEND[False][0])
    yield Part("durable audit", 1e6 / measured.APPEND[True][1])


PARTS = sorted(_parts(), key=lambda part: part.factor)
"""The part that is full first comes first."""
