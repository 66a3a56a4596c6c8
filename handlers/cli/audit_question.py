"""The question that `snap-token audit show` answers from a trail."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from handlers.audit.selection import Selection
from handlers.cli.audit_period import end_of, start_of
from handlers.cli.errors import UsageError
from handlers.cli.files.read_input import read_secret
from handlers.snap.token import fingerprint

_TOKEN = re.compile(r"gAAAAA[A-Za-z0-9_-]{92,}={0,2}")
"""A Fernet token: its version, its time, and at least 66 more bytes, in base64url."""

Filter = Annotated[list[str] | None, Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Question:
    """Which lines are shown.

    Attributes:
        client: The ID of a client.
        event: An event, such as token.issued or call.refused.
        outcome: An outcome: issued, genuine, refused or failed.
        request_id: The request_id of a log line or of an answer.
        token_file: The file of an access token. Use - for standard input. Shown are the lines about this token: to whom
            it was issued, for which calls it was used, and whether it was revoked.
        from_: The first day in Jakarta, or the earliest time, such as 2026-01-22 or 2026-01-22T12:00:05+07:00.
        to: The last day in Jakarta, or the latest second.
    """

    client: Filter = None
    event: Filter = None
    outcome: Filter = None
    request_id: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    token_file: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None
    from_: Annotated[str | None, Parameter(name="--from")] = None
    to: str | None = None

    def selection(self) -> Selection:
        """The lines that are shown.

        Raises:
            UsageError: A time or the token is malformed, or no time can match.
        """
        selection = Selection(
            clients=self.client or (),
            events=self.event or (),
            outcomes=self.outcome or (),
            start=start_of(self.from_),
            end=end_of(self.to),
            request_id=self.request_id,
            token=_token_fingerprint(self.token_file) if self.token_file else None,
        )
        if selection.is_empty_period:
            message = "--from is later than --to"
            raise UsageError(message)
        return selection


def _token_fingerprint(file: Path) -> str:
    token = read_secret(file).removeprefix("Bearer ").strip()
    if _TOKEN.fullmatch(token) and len(token.rstrip("=")) % 4 != 1:
        return fingerprint(token)
    message = "--token-file must contain an access token of this server and nothing else"
    raise UsageError(message)
