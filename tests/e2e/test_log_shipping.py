"""The log as a log shipper reads it: under the names of the settings, and never with a line that is too long."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from handlers.server.observability.json_line import LONGEST_LINE
from tests.e2e.instances import TABLES, Connection, signed_now
from tests.e2e.process import COMMAND, Process, environment, running
from tests.merchant import write_settings
from tests.nicepay import Nicepay

SHOWN = {"snap": "event", "ecs": "message"}
"""The field that has the event."""


@contextmanager
def _serving(settings: Path, names: str) -> Iterator[tuple[Process, Callable[[str], dict[str, Any]]]]:
    """A server with these field names, and a function that waits for the line of an event."""
    with running(COMMAND, "serve", "--config", settings, env=environment(SNAP_TOKEN__LOG__FIELDS=names)) as process:

        def line_of(event: str) -> dict[str, Any]:
            lines = (line for line in process.err if _is_short(line))
            return next(fields for fields in map(json.loads, lines) if fields[SHOWN[names]] == event)

        yield process, line_of


def _is_short(line: str) -> bool:
    assert len(line.encode()) <= LONGEST_LINE
    return True


def test_a_decision_has_the_names_of_ecs(tmp_path: Path, nicepay: Nicepay) -> None:
    """A real line of a token has the fields of ECS, with the trace of the request."""
    traced = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    with _serving(write_settings(tmp_path, nicepay, extra=TABLES), "ecs") as (_, line_of):
        started = line_of("server.listening")
        with Connection(int(started["labels.endpoint"].split(":")[2].partition("/")[0])) as connection:
            assert connection.ask(signed_now(nicepay) | traced).status == 200
        line = line_of("token.issued")
    assert (line["event.action"], line["event.outcome"], line["log.level"]) == ("token.issued", "success", "info")
    assert (line["client.ip"], line["labels.client_key"]) == ("127.0.0.1", nicepay.client_key)
    assert (line["trace.id"], line["span.id"]) == ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
    assert {"@timestamp", "ecs.version", "http.request.id", "event.code"} <= line.keys()
    assert not {"timestamp", "event", "level", "request_id"} & line.keys()


@pytest.mark.parametrize("names", SHOWN)
def test_a_line_with_many_mistakes_is_cut(tmp_path: Path, nicepay: Nicepay, names: str) -> None:
    """A reload with 2,000 mistakes makes one line within the limit, and the line says what was cut."""
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    with _serving(settings, names) as (_, line_of):
        line_of("internal.listening")
        wrong = "\n".join(f"unknown_{number} = 1" for number in range(2_000))
        settings.write_text(f"{wrong}\n{settings.read_text()}")
        line = line_of("settings.refused")
    label = "labels." if names == "ecs" else ""
    assert line[f"{label}cut"] == [f"{label}mistakes"]
    assert line[f"{label}mistakes"].startswith('["')
    assert len(line[f"{label}mistakes"]) > 10_000
