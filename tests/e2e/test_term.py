"""A background thread writes the log, and still every answer has its log line when the server ends."""

import json
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore

import pytest

from tests.e2e.conftest import Sandbox, Server
from tests.e2e.instances import LOST, Connection, signed_now
from tests.e2e.process import COMMAND, FREE_PORT, PATIENCE, environment, running
from tests.nicepay import Nicepay

CALLERS = 6
ANSWERS = 500
"""The number of answers before the stop signal."""

LINE_OF = {"2007300": "token.issued", "4017300": "token.refused"}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The log file of the server."""
    return tmp_path / "server.log"


@pytest.fixture
def logging_server(sandbox: Sandbox, log: Path) -> Iterator[Server]:
    """A server with that log file."""
    with running(COMMAND, "serve", "--config", sandbox.config, env=environment(**FREE_PORT), log=log) as process:
        yield Server(process, process.out.starting("Endpoint").split()[-1])


def _ask_until_the_server_ends(server: Server, nicepay: Nicepay, answered: Semaphore) -> Counter[str | None]:
    """Count the log lines that the answers must have. None stands for a request without an answer."""
    lines: Counter[str | None] = Counter()
    with Connection(server.address[1]) as connection:
        while not lines[None]:
            try:
                answer = connection.ask(signed_now(nicepay))
            except LOST:
                lines[None] += 1
            else:
                lines[LINE_OF[answer.code or ""]] += 1
                answered.release()
    return lines


@pytest.mark.parametrize("repeated", [False, True])
def test_each_answer_has_its_log_line(
    logging_server: Server, log: Path, sandbox: Sandbox, stranger: Nicepay, *, repeated: bool
) -> None:
    """After one SIGTERM or many under load, every answered request has its line in the log file."""
    answered = Semaphore(0)
    clients = [sandbox.nicepay(), stranger] * (CALLERS // 2)
    with ThreadPoolExecutor(CALLERS) as pool:
        callers = [pool.submit(_ask_until_the_server_ends, logging_server, client, answered) for client in clients]
        for _ in range(ANSWERS):
            assert answered.acquire(timeout=PATIENCE)
        logging_server.process.send_signal(signal.SIGTERM)
        while repeated and not logging_server.process.has_ended():
            logging_server.process.send_signal(signal.SIGTERM)
        # A signal may kill the process at its very end, when all lines are written.
        assert logging_server.process.status() in ({0, -signal.SIGTERM} if repeated else {0})
    answers = sum((each.result() for each in callers), Counter[str | None]())
    lines = Counter(json.loads(line)["event"] for line in log.read_text().splitlines())
    missing = {event: answers[event] - lines[event] for event in LINE_OF.values()}
    assert answers.total() - answers[None] >= ANSWERS
    assert all(-answers[None] <= number <= 0 for number in missing.values()), missing
    assert lines["server.stopped"] or repeated
    assert not lines["log.lost"]


def test_a_line_waits_for_no_other(server: Server, sandbox: Sandbox) -> None:
    """The log line of an answer is written while the server is idle, and waits for no other line and no end."""
    server.ask(sandbox.nicepay())
    assert server.process.err.event("token.issued")["response_code"] == "2007300"
