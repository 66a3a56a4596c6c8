"""What `snap-token explain` prints."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import orjson
from rich.console import Console
from rich.progress import track

from handlers.cli.captured.raw_http import Captured
from handlers.doctor.messages.render import Language, as_data, message_of
from handlers.doctor.verdicts import Diagnosis
from handlers.escaping import escaped
from handlers.snap.masking import Mask
from handlers.snap.timestamp import render

_SHOWN = 240
"""Characters of a method, a host and a path."""

_SILENT_SECONDS = 1.0
_CHOICE = {
    "en": "snap-token: of {number} requests, {name} is explained\n",
    "id": "snap-token: dari {number} request, yang diperiksa {name}\n",
}
_WORDS = {"en": ("judged as of", "do", "also"), "id": ("diperiksa per", "tindakan", "juga")}
_UNTRIED = {
    "en": "not all was tried: 10 seconds are over, or the request is far too large",
    "id": "tidak semua diperiksa: 10 detik sudah lewat, atau request jauh terlalu besar",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """A request, the diagnosis, and the time that the request was judged as of."""

    captured: Captured
    diagnosis: Diagnosis
    now: datetime


def choice(explained: Explained, number: int, lang: Language, masked: Mask) -> str:
    """The line that says which of several requests was judged, without its query: a secret may be in it."""
    request, at, _ = explained.captured
    name = masked(f"{request.method} {request.get('Host')}{request.path}")[:_SHOWN]
    return _CHOICE[lang].format(number=number, name=f"{escaped(name)} ({render(at) if at else '-'})")


def as_json(explained: Explained, lang: Language, masked: Mask) -> str:
    """JSON with `verdict`, `also`, `evidence` and `advice`, and `untried` if not all was tried."""
    data = as_data(explained.diagnosis, lang, masked)
    if explained.diagnosis.cut_short:
        data["untried"] = _UNTRIED[lang]
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def as_text(explained: Explained, lang: Language, masked: Mask) -> str:
    """The same for people, as lines of text."""
    judged, to_do, also = _WORDS[lang]
    diagnosis = explained.diagnosis
    lines = [f"{diagnosis.main.verdict} ({judged} {render(explained.now)})"]
    for finding in (diagnosis.main, *diagnosis.also):
        meaning, advice = message_of(finding, lang, masked)
        lines += [] if finding is diagnosis.main else [f"{also} {finding.verdict}"]
        lines += [f"  {meaning}", f"  {to_do}: {advice}"]
    lines += [_UNTRIED[lang]] if diagnosis.cut_short else []
    return "\n".join([*lines, ""])


def with_progress(captured: Sequence[Captured]) -> Iterator[Captured]:
    """Show progress: a bar on a terminal; elsewhere one line, if it takes longer than a second."""
    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(captured, "Judging", console=console, transient=True)
        return
    start: float | None = monotonic()
    for place, each in enumerate(captured):
        if start and monotonic() - start > _SILENT_SECONDS:
            sys.stderr.write(f"snap-token: {place} of {len(captured)} earlier calls judged\n")
            start = None
        yield each
