"""Names of log fields in Elastic Common Schema (ECS)."""

import re

from handlers.server.observability.fields import CUT, LogFields
from handlers.server.observability.json_bytes import json_bytes

VERSION = "8.11.0"
"""The version of ECS that has all these names."""

SERVICE = "snap-token-server"

NAMES = {
    "timestamp": "@timestamp",
    "level": "log.level",
    "event": "message",
    "reason": "event.reason",
    "response_code": "event.code",
    "remote": "client.ip",
    "method": "http.request.method",
    "request_id": "http.request.id",
    "status": "http.response.status_code",
    "path": "url.path",
    "trace_id": "trace.id",
    "span_id": "span.id",
    "cause": "error.message",
    "exception": "error.stack_trace",
    "worker": "process.pid",
}
"""The name of each field. Every other field has its own name after `labels.`."""

LABEL = "labels."

_FAILURES = frozenset({"refused", "failed"})
_EVENT = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")


def renamed(line: LogFields) -> LogFields:
    """Return the fields of a line under their names in ECS.

    `message` and `event.action` are the name of the event. A message of a library is no name, so it has no
    `event.action`. `event.outcome` has ECS's values, `success` and `failure`, and `labels.outcome` has ours.
    """
    fields = {_name(name): _flat(value) for name, value in line.items()}
    fields |= {"ecs.version": VERSION, "service.name": SERVICE}
    cut = line.get(CUT)
    if isinstance(cut, list):
        fields[_name(CUT)] = [_name(each) for each in cut]
    event, outcome = str(line.get("event")), line.get("outcome")
    if _EVENT.fullmatch(event):
        fields["event.action"] = event
    if outcome:
        fields["event.outcome"] = "failure" if outcome in _FAILURES else "success"
    return fields


def _name(name: str) -> str:
    return NAMES.get(name, f"{LABEL}{name}")


def _flat(value: object) -> object:
    """ECS allows no objects in labels, so an object becomes its JSON text, also in a list."""
    if isinstance(value, list | tuple):
        return [_flat(each) for each in value]
    return json_bytes(value).decode() if isinstance(value, dict) else value
