"""The settings of a PostgreSQL server that decide what it loses when its power fails. They are only read."""

from collections.abc import Mapping

from handlers.state.batches import within_timeout
from handlers.state.postgresql.session import Connection, connect
from handlers.state.postgresql.url import PostgresqlUrl

NAMES = ("fsync", "full_page_writes", "synchronous_commit", "synchronous_standby_names", "server_version_num")

_SETTINGS = "SELECT name, setting FROM pg_settings WHERE name = ANY($1::text[])"


async def settings_of(connection: Connection) -> Mapping[str, str]:
    """Return the settings `NAMES` by name."""
    return {row["name"]: row["setting"] for row in await connection.fetch(_SETTINGS, NAMES)}


async def read_settings(url: PostgresqlUrl) -> Mapping[str, str]:
    """Return the settings `NAMES` of the server at this URL, by name.

    Raises:
        StateDownError: It does not answer in time, or answers with an error.
    """
    connection = await within_timeout(connect(url))
    try:
        return await within_timeout(settings_of(connection))
    finally:
        connection.terminate()
