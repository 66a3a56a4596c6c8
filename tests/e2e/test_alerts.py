"""A planted fault in a real server raises its alert in a real Prometheus, which reads the server's /metrics."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.instances import PAYMENT, TABLES, Answer, Instance, instances
from tests.e2e.process import COMMAND, run
from tests.e2e.prometheus import Prometheus, prometheus
from tests.engines import PERSISTENT, REDIS_SERVERS, RedisServer, redis_server
from tests.merchant import write_settings
from tests.monitoring.dashboard import expressions
from tests.monitoring.rules import rules
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta
from tests.trail_files import write_key


@dataclass(frozen=True)
class Watched:
    """Two instances, their state store, and the Prometheus that watches them."""

    settings: Path
    instances: list[Instance]
    redis: RedisServer
    prometheus: Prometheus

    @property
    def names(self) -> list[str]:
        """The labels `instance` of both."""
        return [f"127.0.0.1:{each.internal_port}" for each in self.instances]

    def ask(self, nicepay: Nicepay, late: timedelta = timedelta()) -> Answer:
        """Send a token request to the first instance. It was signed now, or `late` ago."""
        return self.instances[0].ask(nicepay.headers(jakarta(datetime.now(UTC) - late)))


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay) -> Iterator[Watched]:
    """Two instances with a state store in Redis, and a Prometheus that has read the metrics of both."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "audit").mkdir()
    write_key(folder / "audit.pem")
    secret = folder / "internal.secret"
    assert run(COMMAND, "keygen", "secret", secret).returncode == 0
    tables = TABLES.replace("[internal]\n", f'[internal]\nsecret_file = "{secret.name}"\n')
    settings = write_settings(folder, nicepay, extra=f'{tables}[audit]\ndir = "audit"\nkey_file = "audit.pem"\n')
    with (
        redis_server(REDIS_SERVERS[0], *PERSISTENT) as redis,
        instances(settings, settings, STATE__URL=redis.tcp_url) as both,
        prometheus(folder, secret, *(each.internal_port for each in both)) as watching,
    ):
        watching.wait_for_samples("sum(snap_state_up) == 2")
        yield Watched(settings, both, redis, watching)


def test_a_state_store_that_is_down_raises_an_alert(watched: Watched, nicepay: Nicepay) -> None:
    """Without its state store, an instance raises SnapStateDown. The alert ends when the state store is back."""
    watched.redis.stop()
    alert = watched.prometheus.wait_for_alert("SnapStateDown", lambda: watched.ask(nicepay))
    assert alert["labels"]["instance"] in watched.names
    watched.redis.start()
    watched.prometheus.wait_for_samples('absent(ALERTS{alertname="SnapStateDown"})')


def test_a_skewed_clock_of_a_client_raises_an_alert(watched: Watched, nicepay: Nicepay) -> None:
    """A client whose clock is 200 seconds behind still gets tokens, and raises SnapClockDrift."""
    alert = watched.prometheus.wait_for_alert("SnapClockDrift", lambda: watched.ask(nicepay, timedelta(seconds=200)))
    assert (alert["labels"]["client"], alert["labels"]["instance"]) == (CLIENT_KEY, watched.names[0])
    assert watched.ask(nicepay, timedelta(seconds=200)).code == "2007300"


def test_a_wrong_key_of_a_client_raises_an_alert(watched: Watched, stranger: Nicepay) -> None:
    """A client that signs with another key raises SnapRefusalsOfOneClient, and the metrics name the reason."""
    alert = watched.prometheus.wait_for_alert("SnapRefusalsOfOneClient", lambda: watched.ask(stranger))
    assert alert["labels"]["client"] == CLIENT_KEY
    (sample,) = watched.prometheus.query("topk(1, client:snap_decisions:rate5m{response_code=~'4.*'})")
    assert (sample["metric"]["client"], sample["metric"]["reason"]) == (CLIENT_KEY, "signature.mismatch")


def test_a_wrong_secret_of_the_proxy_raises_an_alert(watched: Watched) -> None:
    """Calls without the secret of the internal listener raise SnapProxySecretWrong for the instance that got them."""
    call = {"X-Original-Method": "POST", "X-Original-URI": PAYMENT}
    alert = watched.prometheus.wait_for_alert("SnapProxySecretWrong", lambda: watched.instances[0].authorise(call))
    assert alert["labels"]["instance"] == watched.names[0]


def test_refused_settings_raise_an_alert(watched: Watched) -> None:
    """Settings with a mistake raise SnapReloadRefused. The alert ends when the old settings are back."""
    text = watched.settings.read_text()
    watched.settings.write_text(text + "\n[unknown]\n")
    watched.prometheus.wait_for_alert("SnapReloadRefused")
    watched.settings.write_text(text)
    watched.prometheus.wait_for_samples('absent(ALERTS{alertname="SnapReloadRefused"})')


def test_an_audit_trail_without_its_folder_raises_an_alert(watched: Watched, nicepay: Nicepay) -> None:
    """Without the folder of the audit trail, requests are refused and SnapAuditLinesLost fires, until it is back."""
    folder = watched.settings.with_name("audit")
    folder.rename(folder.with_name("away"))
    alert = watched.prometheus.wait_for_alert("SnapAuditLinesLost", lambda: watched.ask(nicepay))
    assert alert["labels"]["instance"] in watched.names
    assert watched.ask(nicepay).code == "5007302"
    folder.with_name("away").rename(folder)
    watched.prometheus.wait_for_samples("sum(snap_audit_up) == 2")


def test_a_killed_instance_raises_an_alert(watched: Watched) -> None:
    """An instance that was killed raises SnapInstanceDown with its name."""
    watched.instances[1].process.send_signal(signal.SIGKILL)
    watched.prometheus.wait_for_alert("SnapInstanceDown", instance=watched.names[1])


def test_prometheus_evaluates_every_expression(watched: Watched, nicepay: Nicepay) -> None:
    """Prometheus answers every query of the dashboard, and evaluates every rule without an error."""
    assert watched.ask(nicepay).code == "2007300"
    for expression in (*expressions(), *(rule["expr"] for rule in rules())):
        watched.prometheus.query(expression)
    groups = watched.prometheus.client.get("/api/v1/rules").json()["data"]["groups"]
    assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
