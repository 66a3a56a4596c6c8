"""The server behind nginx and Caddy with the files of `docs/deploy`: its log, a forgotten setting, restarts."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import httpx
import pytest

from tests.e2e import merchant_service, proxies
from tests.e2e.instances import signed_now
from tests.e2e.process import COMMAND, PATIENCE, Process, environment, free_port, running
from tests.e2e.proxies import HOST, Proxy, Upstreams
from tests.e2e.stage import INQUIRY, TOKEN, NicoCall, ProxyOf, asymmetric, settings, staged
from tests.nicepay import BODY, Nicepay

CALLER = "127.0.0.2"
"""An address other than the one from which a proxy connects."""
TRUSTING = f'[server]\ntrusted_proxies = ["{HOST}"]'
BATCH = 40
CALLERS = 4
NGINX = 'accel_redirect = "@merchant"'
CADDY = 'call_headers = "x-forwarded"'
BOTH = pytest.mark.parametrize(
    ("proxy", "internal"), [(proxies.nginx, NGINX), (proxies.caddy, CADDY)], ids=["nginx", "caddy"]
)


@BOTH
def test_the_log_has_the_caller_and_the_proxy_s_id(
    tmp_path: Path, nicepay: Nicepay, proxy: ProxyOf, internal: str
) -> None:
    """The log lines of a token and a call have the caller's address, and the request ID that the caller gets."""
    file = settings(tmp_path, nicepay, "memory://", internal)
    file.write_text(file.read_text().replace("[server]", TRUSTING))
    with staged(file, nicepay, proxy) as stage:
        transport = httpx.HTTPTransport(local_address=CALLER, verify=stage.proxy.tls or False)
        with httpx.Client(base_url=stage.outside.base_url, transport=transport, timeout=PATIENCE) as outside:
            forged = {"X-Forwarded-For": "203.0.113.9", "X-Request-ID": "forged"}
            issued = outside.post(TOKEN, headers=signed_now(nicepay) | forged, content=BODY)
            call = NicoCall(issued.json()["accessToken"], "ordNo1", asymmetric(nicepay), added=forged)
            answered = outside.post(INQUIRY, headers=call.headers(nicepay.client_key), content=call.body)
        assert stage.merchant.received().values("X-Request-ID") == [answered.headers["X-Request-ID"]]
        for answer, event in ((issued, "token.issued"), (answered, "call.genuine")):
            line = stage.server.err.event(event)
            assert (line["remote"], line["request_id"]) == (CALLER, answer.headers["X-Request-ID"])


@BOTH
def test_a_trace_passes_through(tmp_path: Path, nicepay: Nicepay, proxy: ProxyOf, internal: str) -> None:
    """The trace of a caller reaches the log and the merchant's service. A malformed one reaches no log."""
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    traced = {"traceparent": f"00-{trace}-{span}-01", "tracestate": "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"}
    forged = {"traceparent": f'00-{trace}-{span}-01" event=token.issued'}
    with staged(settings(tmp_path, nicepay, "memory://", internal), nicepay, proxy) as stage:
        issued = stage.outside.post(TOKEN, headers=signed_now(nicepay) | traced, content=BODY)
        for number, added in enumerate((traced, forged)):
            call = NicoCall(issued.json()["accessToken"], f"ordNo{number}", asymmetric(nicepay), added=added)
            assert stage.send(call).status_code == 200
            received = stage.merchant.received()
            assert {name: received.values(name) for name in added} == {name: [value] for name, value in added.items()}
        lines = [stage.server.err.event(event) for event in ("token.issued", "call.genuine", "call.genuine")]
        assert [(line.get("trace_id"), line.get("span_id")) for line in lines] == [(trace, span)] * 2 + [(None, None)]


def test_a_forgotten_location_is_a_snap_error(tmp_path: Path, nicepay: Nicepay) -> None:
    """If accel_redirect is not set, calls through nginx get 5009100 and no empty 200, and the log gives the reason."""
    with staged(settings(tmp_path, nicepay, "memory://", ""), nicepay, proxies.nginx) as stage:
        for number in range(2):
            answer = stage.send(NicoCall(stage.token(), f"ordNo{number}", asymmetric(nicepay)))
            stage.refuse(answer, "5009100", "General Error", None, "accel_redirect.unset")


@dataclass
class Pair:
    """Two instances of the server with one state store. Each can be restarted on its ports."""

    file: Path
    ports: tuple[tuple[int, int], tuple[int, int]]
    stack: ExitStack
    processes: dict[int, Process] = field(default_factory=dict)

    def start(self, number: int) -> None:
        public, internal = self.ports[number]
        variables = {"SNAP_TOKEN__SERVER__PORT": str(public), "SNAP_TOKEN__INTERNAL__PORT": str(internal)}
        process = self.stack.enter_context(
            running(COMMAND, "serve", "--config", self.file, env=environment(**variables))
        )
        process.err.event("internal.listening")
        self.processes[number] = process

    def stop(self, number: int) -> None:
        process = self.processes.pop(number)
        process.send_signal(signal.SIGTERM)
        assert process.status() == 0

    def upstreams(self, merchant: int) -> Upstreams:
        (token, internal), (second_token, second_internal) = self.ports
        return Upstreams(token, internal, merchant, second_token, second_internal)


@contextmanager
def _pair(file: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        pair = Pair(file, ((free_port(), free_port()), (free_port(), free_port())), stack)
        for number in range(2):
            pair.start(number)
        yield pair


@dataclass(frozen=True)
class Load:
    """Many clients at once that request a token and send a call with it, through a proxy."""

    proxy: Proxy
    nicepay: Nicepay
    pool: ThreadPoolExecutor
    ids: Iterator[int] = field(default_factory=count)

    def once(self) -> tuple[int | str, int | str]:
        issued = self.proxy.client.post(TOKEN, headers=signed_now(self.nicepay), content=BODY)
        call = NicoCall(issued.json().get("accessToken", ""), f"ordNo{next(self.ids)}", asymmetric(self.nicepay))
        headers = call.headers(self.nicepay.client_key)
        return _status_or_body(issued), _status_or_body(
            self.proxy.client.post(INQUIRY, headers=headers, content=call.body)
        )

    def during(self, work: Callable[[], None]) -> list[tuple[int | str, int | str]]:
        """Do the work while a batch of requests runs, and return the statuses of the whole batch."""
        batch: list[Future[tuple[int | str, int | str]]] = [self.pool.submit(self.once) for _ in range(BATCH)]
        batch[CALLERS].result()  # Now other requests are running.
        work()
        return [each.result() for each in batch]


def _status_or_body(answer: httpx.Response) -> int | str:
    """The status of a success, or the body of a refusal."""
    return answer.status_code if answer.is_success else answer.text


def test_a_rolling_restart_loses_nothing(tmp_path: Path, nicepay: Nicepay) -> None:
    """While the instances restart one after the other, every token request and call is served."""
    file = settings(tmp_path, nicepay, "sqlite:///state.db", NGINX)
    with ExitStack() as stack:
        pair = stack.enter_context(_pair(file))
        merchant = stack.enter_context(merchant_service.running())
        proxy = stack.enter_context(proxies.nginx(tmp_path, pair.upstreams(merchant.port)))
        load = Load(proxy, nicepay, stack.enter_context(ThreadPoolExecutor(CALLERS)))
        statuses = []
        for number in range(2):
            statuses += load.during(partial(pair.stop, number))
            statuses += load.during(partial(pair.start, number))
        assert statuses == [(200, 200)] * 4 * BATCH
        assert merchant.calls.qsize() == 4 * BATCH


def test_nginx_reloads_and_reopens_its_log_without_a_loss(tmp_path: Path, nicepay: Nicepay) -> None:
    """While nginx reloads and reopens its log, every request on a new connection is served."""
    file = settings(tmp_path, nicepay, "memory://", NGINX)
    with staged(file, nicepay, proxies.nginx) as stage, ThreadPoolExecutor(CALLERS) as pool:
        # nginx closes persistent connections when it reloads, so a request on one could fail.
        stage.proxy.client.headers["Connection"] = "close"
        load = Load(stage.proxy, nicepay, pool)
        log = tmp_path / "access.log"

        def rotate() -> None:
            log.rename(tmp_path / "access.log.1")
            stage.proxy.send_signal(signal.SIGUSR1)

        statuses = load.during(lambda: stage.proxy.send_signal(signal.SIGHUP)) + load.during(rotate)
        statuses += load.during(lambda: None)
        assert statuses == [(200, 200)] * 3 * BATCH
