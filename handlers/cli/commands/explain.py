"""`snap-token explain`: why a request is refused."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from handlers.cli.captured.authorize_request import as_call
from handlers.cli.captured.capture_file import content_of, requests_of
from handlers.cli.captured.raw_http import Captured, in_calendar
from handlers.cli.errors import UsageError, masked_misuse, settings_of
from handlers.cli.explanation import Explained, as_json, as_text, choice, with_progress
from handlers.cli.files.read_input import STANDARD_INPUT
from handlers.cli.time_limit import at_most
from handlers.config.capture_folder import capture_file
from handlers.config.secrets_to_mask import secrets_to_mask
from handlers.config.settings import Settings
from handlers.doctor.call import replay_key_of
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.context import LARGEST_CALL_BODY, MerchantContext
from handlers.doctor.diagnose import diagnose, is_call
from handlers.doctor.messages.render import Language
from handlers.doctor.request import Request
from handlers.doctor.request_secrets import secrets_in
from handlers.doctor.verdicts import Diagnosis, Finding, Verdict
from handlers.server.http.request_id import is_request_id
from handlers.server.openapi.documents import TOKEN_PATH
from handlers.server.process.assembly import clients_of, system_clock, token_keys_of
from handlers.snap.masking import SecretMasker
from handlers.snap.timestamp import parse

LONGEST_SECONDS = 8.5
"""The command has 10 in all, and starting it takes some. After four fifths nothing more is tried."""

_OUT_OF_TIME = "10 seconds are over, and this is not read and judged; give the one request alone"
_QUICK = 8
"""Operations with a key for each call that came before; a genuine call needs fewer."""

_REFUSED = 1
_REFUSAL = 400
"""An HTTP status, and those above it."""

_OURS = ("X-SIGNATURE", "X-TIMESTAMP", "X-CLIENT-KEY", "X-PARTNER-ID")


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
    it asks about is explained, and its question is judged, too. At most 8 MiB are read, for at most 10 seconds.

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
    secrets = list(secrets_to_mask(settings))
    with masked_misuse(SecretMasker(secrets).masked):
        case = Case(settings, None if at is None else _time(at))
        file = _source(request, request_id, settings)
        # A person who pastes a request may take any time.
        pasted = content_of(file) if file == STANDARD_INPUT else None
        with at_most(LONGEST_SECONDS, _OUT_OF_TIME) as is_over:
            captured = case.calls(requests_of(content_of(file) if pasted is None else pasted))
            explained = case.explained(captured, is_over)
    masked = SecretMasker([*secrets, *secrets_in(explained.captured.request)]).masked
    if len(captured) > 1:
        sys.stderr.write(choice(explained, len(captured), lang, masked))
    sys.stdout.write(as_json(explained, lang, masked) if json else as_text(explained, lang, masked))
    return 0 if explained.diagnosis.genuine else _REFUSED


def _source(file: Path | None, request_id: str | None, settings: Settings) -> Path:
    if bool(file) == bool(request_id):
        message = "name one of a file with the request, - for standard input, and --request-id"
        raise UsageError(message)
    if file:
        return file
    folder = settings.debug.capture_dir
    if folder is None or not is_request_id(request_id or ""):
        message = "--request-id wants the request_id of a line in the log, and [debug] capture_dir in the settings"
        raise UsageError(message)
    kept = capture_file(folder, request_id or "")
    if not kept.exists():
        message = f"no request of this id is kept in {folder}: it was one too many, or a day has passed"
        raise UsageError(message)
    return kept


def _time(text: str) -> datetime:
    try:
        return in_calendar(parse(text))
    except ValueError as error:
        message = "--at is no time with its offset, from 1971 to 9998, such as 2026-01-22T12:00:05+07:00"
        raise UsageError(message) from error


def context_of(settings: Settings, now: datetime) -> MerchantContext:
    """What the settings say, as the doctor needs it."""
    internal = settings.internal
    return MerchantContext(
        now=now,
        clients=clients_of(settings),
        token_keys=token_keys_of(settings),
        token_path=settings.server.base_path + TOKEN_PATH,
        call_paths=frozenset(service.path for service in settings.services),
        call_methods={service.path: service.methods for service in settings.services},
        secrets={table.id: table.client_secret_file for table in settings.clients if table.client_secret_file},
        internal_secrets=internal.secrets if internal else (),
        largest_call_body=internal.body_limit_bytes if internal else LARGEST_CALL_BODY,
        has_accel_redirect=bool(internal and internal.accel_redirect),
    )


@dataclass(frozen=True, slots=True)
class Case:
    """The settings that requests are judged by, and the time, if one is given."""

    settings: Settings
    at: datetime | None

    def calls(self, captured: list[Captured]) -> list[Captured]:
        """The captured requests; a proxy's question becomes the call that it asks about."""
        internal = self.settings.internal
        return [as_call(each, internal.call_headers if internal else None) for each in captured]

    def explained(self, captured: list[Captured], is_over: Callable[[], bool]) -> Explained:
        """Judge the last request that is one of SNAP's; if there is none, the last of all."""
        chosen = max((place for place, each in enumerate(captured) if _is_ours(each.request)), default=-1)
        chosen %= len(captured)
        request, at, status = captured[chosen]
        now = self.at or at or system_clock()
        context = context_of(self.settings, now)
        budget = VerificationBudget(is_over=is_over)
        used = _used(captured[:chosen], request, context, budget)
        diagnosis = diagnose(request, replace(context, used_replay_keys=used), budget)
        if diagnosis.genuine and diagnosis.cut_short:
            raise UsageError(_OUT_OF_TIME)
        if diagnosis.genuine and self.at is None and status and status >= _REFUSAL:
            diagnosis = Diagnosis(Finding(Verdict.ANSWER_REFUSED, {"status": status}))
        return Explained(captured[chosen], diagnosis, now)


def _is_ours(request: Request) -> bool:
    return any(request.all(name) for name in _OURS)


def _used(
    captured: list[Captured], request: Request, known: MerchantContext, budget: VerificationBudget
) -> frozenset[str]:
    """The mark of the call, if an earlier genuine call has the same. Each call is judged as of its own time."""
    mark = replay_key_of(request, known) if is_call(request, known) else ""
    rivals = [each for each in captured if mark and each.request.get("X-EXTERNAL-ID") == request.get("X-EXTERNAL-ID")]
    for rival in with_progress(rivals):
        if not budget.spend():
            break
        context = replace(known, now=rival.at or known.now)
        same = is_call(rival.request, context) and replay_key_of(rival.request, context) == mark
        if same and diagnose(rival.request, context, VerificationBudget(_QUICK)).genuine:
            return frozenset({mark})
    return frozenset()
