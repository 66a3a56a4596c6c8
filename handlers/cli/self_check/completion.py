"""Makes one check, with a time limit. A fault in one part hides no finding about another part."""

from collections.abc import Callable, Iterable

from handlers.cli.errors import UsageError
from handlers.cli.self_check.finding import CheckName, Finding, error
from handlers.config.regular_files import call_with_timeout

LONGEST_SECONDS = 15.0
"""Time limit of one check. A disk or a server may never answer, or may answer one byte a second."""

_REPORT = "see the other findings first; if none explains it, report it to the makers of snap-token"


def findings_of(
    name: CheckName, check: Callable[[], Iterable[Finding]], seconds: float = LONGEST_SECONDS
) -> list[Finding]:
    """The findings of the check. One error with this name if the check has no result in time, or fails.

    Raises:
        UsageError: an option or a variable of the environment is wrong.
    """
    try:
        return call_with_timeout(("self-check", name), lambda: list(check()), seconds)
    except TimeoutError:
        found = f"no result within {seconds:g} seconds"
        return [error(name, found, "a disk or a server does not answer in time; see what this check examines")]
    except UsageError:
        raise
    except Exception as cause:  # noqa: BLE001  A fault that nobody foresaw must not hide the other findings.
        return [error(name, f"the check failed: {type(cause).__name__}: {cause}", _REPORT)]
