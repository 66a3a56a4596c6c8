"""Schemathesis reads OpenMetrics as text, so that it validates the answers of /metrics too."""

import schemathesis
from schemathesis import DeserializationContext, Response


@schemathesis.deserializer("application/openmetrics-text")
def read_openmetrics(_context: DeserializationContext, response: Response) -> str:
    """The text of the answer."""
    return response.text
