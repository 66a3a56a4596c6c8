"""The metrics page for Prometheus. Reading it is no decision, so it is not in the log."""

from collections.abc import Mapping

from handlers.services import Services


async def report_metrics(services: Services, *, accept: str = "") -> tuple[bytes, Mapping[str, str]]:
    """Return the page, and its media type in the headers. `accept` is the value of the header Accept."""
    return await services.metrics(accept)
