"""How long refusals take: can a caller distinguish an unknown client from a wrong signature by the response time?

`make bench` runs this with a real server process and one connection, and sends the kinds of request in random order.
It reports the times and asserts nothing.
"""

import random
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from subprocess import Popen

from tests.document import TOKEN_PATH
from tests.e2e.process import COMMAND, free_port
from tests.merchant import BASE_PATH, write_settings
from tests.nicepay import BODY, Nicepay, jakarta, new_key

ROUNDS = 3_000
WARM_UP = 500
RESAMPLES = 400
KNOWN = Nicepay()
FOUR_KEYS = Nicepay("FOURKEYS")
LARGE_KEY = Nicepay("LARGEKEY", new_key(4096))
SUSPENDED = Nicepay("SUSPENDED")
STRANGER = Nicepay()
Headers = dict[str, str]


def _unknown_client(timestamp: str) -> Headers:
    return Nicepay("NOBODYTEST", STRANGER.private_key).headers(timestamp)


def _wrong_signature(timestamp: str) -> Headers:
    return STRANGER.headers(timestamp)


def _wrong_padding(timestamp: str) -> Headers:
    """A signature that is a number below the modulus, with wrong padding."""
    return KNOWN.headers(timestamp) | {"X-SIGNATURE": b64encode(b"\x01" + random.randbytes(255)).decode()}


def _four_keys(timestamp: str) -> Headers:
    return Nicepay("FOURKEYS", STRANGER.private_key).headers(timestamp)


def _large_key(timestamp: str) -> Headers:
    return Nicepay("LARGEKEY", STRANGER.private_key).headers(timestamp)


def _above_the_modulus(timestamp: str) -> Headers:
    return KNOWN.headers(timestamp) | {"X-SIGNATURE": b64encode(b"\xff" * 256).decode()}


def _suspended(timestamp: str) -> Headers:
    return SUSPENDED.headers(timestamp)


def _suspended_wrong(timestamp: str) -> Headers:
    return Nicepay(SUSPENDED.client_key, STRANGER.private_key).headers(timestamp)


KINDS: dict[str, Callable[[str], Headers]] = {
    "unknown client": _unknown_client,
    "wrong signature": _wrong_signature,
    "wrong padding": _wrong_padding,
    "number above the modulus": _above_the_modulus,
    "suspended, right signature": _suspended,
    "suspended, wrong signature": _suspended_wrong,
    "wrong signature, four keys": _four_keys,
    "wrong signature, 4096 bits": _large_key,
}


def _settings(folder: Path, port: int) -> Path:
    """Settings with four clients: one key, four keys, a key of 4096 bits, and a suspended client."""
    settings = write_settings(folder, KNOWN, FOUR_KEYS, LARGE_KEY, SUSPENDED, extra=f"[server]\nport = {port}")
    for number in range(3):
        (folder / f"{number}.pem").write_text(Nicepay().public_pem)
    text = settings.read_text()
    text = text.replace('["FOURKEYS.pem"]', '["FOURKEYS.pem", "0.pem", "1.pem", "2.pem"]')
    settings.write_text(f"{text}\nsuspended = true\n")
    return settings


@contextmanager
def _server() -> Iterator[HTTPConnection]:
    """Run a real server process whose log goes to a file."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        settings = _settings(Path(folder), (port := free_port()))
        with Popen([COMMAND, "serve", "--config", settings], stderr=log) as process:
            try:
                yield _connected(port)
            finally:
                process.terminate()


def _connected(port: int) -> HTTPConnection:
    connection = HTTPConnection("127.0.0.1", port)
    for _ in range(200):
        try:
            connection.connect()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return connection
    message = "the server did not start"
    raise TimeoutError(message)


def _microseconds(connection: HTTPConnection, headers: Headers) -> float:
    started = time.perf_counter()
    connection.request("POST", BASE_PATH + TOKEN_PATH, BODY, headers)
    response = connection.getresponse()
    response.read()
    elapsed = time.perf_counter() - started
    if response.status != HTTPStatus.UNAUTHORIZED:
        message = f"the answer has status {response.status}"
        raise RuntimeError(message)
    return elapsed * 1e6


def _measure(connection: HTTPConnection) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number in range(WARM_UP + ROUNDS):
        timestamp = jakarta(datetime.now(UTC))
        requests = {kind: make(timestamp) for kind, make in KINDS.items()}
        for kind in random.sample(list(KINDS), len(KINDS)):
            microseconds = _microseconds(connection, requests[kind])
            if number >= WARM_UP:
                times[kind].append(microseconds)
    return times


def _interval(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """The 95 % confidence interval of the difference of the medians, by bootstrap."""
    differences = [
        median(random.choices(ours, k=len(ours))) - median(random.choices(theirs, k=len(theirs)))
        for _ in range(RESAMPLES)
    ]
    cuts = quantiles(differences, n=40)
    return cuts[0], cuts[-1]


def main() -> None:
    """Measure the refusals and print the table."""
    with _server() as connection:
        times = _measure(connection)
    reference = times["unknown client"]
    sys.stdout.write(f"{ROUNDS} requests of each kind, over HTTP on loopback, RSA-2048 unless the row says otherwise\n")
    sys.stdout.write(f"{'refused because of':28} {'median us':>10}  difference from unknown client, 95 % confidence\n")
    for kind, values in times.items():
        low, high = _interval(values, reference)
        sys.stdout.write(f"{kind:28} {median(values):10.1f}  {low:+.1f} to {high:+.1f} us\n")


if __name__ == "__main__":
    main()
