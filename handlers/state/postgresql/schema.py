"""The tables in the schema `snap_token`. They are created once, and migrated to the version of this server.

Times are in microseconds since 1970. The collation is "C", because the order of another one can change with the
operating system, and a unique index may then accept a key twice.
"""

from collections.abc import Sequence

import asyncpg

from handlers.state.port import StateDownError
from handlers.state.postgresql.session import PREPARE_SECONDS, Connection

CREATE = """\
CREATE TABLE snap_token.store (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version integer NOT NULL,
    number uuid NOT NULL DEFAULT gen_random_uuid(),
    changes bigint NOT NULL DEFAULT 0
);
CREATE TABLE snap_token.seen (
    key text COLLATE "C" PRIMARY KEY,
    first bigint NOT NULL,
    until bigint NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX seen_until ON snap_token.seen (until);
CREATE TABLE snap_token.revoked (
    subject text COLLATE "C" PRIMARY KEY,
    at bigint NOT NULL,
    until bigint NOT NULL
);
CREATE TABLE snap_token.suspended (
    client_key text COLLATE "C" PRIMARY KEY,
    at bigint NOT NULL
);
INSERT INTO snap_token.store (version) VALUES (1);
"""

PRIVILEGES = (
    "GRANT USAGE ON SCHEMA snap_token TO {role}",
    "GRANT SELECT, UPDATE ON snap_token.store TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON snap_token.seen, snap_token.revoked, snap_token.suspended TO {role}",
)
"""All that a role needs, once the tables exist. The owner of the tables grants it."""

STEPS: Sequence[str] = (CREATE,)
"""The first step makes version 1 out of nothing. Each later step makes the next version."""

_LOCK = 5_355_241_150_073
"""The number of the advisory lock. One instance at a time creates or migrates the tables."""

_ADVICE = "let the owner of the database create the schema snap_token, and grant this role its tables"


async def prepare_tables(connection: Connection) -> None:
    """Create or migrate the tables, if that is necessary.

    Raises:
        StateDownError: A newer version of this server created the tables, or this role may not create or read them.
    """
    try:
        if await version_of(connection) < len(STEPS):
            await _migrate(connection)
    except asyncpg.InsufficientPrivilegeError as error:
        message = f"{error}; {_ADVICE}"
        raise StateDownError(message) from error


async def version_of(connection: Connection) -> int:
    """Return the version of the tables. 0 if there are none.

    Raises:
        StateDownError: A newer version of this server created the tables, or they are not complete.
        asyncpg.PostgresError: This role may not read them, or another program created them.
    """
    try:
        version = await connection.fetchval("SELECT max(version) FROM snap_token.store")
    except asyncpg.UndefinedTableError:
        return 0
    if version is None:
        message = "the table snap_token.store is empty; drop the schema snap_token, and it is created again"
        raise StateDownError(message)
    if version > len(STEPS):
        supported = f"schema {version}, this version supports {len(STEPS)}"
        message = f"a newer version of this server created the tables in snap_token ({supported}); install that version"
        raise StateDownError(message)
    return int(version)


async def _migrate(connection: Connection) -> None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL statement_timeout = {PREPARE_SECONDS * 1_000:.0f}")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        if await connection.fetchval("SELECT to_regnamespace('snap_token') IS NULL"):
            await connection.execute("CREATE SCHEMA snap_token")
        exists = await connection.fetchval("SELECT to_regclass('snap_token.store') IS NOT NULL")
        for step in STEPS[await version_of(connection) if exists else 0 :]:
            await connection.execute(step)
        await connection.execute("UPDATE snap_token.store SET version = $1", len(STEPS))
