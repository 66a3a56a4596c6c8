"""`snap-token explain`: why the server refuses a request."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from handlers.cli.captured.authorize_request import call_in
from handlers.cli.captured.capture_file import parse_capture, read_capture
from handlers.cli.captured.captured_request import CapturedRequest, checked_year
from handlers.cli.captured.templates import require_values
from handlers.cli.errors import UsageError, masked_usage_errors
from handlers.cli.explain_output import Explanation, as_json, as_text, chosen_request, with_progress
from handlers.cli.files.read_input import STANDARD_INPUT
from handlers.cli.settings_file import load_settings
from handlers.cli.time_limit import time_limit
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
from handlers.server.process.assembly import called_services_of, clients_of, system_clock, token_keys_of
from handlers.snap.masking import SecretMasker
from handlers.snap.timestamp import parse

LONGEST_SECONDS = 8.5
"""The command has 10 seconds, including its start. No further check begins after four fifths of this limit."""

_OUT_OF_TIME = "the time limit of 10 seconds is over; give a capture with only the one request"
_EARLIER_CALL_BUDGET = 8
"""Key operations for each earlier call. A genuine call needs fewer."""

_REFUSED = 1
_LOWEST_ERROR = 400
"""HTTP status."""

_SNAP_HEADERS = ("X-SIGNATURE", "X-TIMESTAMP", "X-CLIENT-KEY", "X-PARTNER-ID")


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
    """Explain which check refuses a captured request, and why. Exit status 0 if it is genuine, 1 if it is refused.

    The command sends nothing and stores nothing, so you can explain a request any number of times. It does not read the
    state store: it does not know whether the servers have seen the request, or whether its token is revoked. For a
    request of a proxy to /authorize, it explains the call, and also checks the request of the proxy. It reads at most
    8 MiB, and takes at most 10 seconds.

    Example: snap-token explain --config snap-token.toml --at 2026-01-22T12:00:05+07:00 request.txt

    Args:
        request: A file with the request as raw HTTP, a curl command, HAR, or an export of an API client. Use - for
            standard input. If a file has several requests, the last one with SNAP headers is explained. The external
            IDs of the calls before it count as used.
        config: The settings file of the server that refuses the request.
        request_id: The request_id of a log line, in place of a file. The folder of debug.capture_dir must still hold
            the request.
        at: The time for which to judge the request, such as 2026-01-22T12:00:05+07:00. Default: the Date of the
            response in a HAR file, else the time of the HAR entry, else now.
        lang: The language of the explanation: English (en) or Indonesian (id).
        json: Print verdict, also, evidence and advice as JSON.
    """
    settings = load_settings(config)
    secrets = list(secrets_to_mask(settings))
    with masked_usage_errors(SecretMasker(secrets).masked):
        case = Case(settings, None if at is None else _time(at))
        file = _source(request, request_id, settings)
        # A person who pastes a request has no time limit.
        pasted = read_capture(file) if file == STANDARD_INPUT else None
        with time_limit(LONGEST_SECONDS, _OUT_OF_TIME) as is_over:
            captured = case.calls(parse_capture(read_capture(file) if pasted is None else pasted))
            explanation = case.explain(captured, is_over)
    masked = SecretMasker([*secrets, *secrets_in(explanation.captured.request)]).masked
    if len(captured) > 1:
        sys.stderr.write(chosen_request(explanation, len(captured), lang, masked))
    sys.stdout.write(as_json(explanation, lang, masked) if json else as_text(explanation, lang, masked))
    return 0 if explanation.diagnosis.genuine else _REFUSED


def _source(file: Path | None, request_id: str | None, settings: Settings) -> Path:
    if bool(file) == bool(request_id):
        message = "name the request: a file, - for standard input, or --request-id"
        raise UsageError(message)
    if file:
        return file
    folder = settings.debug.capture_dir
    if folder is None or not is_request_id(request_id or ""):
        message = "--request-id needs the request_id of a log line, and debug.capture_dir in the settings"
        raise UsageError(message)
    capture = capture_file(folder, request_id or "")
    if not capture.exists():
        message = f"{folder} has no request with this ID; captures are deleted after a day, or if there are too many"
        raise UsageError(message)
    return capture


def _time(text: str) -> datetime:
    try:
        return checked_year(parse(text))
    except ValueError as error:
        message = "--at must be a time with its offset, from 1971 to 9998, such as 2026-01-22T12:00:05+07:00"
        raise UsageError(message) from error


def merchant_context(settings: Settings, now: datetime) -> MerchantContext:
    """The settings in the form that the diagnosis needs."""
    internal = settings.internal
    return MerchantContext(
        now=now,
        clients=clients_of(settings),
        token_keys=token_keys_of(settings),
        token_path=settings.server.base_path + TOKEN_PATH,
        called_services=called_services_of(settings),
        secrets={table.id: table.client_secret_file for table in settings.clients if table.client_secret_file},
        internal_secrets=internal.secrets if internal else (),
        largest_call_body=internal.body_limit_bytes if internal else LARGEST_CALL_BODY,
        has_accel_redirect=bool(internal and internal.accel_redirect),
    )


@dataclass(frozen=True, slots=True)
class Case:
    """The settings for which requests are judged, and the time of --at."""

    settings: Settings
    at: datetime | None

    def calls(self, captured: list[CapturedRequest]) -> list[CapturedRequest]:
        """The captured requests. A request of a proxy to /authorize becomes the call in it."""
        internal = self.settings.internal
        return [call_in(each, internal.call_headers if internal else None) for each in captured]

    def explain(self, captured: list[CapturedRequest], is_over: Callable[[], bool]) -> Explanation:
        """Judge the last request that has SNAP headers, else the last request.

        Raises:
            UsageError: a header has a variable or a masked value, or the time is over before a genuine request was
                checked.
        """
        chosen = max((index for index, each in enumerate(captured) if _is_snap(each.request)), default=-1)
        chosen %= len(captured)
        request, at, status, _ = captured[chosen]
        require_values(request)
        now = self.at or at or system_clock()
        context = merchant_context(self.settings, now)
        budget = VerificationBudget(is_over=is_over)
        used = _used_keys(captured[:chosen], request, context, budget)
        diagnosis = diagnose(request, replace(context, used_replay_keys=used), budget)
        if diagnosis.genuine and diagnosis.cut_short:
            raise UsageError(_OUT_OF_TIME)
        if diagnosis.genuine and self.at is None and status and status >= _LOWEST_ERROR:
            diagnosis = Diagnosis(Finding(Verdict.ANSWER_REFUSED, {"status": status}))
        return Explanation(captured[chosen], diagnosis, now)


def _is_snap(request: Request) -> bool:
    return any(request.all(name) for name in _SNAP_HEADERS)


def _used_keys(
    earlier: list[CapturedRequest], request: Request, context: MerchantContext, budget: VerificationBudget
) -> frozenset[str]:
    """The replay key of the call, if an earlier genuine call has the same key. Each is judged for its own time."""
    replay_key = replay_key_of(request, context) if is_call(request, context) else ""
    external_id = request.get("X-EXTERNAL-ID")
    candidates = [each for each in earlier if replay_key and each.request.get("X-EXTERNAL-ID") == external_id]
    for candidate in with_progress(candidates):
        if not budget.spend():
            break
        then = replace(context, now=candidate.at or context.now)
        same = is_call(candidate.request, then) and replay_key_of(candidate.request, then) == replay_key
        if same and diagnose(candidate.request, then, VerificationBudget(_EARLIER_CALL_BUDGET)).genuine:
            return frozenset({replay_key})
    return frozenset()
