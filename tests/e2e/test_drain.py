"""After SIGTERM the server is not ready first, and still serves. Then it stops."""

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.e2e.instances import HOST, TABLES, Instance, instances, signed_now
from tests.e2e.process import COMMAND, PATIENCE, run
from tests.merchant import write_settings
from tests.nicepay import Nicepay


@contextmanager
def _draining(folder: Path, nicepay: Nicepay, seconds: int) -> Iterator[Instance]:
    """An instance that has received SIGTERM."""
    settings = write_settings(folder, nicepay, extra=TABLES)
    with instances(settings, SERVER__DRAIN_SECONDS=f"{seconds}") as (instance,):
        assert _get(instance, "/readyz")[0] == 200
        instance.process.terminate()
        assert instance.process.err.event("server.draining")["seconds"] == seconds
        yield instance


def _get(instance: Instance, path: str) -> tuple[int, Any]:
    with closing(HTTPConnection(HOST, instance.internal_port, timeout=PATIENCE)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, orjson.loads(answer.read())


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_draining_server_serves_until_a_second_signal(
    tmp_path: Path, nicepay: Nicepay, second: signal.Signals
) -> None:
    """While it drains, the server is alive and not ready, accepts new connections, and issues tokens."""
    with _draining(tmp_path, nicepay, 300) as instance:
        status, readiness = _get(instance, "/readyz")
        assert (status, readiness["status"]) == (503, "draining")
        assert readiness["parts"] == {"keys": "ok", "state": "ok", "audit": "off", "tls": "off"}
        assert _get(instance, "/livez") == (200, {"status": "ok"})
        for _ in range(3):
            assert instance.ask(signed_now(nicepay)).status == 200
        instance.process.send_signal(second)
        assert instance.process.status() == 0


def test_the_drain_ends_by_itself(tmp_path: Path, nicepay: Nicepay) -> None:
    """After its seconds the server ends with status 0, without a second signal."""
    with _draining(tmp_path, nicepay, 1) as instance:
        assert instance.process.status() == 0
        instance.process.err.event("server.stopped")


def test_no_readiness_probe_is_logged(tmp_path: Path, nicepay: Nicepay) -> None:
    """Probes of a server that is not ready leave no line in the log."""
    with _draining(tmp_path, nicepay, 300) as instance:
        assert [_get(instance, "/readyz")[0] for _ in range(10)] == [503] * 10
        instance.process.terminate()
        assert [orjson.loads(line)["event"] for line in instance.process.err] == ["server.stopped"]


def test_the_command_says_that_the_server_is_stopping(tmp_path: Path, nicepay: Nicepay) -> None:
    """`health --ready` fails with the reason, and `health` succeeds, so a supervisor does not restart the server."""
    with _draining(tmp_path, nicepay, 300) as instance:
        probe = tmp_path / "probe.toml"
        probe.write_text(f"[internal]\nport = {instance.internal_port}\n")
        live, ready = (run(COMMAND, "health", "--config", probe, *more) for more in ((), ("--ready",)))
        assert (live.returncode, live.stderr) == (0, "")
        assert ready.returncode == 1
        assert ready.stderr.endswith("/readyz answers 503: the server is stopping\n")
