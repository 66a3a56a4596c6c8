"""What a crash tore. The next writer adds a line `line.torn` that names the torn bytes, so that nothing is deleted."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256

from handlers.audit.chain import LINE_END
from handlers.audit.reading import TrailLine
from handlers.audit.record import LINE_TORN


def without_torn(lines: Iterable[TrailLine]) -> Iterator[TrailLine]:
    """The lines without torn bytes that the next line names by their SHA-256. All other unreadable lines stay.

    Of several unreadable lines in a row the first one stays. A line `line.torn` whose bytes are missing is damaged.
    """
    unreadable, torn, line_end = None, sha256(), b""
    for line in lines:
        if not line.members and not line.damage:
            unreadable = unreadable or line
            torn.update(line_end + line.raw)
            line_end = LINE_END if line.is_ended else b""
            continue
        is_torn = (
            line.members is not None and line.event == LINE_TORN and line.members.get("torn_sha256") == torn.hexdigest()
        )
        if unreadable and not is_torn:
            yield unreadable
        yield line if is_torn or line.event != LINE_TORN else replace(line, damage=_MISSING)
        unreadable, torn, line_end = None, sha256(), b""
    if unreadable:
        yield unreadable


_MISSING = "names torn bytes, but the bytes before it are others: they were altered or removed"
