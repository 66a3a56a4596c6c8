"""The listeners of the settings."""

from collections.abc import Mapping

from handlers.config.listener import Listener
from handlers.config.settings import Settings


def listeners_of(settings: Settings) -> Mapping[str, Listener]:
    """The listeners, by the name of their table."""
    tables: dict[str, Listener | None] = {"server": settings.server, "internal": settings.internal}
    return {name: table for name, table in tables.items() if table}
