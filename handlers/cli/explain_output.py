"""The output of `snap-token explain`."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import orjson
from rich.console import Console
from rich.progress import track

from handlers.cli.captured.captured_request import CapturedRequest
from handlers.doctor.messages.render import Language, as_data, message_of
from handlers.doctor.verdicts import Diagnosis
from handlers.escaping import escaped
from handlers.snap.masking import Mask
from handlers.snap.timestamp import render

_LONGEST_NAME = 240
"""Characters of method, host and path together."""

_SILENT_SECONDS = 1.0
_CHOSEN = {
    "en": "snap-token: the capture has {number} requests; this explains {name}\n",
    "id": "snap-token: ada {number} request; yang diperiksa {name}\n",
}
_WORDS = {"en": ("judged as of", "do", "also", "note"), "id": ("diperiksa per", "tindakan", "juga", "catatan")}
_INCOMPLETE = {
    "en": "some checks were not made, because 10 seconds are over or the request is far too large",
    "id": "sebagian pemeriksaan tidak dilakukan, karena 10 detik sudah lewat atau request jauh terlalu besar",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A request, its diagnosis, and the time for which the request was judged."""

    captured: CapturedRequest
    diagnosis: Diagnosis
    now: datetime


def chosen_request(explanation: Explanation, number: int, lang: Language, masked: Mask) -> str:
    """The line that names the request that was judged, out of several. It has no query, which may hold a secret."""
    request, at = explanation.captured.request, explanation.captured.at
    name = masked(f"{request.method} {request.get('Host')}{request.path}")[:_LONGEST_NAME]
    return _CHOSEN[lang].format(number=number, name=f"{escaped(name)} ({render(at) if at else '-'})")


def as_json(explanation: Explanation, lang: Language, masked: Mask) -> str:
    """JSON with `verdict`, `also`, `evidence` and `advice`.

    If some checks were not made, it also has `untried`. If something is wrong with the capture itself, it has `notes`.
    """
    data = as_data(explanation.diagnosis, lang, masked)
    if explanation.captured.notes:
        data["notes"] = [note.text(lang) for note in explanation.captured.notes]
    if explanation.diagnosis.cut_short:
        data["untried"] = _INCOMPLETE[lang]
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def as_text(explanation: Explanation, lang: Language, masked: Mask) -> str:
    """The same as lines of text."""
    judged, to_do, also, note = _WORDS[lang]
    diagnosis = explanation.diagnosis
    lines = [f"{diagnosis.main.verdict} ({judged} {render(explanation.now)})"]
    for finding in (diagnosis.main, *diagnosis.also):
        meaning, advice = message_of(finding, lang, masked)
        lines += [] if finding is diagnosis.main else [f"{also} {finding.verdict}"]
        lines += [f"  {meaning}", f"  {to_do}: {advice}"]
    lines += [f"{note}: {each.text(lang)}" for each in explanation.captured.notes]
    lines += [_INCOMPLETE[lang]] if diagnosis.cut_short else []
    return "\n".join([*lines, ""])


def with_progress(captured: Sequence[CapturedRequest]) -> Iterator[CapturedRequest]:
    """Show progress on standard error: a bar on a terminal, otherwise one line after the first second."""
    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(captured, "Judging", console=console, transient=True)
        return
    start: float | None = monotonic()
    for count, each in enumerate(captured):
        if start and monotonic() - start > _SILENT_SECONDS:
            sys.stderr.write(f"snap-token: {count} of {len(captured)} earlier calls judged\n")
            start = None
        yield each
