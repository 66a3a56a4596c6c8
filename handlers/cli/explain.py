"""`snap-token explain`: why a request is refused."""

import sys
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import orjson
from cyclopts import Parameter

from handlers.cli.captured import Captured, from_raw, is_transcript
from handlers.cli.captured_curl import from_curl
from handlers.cli.captured_har import from_har
from handlers.cli.captured_question import as_call
from handlers.cli.misuse import MisuseError, settings_of
from handlers.cli.signing import TOKEN_PATH
from handlers.doctor.call import mark_of
from handlers.doctor.examine import examine, is_call
from handlers.doctor.knowledge import Knowledge
from handlers.doctor.request import Request
from handlers.doctor.texts import Language, as_data, printable, tell
from handlers.doctor.verdicts import Diagnosis
from handlers.server.captures import file_of
from handlers.server.request_id import is_request_id
from handlers.server.settings import Settings
from handlers.server.start import clients_of, system_clock, token_keys_of
from handlers.snap.timestamp import parse, render

LARGEST = 32 * 1024 * 1024
"""Bytes of a capture."""

_REFUSED = 1
_STANDARD_INPUT = Path("-")
_OURS = ("X-SIGNATURE", "X-TIMESTAMP", "X-CLIENT-KEY", "X-PARTNER-ID")
_CHOICE = {
    "en": "snap-token: of {number} requests, {name} is explained\n",
    "id": "snap-token: dari {number} request, yang diperiksa {name}\n",
}
_WORDS = {"en": ("judged as of", "do", "also"), "id": ("diperiksa per", "tindakan", "juga")}


def explain(  # noqa: PLR0913  each is an option of the command
    request: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    /,
    *,
    config: Path,
    request_id: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    at: str | None = None,
    lang: Language = "en",
    json: bool = False,
) -> int:
    """Say which check refuses a captured request, and why. Exit status 0 if it is genuine, 1 if it is refused.

    Nothing is sent and nothing is remembered: a request can be explained any number of times. Whether the state of the
    servers has seen it, or its token has been revoked, is not asked. Of what a proxy asks at /authorize, the call that
    it asks about is explained.

    Example: snap-token explain --config snap-token.toml --at 2026-01-22T12:00:05+07:00 request.txt

    Args:
        request: A file that holds the request as raw HTTP, as a curl command or as HAR; - reads standard input. Of a
            HAR file the last request with SNAP's headers is explained, and calls before it use up their external ids.
        config: The settings of the server that refuses.
        request_id: In place of a file, the id of a request in the log, if [debug] capture_dir has kept it.
        at: The time to judge as of, such as 2026-01-22T12:00:05+07:00; otherwise that of the HAR entry,
            by the server's clock if its answer has a Date, or now.
        lang: The language: en or id.
        json: Print verdict, also, evidence and advice as JSON.
    """
    settings = settings_of(config)
    call_headers = settings.internal.call_headers if settings.internal else "x-original"
    captured = [as_call(each, call_headers) for each in read(_content(_source(request, request_id, settings)))]
    chosen = max((place for place, each in enumerate(captured) if _is_ours(each.request)), default=len(captured) - 1)
    now = _time(at) if at else captured[chosen].at or system_clock()
    knowledge = knowledge_of(settings, now)
    used = _used(captured[:chosen], knowledge)
    diagnosis = examine(captured[chosen].request, replace(knowledge, used=used))
    if len(captured) > 1:
        sys.stderr.write(_choice(captured[chosen], len(captured), lang))
    sys.stdout.write(_as_json(diagnosis, lang) if json else _as_text(diagnosis, lang, now))
    return 0 if diagnosis.genuine else _REFUSED


def _source(file: Path | None, request_id: str | None, settings: Settings) -> Path:
    if bool(file) == bool(request_id):
        message = "name one of a file with the request, - for standard input, and --request-id"
        raise MisuseError(message)
    if file:
        return file
    folder = settings.debug.capture_dir
    if folder is None or not is_request_id(request_id or ""):
        message = "--request-id wants the request_id of a line in the log, and [debug] capture_dir in the settings"
        raise MisuseError(message)
    kept = file_of(folder, request_id or "")
    if not kept.exists():
        message = f"no request of this id is kept in {folder}: it was one too many, or a day has passed"
        raise MisuseError(message)
    return kept


def read(content: bytes) -> list[Captured]:
    """The requests of a capture, whatever form it has.

    Raises:
        MisuseError: it has none.
    """
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):  # Windows PowerShell's > writes it.
        content = content.decode("utf-16", "replace").encode()
    text = content.removeprefix(BOM_UTF8).lstrip().removeprefix(b"$ ")
    if not text:
        message = "there is no request; give raw HTTP, a curl command or HAR"
        raise MisuseError(message)
    if is_transcript(text):
        return [from_raw(text)]
    if text.startswith(b"{"):
        return from_har(text)
    if text.split(maxsplit=1)[0] in {b"curl", b"curl.exe"}:
        return [from_curl(text)]
    return [from_raw(text)]


def knowledge_of(settings: Settings, now: datetime) -> Knowledge:
    """What the settings say, as the doctor needs it."""
    return Knowledge(
        now=now,
        clients=clients_of(settings),
        token_keys=token_keys_of(settings),
        token_path=settings.server.base_path + TOKEN_PATH,
        call_paths=frozenset(service.path for service in settings.services),
        call_methods={service.path: service.methods for service in settings.services},
        secrets={table.id: table.client_secret_file[0] for table in settings.clients if table.client_secret_file},
    )


def _content(file: Path) -> bytes:
    try:
        if file == _STANDARD_INPUT:
            content = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with file.open("rb") as opened:
                content = opened.read(LARGEST + 1)
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise MisuseError(message) from error
    if len(content) > LARGEST:
        message = f"{file} is larger than {LARGEST} bytes; give the one request alone"
        raise MisuseError(message)
    return content


def _time(text: str) -> datetime:
    try:
        return parse(text)
    except ValueError as error:
        message = "--at is no time with its offset, such as 2026-01-22T12:00:05+07:00"
        raise MisuseError(message) from error


def _is_ours(request: Request) -> bool:
    return any(request.all(name) for name in _OURS)


def _used(captured: list[Captured], known: Knowledge) -> frozenset[str]:
    """The marks of the genuine calls that came before, each judged as of its own time."""
    used: frozenset[str] = frozenset()
    for request, at in captured:
        knowledge = replace(known, now=at or known.now, used=used)
        if is_call(request, knowledge) and examine(request, knowledge).genuine:
            used |= {mark_of(request, knowledge)}
    return used


def _choice(captured: Captured, number: int, lang: Language) -> str:
    """Which of several was judged; not its query, where a secret may be."""
    request, at = captured
    name = f"{request.method} {request.get('Host')}{request.path} ({render(at) if at else '-'})"
    return _CHOICE[lang].format(number=number, name=printable(name))


def _as_json(diagnosis: Diagnosis, lang: Language) -> str:
    return orjson.dumps(as_data(diagnosis, lang), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _as_text(diagnosis: Diagnosis, lang: Language, now: datetime) -> str:
    judged, to_do, also = _WORDS[lang]
    lines = [f"{diagnosis.main.verdict} ({judged} {render(now)})"]
    for finding in (diagnosis.main, *diagnosis.also):
        says, advice = tell(finding, lang)
        lines += [] if finding is diagnosis.main else [f"{also} {finding.verdict}"]
        lines += [f"  {says}", f"  {to_do}: {advice}"]
    return "\n".join([*lines, ""])
