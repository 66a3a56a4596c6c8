"""The real command as a process: its output, its log and its end."""

import json
import signal
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.document import check_answer
from tests.e2e.conftest import Sandbox, Server, serving
from tests.e2e.process import COMMAND, FREE_PORT, Process, environment, run, running
from tests.nicepay import BODY, Nicepay, jakarta
from tests.programs import skip_or_fail

FULL_COLLECTION = """\
import atexit, gc, sys
from handlers.cli import main
atexit.register(lambda: print("collected from", len(gc.get_objects())))
main()
"""
"""The command. At its end it prints how many objects a full garbage collection would visit."""
STOPS = pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])


def test_a_genuine_request_is_answered(server: Server, sandbox: Sandbox) -> None:
    """The endpoint that the log and the first output name answers a genuine request with a token."""
    printed = server.process.out.starting("Endpoint")
    response = server.ask(sandbox.nicepay())
    check_answer(response)
    assert printed == f"Endpoint    POST {server.endpoint}\n"
    assert response.json()["responseCode"] == "2007300"


def test_each_decision_is_one_line_of_json(server: Server, sandbox: Sandbox, stranger: Nicepay) -> None:
    """Each issued or refused token is one line of JSON with its response code and reason."""
    nicepay = sandbox.nicepay()
    server.ask(nicepay)
    server.ask(stranger)
    server.ask(nicepay, late=timedelta(minutes=10))
    lines = [line for line in _rest_of_log(server.process) if line["event"].startswith("token.")]
    decisions = [(line["event"], line["response_code"], line.get("reason"), line.get("verdict")) for line in lines]
    assert decisions == [
        ("token.issued", "2007300", None, None),
        ("token.refused", "4017300", "signature.mismatch", "key.unknown"),
        ("token.refused", "4017300", "clock.behind", "clock.behind"),
    ]


def test_forged_requests_raise_no_alarm_about_the_clock(server: Server, sandbox: Sandbox, stranger: Nicepay) -> None:
    """Forged requests, copies of one genuine request, and a wrong zone label are refused without an alarm."""
    nicepay, ten_minutes = sandbox.nicepay(), timedelta(minutes=10)
    for seconds in range(3):
        server.ask(stranger, late=ten_minutes + timedelta(seconds=seconds))
        server.ask(nicepay, late=timedelta(hours=1, seconds=seconds))
    copy = nicepay.headers(jakarta(datetime.now(UTC) - ten_minutes))
    for _ in range(3):
        httpx.post(server.endpoint, headers=copy, content=BODY, trust_env=False)
    assert {line["event"] for line in _rest_of_log(server.process)} == {"token.refused", "server.stopped"}


def test_a_refused_request_can_be_captured_and_explained(sandbox: Sandbox, stranger: Nicepay, tmp_path: Path) -> None:
    """With `capture_dir`, refused requests are stored, and `explain` finds one by the request ID from the log."""
    tmp_path.chmod(0o700)
    variables = {"SNAP_TOKEN__DEBUG__CAPTURE_DIR": str(tmp_path), "SNAP_TOKEN__DEBUG__EXPLAIN": "false"}
    with serving(sandbox, **variables) as server:
        server.ask(stranger)
        line = server.process.err.event("token.refused")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.status() == 0
    explained = run(
        COMMAND, "explain", "--config", sandbox.config, "--request-id", line["request_id"], env=environment(**variables)
    )
    assert "verdict" not in line
    assert (explained.returncode, explained.stdout.partition(" ")[0]) == (1, "key.unknown")


def test_the_log_holds_no_secret(server: Server, sandbox: Sandbox, stranger: Nicepay) -> None:
    """No log line holds a token, a signature or a key, or the first 40 characters of one."""
    answers = [server.ask(sandbox.nicepay()), server.ask(stranger)]
    secrets = [answers[0].json()["accessToken"], *(each.request.headers["X-SIGNATURE"] for each in answers)]
    log = json.dumps(_rest_of_log(server.process))
    assert not [secret for secret in secrets + sandbox.secrets if secret[:40] in log]


def test_the_process_list_shows_no_secret(server: Server, sandbox: Sandbox) -> None:
    """The server's command line and environment hold no key."""
    process = Path("/proc", str(server.process.pid))
    if not process.exists():
        skip_or_fail("this system has no /proc")
    visible = (process / "cmdline").read_text() + (process / "environ").read_text()
    assert str(sandbox.config) in visible
    assert not [secret for secret in sandbox.secrets if secret in visible]


def test_garbage_collection_skips_the_objects_of_the_start(sandbox: Sandbox) -> None:
    """The 100,000 objects that the start creates are not visited by later garbage collections."""
    command = (sys.executable, "-c", FULL_COLLECTION, "serve", "--config", str(sandbox.config))
    with running(*command, env=environment(**FREE_PORT)) as process:
        server = Server(process, process.err.event("server.listening")["endpoint"])
        server.ask(sandbox.nicepay())
        process.send_signal(signal.SIGTERM)
        assert int(process.out.starting("collected from ").split()[-1]) < 10_000
        assert process.status() == 0


@STOPS
def test_a_stop_signal_ends_the_server(server: Server, sandbox: Sandbox, stop: signal.Signals) -> None:
    """A stop signal ends a server that has answered requests with exit status 0."""
    server.ask(sandbox.nicepay())
    server.process.send_signal(stop)
    _assert_good_end(server.process)


@STOPS
def test_a_stop_signal_ends_a_server_that_starts(server: Server, stop: signal.Signals) -> None:
    """A stop signal that arrives as soon as the server listens ends it with exit status 0."""
    server.process.send_signal(stop)
    _assert_good_end(server.process)


@STOPS
def test_a_started_request_is_answered_before_the_end(server: Server, sandbox: Sandbox, stop: signal.Signals) -> None:
    """A request whose body is incomplete when the stop signal arrives is answered before the server ends."""
    with server.connect() as idle, _half_sent(server, sandbox.nicepay()) as connection:
        server.process.send_signal(stop)
        assert idle.recv(1) == b""  # The server has begun to stop, because it closes idle connections.
        connection.sendall(BODY)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    _assert_good_end(server.process)


def test_a_stalled_client_does_not_stop_the_end(server: Server, sandbox: Sandbox) -> None:
    """A client that never sends the rest of its request cannot keep the server from ending."""
    with _half_sent(server, sandbox.nicepay()):
        server.process.send_signal(signal.SIGTERM)
        _assert_good_end(server.process)


def test_an_address_in_use_is_an_error(sandbox: Sandbox) -> None:
    """An address that another process uses is an error in one line of JSON, with exit status 2."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        ended = run(COMMAND, "serve", "--config", sandbox.config, env=environment(SNAP_TOKEN__SERVER__PORT=port))
    line = json.loads(ended.stderr)
    assert (ended.returncode, ended.stdout, line["event"]) == (2, "", "start.failed")
    assert line["mistakes"][0].startswith(f"cannot listen on 127.0.0.1:{port}: ")


def test_all_mistakes_in_the_settings_are_reported(tmp_path: Path) -> None:
    """`serve --check` prints a line for each mistake, a start logs all mistakes in one line, and both exit with 2."""
    misspelt = "SNAP_TOKEN__SEVER__PORT"
    settings = tmp_path / "wrong.toml"
    settings.write_text('[server]\nprot = 8080\nport = 99999\n[token]\nkeys_file = "absent.keys"\n')
    env = environment(**{misspelt: "1"})
    started, checked = (run(COMMAND, "serve", *options, "--config", settings, env=env) for options in ([], ["--check"]))
    mistakes = json.loads(started.stderr)["mistakes"]
    assert (started.returncode, started.stdout) == (checked.returncode, checked.stdout) == (2, "")
    assert checked.stderr.splitlines() == [f"snap-token: {mistake}" for mistake in mistakes]
    assert all(mistake.startswith(f"{settings}: ") for mistake in mistakes)
    assert {mistake.removeprefix(f"{settings}: ").split(": ")[0] for mistake in mistakes} == {
        misspelt,
        "clients",
        "server.port",
        "server.prot",
        "token.keys_file",
    }


def test_a_check_predicts_a_start(sandbox: Sandbox) -> None:
    """`serve --check` accepts settings with which a server starts, and reports an address that is in use.

    A running server of these settings is no mistake, because it ends before the next one starts.
    """
    command = (COMMAND, "serve", "--config", sandbox.config)
    good = run(*command, "--check", env=environment(**FREE_PORT))
    assert (good.returncode, good.stdout, good.stderr) == (0, f"{sandbox.config}: good\n", "")
    with running(*command, env=environment(**FREE_PORT)) as process:
        port = str(urlsplit(process.err.event("server.listening")["endpoint"]).port)
        beside = run(*command, "--check", env=environment(SNAP_TOKEN__SERVER__PORT=port))
    note = f"a running server uses 127.0.0.1:{port}; stop it before another one starts"
    assert (beside.returncode, beside.stderr) == (0, "")
    assert beside.stdout == f"{sandbox.config}: {note}\n{sandbox.config}: good\n"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        bad = run(*command, "--check", env=environment(SNAP_TOKEN__SERVER__PORT=port))
    assert (bad.returncode, bad.stdout) == (2, "")
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use (is this server running already?)" in bad.stderr


def test_a_probe_is_quiet(server: Server, sandbox: Sandbox) -> None:
    """`health` prints and logs nothing if the server answers, and exits with 1 and a message if it hangs."""
    port = str(server.address[1])
    probe = (COMMAND, "health", "--config", sandbox.config)
    env = environment(SNAP_TOKEN__SERVER__PORT=port)
    well = run(*probe, env=env)
    server.process.send_signal(signal.SIGSTOP)
    hung = run(*probe, env=env)
    server.process.send_signal(signal.SIGCONT)
    assert (well.returncode, well.stdout, well.stderr) == (0, "", "")
    assert (hung.returncode, hung.stdout) == (1, "")
    assert hung.stderr == "snap-token: the server is not healthy: no answer within 2 seconds\n"
    assert [line["event"] for line in _rest_of_log(server.process)] == ["server.stopped"]


def _rest_of_log(process: Process) -> list[dict[str, Any]]:
    """Stop the server and return its remaining log lines."""
    process.send_signal(signal.SIGTERM)
    return [json.loads(line) for line in process.err]


def _assert_good_end(process: Process) -> None:
    assert process.status() == 0
    assert not [line for line in process.err if "exception" in json.loads(line)]
    assert "Traceback" not in "".join(process.out)


def _half_sent(server: Server, nicepay: Nicepay) -> socket.socket:
    """A connection on which the server has read the head of a genuine request and waits for its body."""
    headers = nicepay.headers(jakarta(datetime.now(UTC)))
    headers |= {"Host": "localhost", "Content-Length": str(len(BODY)), "Expect": "100-continue"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection = server.connect()
    connection.sendall(f"POST {urlsplit(server.endpoint).path} HTTP/1.1\r\n{head}\r\n".encode())
    assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
    return connection
