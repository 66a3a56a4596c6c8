"""The log is written beside the work, and yet no answer is without its line, whenever the server is told to end."""

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import COMMAND, FREE_PORT, Sandbox, Server
from tests.e2e.instances import LOST, Connection, signed_now
from tests.e2e.process import PATIENCE, environment, running
from tests.nicepay import Nicepay

CALLERS = 6
ANSWERS = 500
"""So many are given before the server is told to end."""

LINE_OF = {"2007300": "token.issued", "4017300": "token.refused"}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The file that the server's log goes to."""
    return tmp_path / "server.log"


@pytest.fixture
def logging(sandbox: Sandbox, log: Path) -> Iterator[Server]:
    """A server whose log goes to that file."""
    with running(COMMAND, "serve", "--config", sandbox.config, env=environment(**FREE_PORT), log=log) as process:
        yield Server(process, process.out.starting("Endpoint").split()[-1])


def _ask_until_it_is_gone(server: Server, nicepay: Nicepay, answered: Semaphore) -> Counter[str | None]:
    """The lines that the answers must have; None is a request without an answer."""
    lines: Counter[str | None] = Counter()
    with Connection(urlsplit(server.endpoint).port or 0) as connection:
        while not lines[None]:
            try:
                answer = connection.ask(signed_now(nicepay))
            except LOST:
                lines[None] += 1
            else:
                lines[LINE_OF[answer.code or ""]] += 1
                answered.release()
    return lines


@pytest.mark.parametrize("insistent", [False, True])
def test_each_answer_has_its_line(
    logging: Server, log: Path, sandbox: Sandbox, stranger: Nicepay, *, insistent: bool
) -> None:
    """SIGTERM under load, be it once or until the end: every request that was answered has its line in the file."""
    answered = Semaphore(0)
    clients = [sandbox.nicepay(), stranger] * (CALLERS // 2)
    with ThreadPoolExecutor(CALLERS) as pool:
        callers = [pool.submit(_ask_until_it_is_gone, logging, client, answered) for client in clients]
        for _ in range(ANSWERS):
            assert answered.acquire(timeout=PATIENCE)
        logging.process.send_signal(signal.SIGTERM)
        while insistent and not logging.process.has_ended():
            logging.process.send_signal(signal.SIGTERM)
        # In its last moment, when all is done, a signal may kill it.
        assert logging.process.status() in ({0, -signal.SIGTERM} if insistent else {0})
    answers = sum((each.result() for each in callers), Counter[str | None]())
    lines = Counter(json.loads(line)["event"] for line in log.read_text().splitlines())
    missing = {event: answers[event] - lines[event] for event in LINE_OF.values()}
    assert answers.total() - answers[None] >= ANSWERS
    assert all(-answers[None] <= number <= 0 for number in missing.values()), missing
    assert lines["server.stopped"] or insistent
    assert not lines["log.lost"]


def test_a_line_is_written_within_a_second(server: Server, sandbox: Sandbox) -> None:
    """A second after an answer at the latest, its line is written."""
    server.ask(sandbox.nicepay())
    answered = time.monotonic()
    server.process.err.event("token.issued")
    assert time.monotonic() - answered < 1
