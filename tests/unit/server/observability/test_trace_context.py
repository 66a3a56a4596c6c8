"""The trace of a request."""

import pytest

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.observability.trace_context import trace_fields

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
VALID = f"00-{TRACE}-{SPAN}-01"


def _fields(*sent: bytes) -> dict[str, object]:
    return dict(trace_fields(RequestHeaders.of([(b"host", b"a"), *((b"traceparent", each) for each in sent)])))


@pytest.mark.parametrize(
    "sent",
    [VALID, f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-ff", f"01-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-what"],
)
def test_a_valid_traceparent_names_the_trace(sent: str) -> None:
    """The log gets the trace ID and the span ID. A later version may have more parts (section 4.3)."""
    assert _fields(sent.encode()) == {"trace_id": TRACE, "span_id": SPAN}


@pytest.mark.parametrize(
    "sent",
    [
        (),
        (b"",),
        (VALID.encode(), VALID.encode()),
        *(
            (each.encode("latin-1"),)
            for each in (
                VALID.upper(),
                f"ff-{TRACE}-{SPAN}-01",
                f"00-{'0' * 32}-{SPAN}-01",
                f"00-{TRACE}-{'0' * 16}-01",
                f"{VALID}-what",
                f"{VALID}-",
                f"{VALID}0",
                f"{VALID}\n",
                f" {VALID}",
                f"01-{TRACE}-{SPAN}-01what",
                f"00-{TRACE[:-1]}-{SPAN}-01",
                f"00-{TRACE[:-1]}g-{SPAN}-01",
                f"00-{TRACE}-{SPAN}",
                f"00-{TRACE}-{SPAN}-0",
                f"0-{TRACE}-{SPAN}-01",
                f"00_{TRACE}_{SPAN}_01",
                '{"event":"token.issued"}',
                "\x1b[2J",
                "\xe9" * 55,
                "0" * 8_000,
            )
        ),
    ],
)
def test_another_traceparent_is_ignored(sent: tuple[bytes, ...]) -> None:
    """If the header is absent, repeated or malformed, nothing of it is logged."""
    assert _fields(*sent) == {}
