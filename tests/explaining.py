"""What `snap-token explain` finds, without its time limit: a busy machine must fail no test."""

from collections.abc import Callable

from handlers.cli.captured.capture_file import parse_capture
from handlers.cli.commands.explain import Case
from handlers.cli.explain_output import Explanation
from handlers.config.secrets_to_mask import secrets_to_mask
from handlers.config.settings import Settings
from handlers.doctor.request_secrets import secrets_in
from handlers.snap.masking import Mask, SecretMasker
from handlers.snap.timestamp import parse


def explained(captured: bytes, settings: Settings, at: str, is_over: Callable[[], bool] = lambda: False) -> Explanation:
    """Judge the captured request as of this time."""
    case = Case(settings, parse(at))
    return case.explain(case.calls(parse_capture(captured)), is_over)


def mask_of(explanation: Explanation, settings: Settings) -> Mask:
    """The mask of the command's output."""
    return SecretMasker([*secrets_to_mask(settings), *secrets_in(explanation.captured.request)]).masked
