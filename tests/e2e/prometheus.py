"""A real Prometheus with the rules of docs/deploy/monitoring, which watches servers of a test."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.process import PATIENCE, free_port, running
from tests.monitoring.rules import FOLDER, RULES
from tests.programs import program

_EXAMPLE = FOLDER / "prometheus.yml"
_TARGETS = re.compile(r"- 127\.0\.0\.1:9080\n +- 127\.0\.0\.1:9081 .*")
_TIMES = re.compile(r"^( +(?:for|interval):) \w+$", re.MULTILINE)
_METRICS = "\n    metrics_path: /metrics\n"


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    client: httpx.Client

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples of an expression now. Raises httpx.HTTPStatusError if it is not correct."""
        answer = self.client.get("/api/v1/query", params={"query": expression}).raise_for_status().json()
        samples: list[dict[str, Any]] = answer["data"]["result"]
        return samples

    def firing(self, name: str, **labels: str) -> list[dict[str, Any]]:
        """The alerts with that name and these labels that fire."""
        alerts = self.client.get("/api/v1/alerts").raise_for_status().json()["data"]["alerts"]
        wanted = {"alertname": name, **labels}.items()
        return [alert for alert in alerts if alert["labels"].items() >= wanted and alert["state"] == "firing"]

    def wait_for_samples(self, expression: str) -> list[dict[str, Any]]:
        """Ask until the expression has samples."""
        return self._wait_for(lambda: self.query(expression), expression, lambda: None)

    def wait_for_alert(self, name: str, traffic: Callable[[], object] = lambda: None, **labels: str) -> dict[str, Any]:
        """Send a request, and ask for the alert, in turns until the alert fires."""
        return self._wait_for(lambda: self.firing(name, **labels), name, traffic)[0]

    @staticmethod
    def _wait_for(
        found: Callable[[], list[dict[str, Any]]], what: str, traffic: Callable[[], object]
    ) -> list[dict[str, Any]]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            traffic()
            if result := found():
                return result
        pytest.fail(f"Prometheus has no {what} after {PATIENCE} seconds")


@contextmanager
def prometheus(folder: Path, secret: Path, *ports: int) -> Iterator[Prometheus]:
    """Run Prometheus until the block ends. It reads /metrics of 127.0.0.1 at these ports, and sends the secret.

    The settings and rules are those of docs/deploy/monitoring. But Prometheus reads every second, and an alert does not
    wait before it fires.
    """
    targets = "\n          ".join(f"- 127.0.0.1:{port}" for port in ports)
    changes = {"interval: 15s": "interval: 1s", _METRICS: _METRICS + _sending(secret)}
    text = _TARGETS.sub(targets, _EXAMPLE.read_text())
    settings = reduce(lambda text, change: text.replace(*change), changes.items(), text)
    (folder / _EXAMPLE.name).write_text(settings)
    (folder / RULES.name).write_text(_TIMES.sub(r"\1 0s", RULES.read_text()))
    origin = f"127.0.0.1:{free_port()}"
    options = (f"--web.listen-address={origin}", f"--storage.tsdb.path={folder / 'series'}")
    command = (program("prometheus"), f"--config.file={folder / _EXAMPLE.name}", *options)
    with running(*command) as process, httpx.Client(base_url=f"http://{origin}", trust_env=False) as client:
        assert any("Server is ready to receive web requests" in line for line in process.err)
        yield Prometheus(client)


def _sending(secret: Path) -> str:
    return f"    authorization:\n      credentials_file: {secret}\n"
