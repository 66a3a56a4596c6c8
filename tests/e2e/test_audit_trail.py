"""The audit trail of real processes: every decision is in it, also after a crash and a full disk."""

import json
import os
import pwd
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.e2e.instances import HOST, PAYMENT, TABLES, Instance, instances, signed_now
from tests.e2e.process import COMMAND, run, wait_until
from tests.merchant import write_settings
from tests.nicepay import BODY, Nicepay
from tests.trail_files import Line, chain_of, events, raw_lines, write_key

TMPFS = "mount", "-t", "tmpfs", "-o", "size=128k"


def _settings(folder: Path, nicepay: Nicepay, audit: str = "", state: str = "sqlite:///state.db") -> Path:
    key = write_key(folder / "audit.pem").public_key()
    (folder / "audit.pub").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    tables = f'{TABLES}\n[state]\nurl = "{state}"\n[audit]\ndir = "audit"\nkey_file = "audit.pem"\n{audit}\n'
    return write_settings(folder, nicepay, extra=tables)


def _stop(served: Instance) -> None:
    served.process.send_signal(signal.SIGTERM)
    assert served.process.status() == 0


def _verify(folder: Path) -> None:
    """An auditor finds the trail whole."""
    verified = run(COMMAND, "audit", "verify", folder, "--public-key", folder.with_name("audit.pub"))
    assert (verified.returncode, verified.stderr) == (0, ""), verified.stdout


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _line(folder: Path, event: str) -> Line:
    (line,) = [line for line in chain_of(folder) if line["event"] == event]
    return line


@pytest.mark.parametrize("durable", ["true", "false"])
def test_every_decision_is_in_the_trail(tmp_path: Path, nicepay: Nicepay, stranger: Nicepay, durable: str) -> None:
    """Tokens, calls and revocations are recorded with what proves them, and without a token or a signature."""
    config, audit = _settings(tmp_path, nicepay, f"durable = {durable}"), tmp_path / "audit"
    with instances(config) as (served,):
        signed = signed_now(nicepay)
        token = served.ask(signed).token
        assert served.ask(signed_now(stranger)).status == 401
        payments = served.payments(nicepay)
        with served.internal() as internal:
            call = payments.call("ordNo1")
            assert internal.authorise(call).status == 200
            assert internal.authorise(call).status == 409
            assert internal.introspect(token).status == 200
            assert internal.revoke(token).status == 200
            assert internal.post("/unknown", {}, b"").status == 404
            assert httpx.get(f"http://{HOST}:{served.internal_port}/readyz", trust_env=False).status_code == 200
        _stop(served)
    assert events(audit) == [
        *("file.opened", "server.started", "token.issued", "token.refused", "token.issued"),
        *("call.genuine", "call.refused", "tokens.revoked", "server.stopped", "checkpoint"),
    ]
    issued, refused = chain_of(audit)[2:4]
    assert (issued["client"], issued["outcome"], issued["response_code"]) == ("IONPAYTEST", "issued", "2007300")
    assert (refused["client"], refused["reason"]) == ("IONPAYTEST", "signature.mismatch")
    assert issued["signature_sha256"] == _digest(signed["X-SIGNATURE"])
    assert issued["body_sha256"] == sha256(BODY).hexdigest()
    assert _line(audit, "tokens.revoked")["token"] == issued["token"]
    genuine = _line(audit, "call.genuine")
    assert (genuine["client"], genuine["form"], genuine["external_id"]) == ("IONPAYTEST", "token", "ordNo1")
    assert (genuine["service_code"], genuine["method"], genuine["path"]) == ("90", "POST", PAYMENT)
    assert genuine["body_sha256"] == sha256(b"{}").hexdigest()
    assert genuine["key"] == issued["key"]
    content = b"".join(raw_lines(audit)).decode()
    assert not any(secret in content for secret in (token, payments.token, call["X-SIGNATURE"], signed["X-SIGNATURE"]))


def test_commands_and_reloads_are_in_the_trail(tmp_path: Path, nicepay: Nicepay) -> None:
    """Commands and running servers that share the folder write one chain."""
    config, audit = _settings(tmp_path, nicepay), tmp_path / "audit"
    with instances(config, config) as served:
        token = served[0].ask(signed_now(nicepay)).token
        (tmp_path / "token").write_text(token)
        for arguments in (
            ("revoke", "--token-file", tmp_path / "token"),
            ("revoke", "--client", "IONPAYTEST"),
            ("client", "suspend", "--id", "IONPAYTEST"),
            ("client", "resume", "--id", "IONPAYTEST"),
            ("client", "add", "--id", "OTHER", "--public-key", tmp_path / "IONPAYTEST.pem"),
            ("keys", "rotate", "--now"),
        ):
            done = run(COMMAND, *arguments, "--config", config)
            assert (done.returncode, done.stderr) == (0, "")
        wait_until(lambda: any("token_keys_added" in line for line in chain_of(audit)))
        config.write_text("broken")
        wait_until(lambda: "settings.refused" in events(audit))
        for each in served:
            _stop(each)
    _verify(audit)
    added, rotated = _line(audit, "client.added"), _line(audit, "keys.rotated")
    assert (added["client"], len(added["keys"]), added["user"]) == ("OTHER", 1, pwd.getpwuid(os.getuid()).pw_name)
    assert len(rotated["minting"]) == len(rotated["dropped"][0])
    found = events(audit)
    assert found.count("tokens.revoked") == 2
    assert {"client.suspended", "client.resumed", "settings.read", "settings.refused"} <= set(found)
    assert (found.count("server.started"), found[-1]) == (2, "checkpoint")


def test_kill_9_leaves_a_trail_that_goes_on(tmp_path: Path, nicepay: Nicepay) -> None:
    """What a killed server had answered with `durable` is in the trail, and the next server continues the chain."""
    config, audit, tokens = _settings(tmp_path, nicepay, "durable = true"), tmp_path / "audit", list[str]()
    for _ in range(3):
        with instances(config) as (served,):
            for _ in range(5):
                tokens.append(_digest(served.ask(signed_now(nicepay)).token))
            served.process.send_signal(signal.SIGKILL)
            served.process.status()
    newest = max(audit.glob("audit-*"))
    newest.write_bytes(newest.read_bytes() + b'{"previous":"torn')
    with instances(config) as (served,):
        wait_until(lambda: "line.torn" in events(audit))
        _stop(served)
    _verify(audit)
    found = events(audit)
    assert found.count("token.issued") == len(tokens)
    assert found[-5:] == ["line.torn", "checkpoint", "server.started", "server.stopped", "checkpoint"]


@dataclass(frozen=True)
class FullDisk:
    """A folder on a disk that can be filled."""

    folder: Path
    served: Instance
    fill: Callable[[], None]
    free: Callable[[], None]


@pytest.fixture(params=["tmpfs", "limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path, nicepay: Nicepay, when_full: str) -> Iterator[FullDisk]:
    """A server whose trail is on a small file system, or which may not make files larger."""
    audit = tmp_path / "audit"
    config = _settings(tmp_path, nicepay, f'when_full = "{when_full}"', state="memory://")
    with ExitStack() as stack:
        if request.param == "tmpfs":
            audit.mkdir(0o750)
            mounted = subprocess.run([*TMPFS, "-o", "mode=750", "none", audit], capture_output=True, check=False)
            if mounted.returncode:
                pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
            stack.callback(run, "umount", audit)
        (served,) = stack.enter_context(instances(config))
        wait_until(lambda: bool(list(audit.glob("audit-*"))) and "server.started" in events(audit))
        yield FullDisk(audit, served, *(_of_tmpfs(audit) if request.param == "tmpfs" else _of_limit(audit, served)))
        _stop(served)


def _of_tmpfs(audit: Path) -> tuple[Callable[[], None], Callable[[], None]]:
    filler = audit / "filler"

    def fill() -> None:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"\0" * 1_024)

    return fill, filler.unlink


def _of_limit(audit: Path, served: Instance) -> tuple[Callable[[], None], Callable[[], None]]:
    def fill() -> None:
        size = max(audit.glob("audit-*")).stat().st_size
        resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (size + 10, resource.RLIM_INFINITY))

    def free() -> None:
        resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)

    return fill, free


def _until_down(disk: FullDisk, nicepay: Nicepay) -> None:
    """Send requests until the trail cannot be written."""
    while _ready(disk.served) != 503:
        disk.served.ask(signed_now(nicepay))


def _ready(served: Instance) -> int:
    return httpx.get(f"http://{HOST}:{served.internal_port}/readyz", trust_env=False).status_code


def _metric(served: Instance, name: str) -> float:
    page = httpx.get(f"http://{HOST}:{served.internal_port}/metrics", trust_env=False).text
    return next(float(line.split()[1]) for line in page.splitlines() if line.startswith(f"snap_audit_{name} "))


@pytest.mark.parametrize("when_full", ["refuse"])
def test_a_full_disk_refuses_requests_until_there_is_room(disk: FullDisk, nicepay: Nicepay) -> None:
    """Without room for the trail no token is issued: 5007302 with Retry-After. It recovers by itself."""
    payments = disk.served.payments(nicepay)
    disk.fill()
    _until_down(disk, nicepay)
    assert disk.served.process.err.event("audit.down")["when_full"] == "refuse"
    answer = disk.served.ask(signed_now(nicepay))
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (500, "5007302", "1")
    refused = disk.served.authorise(payments.call("ordNo1"))
    assert (refused.status, refused.code) == (500, "5009002")
    assert disk.served.ask({**signed_now(nicepay), "X-SIGNATURE": "AAAA"}).status == 401
    disk.free()
    disk.served.process.err.event("audit.up")
    assert disk.served.ask(signed_now(nicepay)).status == 200
    assert disk.served.authorise(payments.call("ordNo1")).status == 200
    wait_until(lambda: "call.genuine" in events(disk.folder))
    _verify(disk.folder)
    reasons = [line.get("reason") for line in chain_of(disk.folder)]
    assert reasons.count("audit.down") >= 2
    assert _line(disk.folder, "trail.resumed")["cause"] in {"No space left on device", "File too large"}


@pytest.mark.parametrize("when_full", ["continue"])
def test_a_full_disk_loses_lines_and_counts_them(disk: FullDisk, nicepay: Nicepay) -> None:
    """With "continue", every request is answered; the lines are lost, and the log and the trail say how many."""
    disk.fill()
    for _ in range(60):
        assert disk.served.ask(signed_now(nicepay)).status == 200
    assert disk.served.process.err.event("audit.down")["when_full"] == "continue"
    assert disk.served.process.err.event("audit.lost")["lines"] > 0
    assert _ready(disk.served) == 200
    assert (_metric(disk.served, "up"), _metric(disk.served, "lines_lost_total") > 0) == (0, True)
    disk.free()
    disk.served.process.err.event("audit.up")
    wait_until(lambda: "trail.resumed" in events(disk.folder))
    _verify(disk.folder)
    issued = [line for line in chain_of(disk.folder) if line["event"] == "token.issued"]
    lost = _line(disk.folder, "trail.resumed")["lines_lost"]
    assert len(issued) + lost == 60
    assert [_metric(disk.served, name) for name in ("up", "lines_lost_total", "queue_lines")] == [1, lost, 0]
    assert _metric(disk.served, "lines_total") == len(issued) + len(["server.started"])


def test_a_trail_that_cannot_be_written_stops_the_start(tmp_path: Path, nicepay: Nicepay) -> None:
    """A folder that cannot be made, or a group that cannot be given, is one line, and the exit status is 2."""
    config = _settings(tmp_path, nicepay, 'group = "no-such-group"')
    refused = run(COMMAND, "serve", "--config", config)
    assert refused.returncode == 2
    assert "audit.group: this system has no group of this name" in json.loads(refused.stderr)["mistakes"][0]
