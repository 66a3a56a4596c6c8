"""A worker of `snap-token serve`. Only the supervisor starts it: `python -m handlers.cli.worker ASSIGNMENT`.

It is a new interpreter, so it runs what is installed now. The listeners are those of the supervisor.
"""

import sys
from contextlib import closing

from handlers.cli.errors import USAGE_ERROR_STATUS
from handlers.server.process.workers.messages import Assignment, NotStarted
from handlers.server.process.workers.supervisor_link import SupervisorLink, ignore_signals


def main(argument: str) -> int:
    """Serve until the supervisor ends it, and return the exit status. If it cannot start, the supervisor says why."""
    ignore_signals()
    assignment = Assignment.from_argument(argument)
    with closing(SupervisorLink(assignment.link)) as link:
        mistakes = _work(assignment, link)
        if mistakes:
            link.report(NotStarted(mistakes))
    return USAGE_ERROR_STATUS if mistakes else 0


def _work(assignment: Assignment, link: SupervisorLink) -> tuple[str, ...]:
    try:
        from handlers.cli.startup import working  # noqa: PLC0415  its imports fail if a library is missing
    except ImportError as error:
        return (f"this installation is not usable: {error}; install snap-token-server again",)
    return working.work(assignment, link)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
