"""The state store of `state.url`, whichever engine it is."""

import asyncio
from collections.abc import Mapping
from importlib import import_module

from handlers.cli.self_check.finding import Finding, findings_or, from_message, good, warning
from handlers.cli.self_check.redis_store import check_redis
from handlers.cli.self_check.sqlite_store import check_sqlite
from handlers.cli.startup import dry_run
from handlers.state.opening import StateUrl

_NO_WRITING: Mapping[str, tuple[str, ...]] = {
    "state.latency": ("error",),
    "state.writable": ("error",),
    "state.integrity": ("error", "skipped"),
}


def check_state(url: StateUrl) -> list[Finding]:
    """Examine the state store. The only change to Redis and PostgreSQL is an entry, which expires by itself."""
    if client := url.redis():
        findings = asyncio.run(check_redis(client))
        return [*findings, *_of_writing(url, findings)]
    if database := url.postgresql():
        check_postgresql = import_module("handlers.cli.self_check.postgresql_store").check_postgresql
        findings = list(asyncio.run(check_postgresql(database)))
        return [*findings, *_of_writing(url, findings)]
    if url.file:
        return asyncio.run(check_sqlite(url.file))
    found = "memory:// forgets everything when the server stops, and no second instance can use it"
    advice = "set state.url to a SQLite file, a redis:// URL or a postgresql:// URL"
    return [warning("state.persistence", found, advice)]


def _of_writing(url: StateUrl, before: list[Finding]) -> list[Finding]:
    """Whether this user may write. Redis also refuses writes while its memory is full.

    If the findings before say that it may not, or that the tables of PostgreSQL do not exist yet, nothing is written.
    """
    if any(each.severity in _NO_WRITING.get(each.check, ()) for each in before):
        return []
    mistakes = dry_run.mistakes_of(lambda: dry_run.try_state(url))
    findings = [from_message("error", "state.writable", mistake) for mistake in mistakes]
    return findings_or(findings, good("state.writable", "an entry can be written and read"))
