"""How long refusals take: can a caller distinguish an unknown client from a wrong signature by the response time?

`make bench` runs this with a real server process and one connection to each listener. It sends the kinds of request in
random order, reports the times and asserts nothing.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from subprocess import Popen

from tests.bench.refused_requests import (
    BODY_SIGNED_CALLS,
    NOTIFICATIONS,
    TOKEN_REQUESTS,
    Group,
    Headers,
    write_group_settings,
)
from tests.e2e.process import COMMAND, free_port
from tests.nicepay import jakarta

WARM_UP = 500
RESAMPLES = 400


@contextmanager
def _server() -> Iterator[tuple[int, int]]:
    """Run a real server process whose log goes to a file. Gives the ports of both listeners."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        settings = write_group_settings(Path(folder), (public := free_port()), (internal := free_port()))
        with Popen([COMMAND, "serve", "--config", settings], stderr=log) as process:
            try:
                yield public, internal
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


def _microseconds(connection: HTTPConnection, group: Group, headers: Headers) -> float:
    started = time.perf_counter()
    connection.request("POST", group.path, group.body, headers)
    response = connection.getresponse()
    response.read()
    elapsed = time.perf_counter() - started
    if response.status != HTTPStatus.UNAUTHORIZED:
        message = f"the answer has status {response.status}"
        raise RuntimeError(message)
    return elapsed * 1e6


def _measure(connection: HTTPConnection, group: Group, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {kind: [] for kind in group.kinds}
    for number in range(WARM_UP + rounds):
        timestamp = jakarta(datetime.now(UTC))
        requests = {kind: make(timestamp) for kind, make in group.kinds.items()}
        for kind in random.sample(list(group.kinds), len(group.kinds)):
            microseconds = _microseconds(connection, group, requests[kind])
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


def _report(group: Group, times: Mapping[str, Sequence[float]]) -> None:
    reference = next(iter(group.kinds))
    sys.stdout.write(
        f"\n{group.title + ', because of':28} {'median us':>10}  difference from {reference}, 95 % confidence\n"
    )
    for kind, values in times.items():
        low, high = _interval(values, times[reference])
        sys.stdout.write(f"{kind:28} {median(values):10.1f}  {low:+.1f} to {high:+.1f} us\n")


def main() -> None:
    """Measure the refusals and print a table for each group."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.refusals", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3_000, help="requests of each kind (default: 3000)")
    rounds = parser.parse_args().rounds
    sys.stdout.write(f"{rounds} requests of each kind, over HTTP on loopback, RSA-2048 unless the row says otherwise\n")
    with _server() as (public, internal):
        for group, port in ((TOKEN_REQUESTS, public), (NOTIFICATIONS, internal), (BODY_SIGNED_CALLS, internal)):
            _report(group, _measure(_connected(port), group, rounds))


if __name__ == "__main__":
    main()
