"""The names of Elastic Common Schema."""

import pytest

from handlers.server.observability.elastic_common_schema import NAMES, renamed


def test_a_decision_has_the_names_of_ecs() -> None:
    """Each field of a line has its name in ECS, or stands below `labels`."""
    line = {
        "event": "call.refused",
        "level": "warning",
        "timestamp": "2026-01-22T05:00:00Z",
        "request_id": "1",
        "remote": "192.0.2.1",
        "method": "POST",
        "path": "/api/v1.0/cvs/payment",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7",
        "client_key": "IONPAYTEST",
        "clock_skew_seconds": -1.5,
        "repeat": True,
        "response_code": "4019001",
        "outcome": "refused",
        "reason": "token.expired",
    }
    assert renamed(line) == {
        "@timestamp": "2026-01-22T05:00:00Z",
        "log.level": "warning",
        "message": "call.refused",
        "event.action": "call.refused",
        "event.outcome": "failure",
        "event.code": "4019001",
        "event.reason": "token.expired",
        "http.request.id": "1",
        "http.request.method": "POST",
        "client.ip": "192.0.2.1",
        "url.path": "/api/v1.0/cvs/payment",
        "trace.id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span.id": "00f067aa0ba902b7",
        "labels.client_key": "IONPAYTEST",
        "labels.clock_skew_seconds": -1.5,
        "labels.repeat": True,
        "labels.outcome": "refused",
        "ecs.version": "8.11.0",
        "service.name": "snap-token-server",
    }


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("issued", "success"),
        ("genuine", "success"),
        ("revoked", "success"),
        ("refused", "failure"),
        ("failed", "failure"),
    ],
)
def test_an_outcome_has_a_value_of_ecs(outcome: str, expected: str) -> None:
    """ECS knows success and failure. Our own value stays as a label."""
    fields = renamed({"event": "token.issued", "outcome": outcome})
    assert (fields["event.outcome"], fields["labels.outcome"]) == (expected, outcome)


@pytest.mark.parametrize("event", ["3 is odd", "odd", "Odd.event", "state.down!", "", 3])
def test_a_message_of_a_library_is_no_action(event: object) -> None:
    """Only an event of this server is an action, because the messages of libraries are sentences."""
    fields = renamed({"event": event})
    assert fields["message"] == event
    assert "event.action" not in fields
    assert "event.outcome" not in fields


def test_labels_are_flat() -> None:
    """ECS allows no objects in labels. A list stays a list."""
    fields = renamed({"event": "settings.read", "keys_added": {"A": ["f"]}, "tables": ["server"]})
    assert (fields["labels.keys_added"], fields["labels.tables"]) == ('{"A":["f"]}', ["server"])


def test_an_object_in_a_list_becomes_its_text() -> None:
    """ECS allows no objects in labels, at any depth."""
    assert renamed({"event": "a", "found": [{"A": 1}, "b"]})["labels.found"] == ['{"A":1}', "b"]


def test_the_fields_that_were_cut_have_their_names_of_ecs() -> None:
    """The list of the cut fields names them as the line does. `true` says that fields are missing."""
    assert renamed({"event": "a", "cut": ["exception", "mistakes"]})["labels.cut"] == [
        "error.stack_trace",
        "labels.mistakes",
    ]
    assert renamed({"event": "a", "cut": True})["labels.cut"] is True


def test_no_two_fields_have_one_name() -> None:
    """Each name is used once."""
    assert len(set(NAMES.values())) == len(NAMES)
