"""The PostgreSQL of `state.url`: latency, version, durability, and the tables. It is only read.

This module needs the extra `postgresql`.
"""

from collections.abc import Iterator, Mapping

import asyncpg

from handlers.cli.self_check.finding import Finding, error, from_message, good, skipped, warning
from handlers.cli.self_check.latency import median_seconds, of_latency
from handlers.state.batches import within_timeout
from handlers.state.port import StateDownError
from handlers.state.postgresql.durability import settings_of
from handlers.state.postgresql.schema import version_of
from handlers.state.postgresql.session import Connection, connect
from handlers.state.postgresql.url import PostgresqlUrl

OLDEST_VERSION = 14
"""The oldest major version of PostgreSQL that this server supports."""

_GRANT = "grant this role the privileges that the page on several instances lists"
_FORBIDDEN = """SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class
    WHERE relnamespace = 'snap_token'::regnamespace AND relname IN ('seen', 'revoked', 'suspended') AND NOT (
        has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
        AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))"""


async def check_postgresql(url: PostgresqlUrl) -> list[Finding]:
    """Examine the server that accepts writes."""
    try:
        connection = await within_timeout(connect(url))
    except StateDownError as cause:
        return [_no_answer(cause)]
    try:
        seconds = await median_seconds(lambda: within_timeout(connection.fetchval("SELECT 1")))
        settings = await within_timeout(settings_of(connection))
        tables = await within_timeout(_tables(connection))
    except StateDownError as cause:
        return [_no_answer(cause)]
    finally:
        connection.terminate()
    return [
        of_latency(seconds, "a round trip to PostgreSQL"),
        _version(settings),
        *_persistence(settings),
        *_replication(url, settings),
        *_encryption(url),
        tables,
    ]


def _no_answer(cause: StateDownError) -> Finding:
    advice = "make it reachable, or correct state.url"
    return error("state.latency", f"the state store does not answer: {cause}", advice)


def _version(settings: Mapping[str, str]) -> Finding:
    major = int(settings["server_version_num"]) // 10_000
    if major < OLDEST_VERSION:
        return error(
            "state.version", f"the state store is PostgreSQL {major}", f"install PostgreSQL {OLDEST_VERSION} or later"
        )
    return good("state.version", f"PostgreSQL {major}")


def _persistence(settings: Mapping[str, str]) -> Iterator[Finding]:
    names = ("fsync", "full_page_writes", "synchronous_commit")
    if settings["fsync"] == "off":
        found = "PostgreSQL does not flush its files (fsync off), and loses the database when the power fails"
        yield error("state.persistence", found, "set fsync on")
    if settings["full_page_writes"] == "off":
        found = "PostgreSQL does not log whole pages (full_page_writes off), and can lose them when the power fails"
        yield warning("state.persistence", found, "set full_page_writes on")
    if settings["synchronous_commit"] == "off":
        found = "PostgreSQL answers before a commit is on the disk (synchronous_commit off)"
        advice = "set synchronous_commit on; until then, this server sets it for its own connections"
        yield warning("state.persistence", found, advice)
    if all(settings[name] != "off" for name in names):
        yield good("state.persistence", ", ".join(f"{name} {settings[name]}" for name in names))


def _replication(url: PostgresqlUrl, settings: Mapping[str, str]) -> Iterator[Finding]:
    if len(url.hosts) > 1 and not settings["synchronous_standby_names"]:
        found = "a standby that takes over can lack the last commits (synchronous_standby_names is empty)"
        yield warning("state.replication", found, "name a standby in synchronous_standby_names")
    elif len(url.hosts) > 1:
        yield good("state.replication", f"synchronous_standby_names {settings['synchronous_standby_names']}")


def _encryption(url: PostgresqlUrl) -> Iterator[Finding]:
    if not url.is_private:
        found = "the connection to PostgreSQL is not protected against others in the network"
        yield warning("state.encryption", found, "add sslmode=verify-full and sslrootcert to state.url")


async def _tables(connection: Connection) -> Finding:
    """The version of the tables, and whether this role may use them."""
    try:
        version = await version_of(connection)
        forbidden = await connection.fetchval(_FORBIDDEN) if version else None
    except StateDownError as cause:
        return from_message("error", "state.integrity", str(cause))
    except asyncpg.InsufficientPrivilegeError as cause:
        return error("state.integrity", str(cause), _GRANT)
    return _of_tables(version, forbidden)


def _of_tables(version: int, forbidden: str | None) -> Finding:
    if not version:
        return skipped("state.integrity", "the tables do not exist yet", "the server creates them at its start")
    if forbidden:
        return error("state.integrity", f"this role may not read and change these tables: {forbidden}", _GRANT)
    return good("state.integrity", f"the tables have version {version}, and this role may use them")
