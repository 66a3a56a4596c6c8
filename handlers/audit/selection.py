"""The lines of a trail that answer a question."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from handlers.audit.reading import TrailLine
from handlers.snap.token import LIFETIME, MAX_CLOCK_SKEW

_ISSUED = "token.issued"
_REVOKED = "tokens.revoked"
_LONGEST_LIFE = LIFETIME + MAX_CLOCK_SKEW
"""For how long after it was issued a token can still be revoked together with the others of its client."""


@dataclass(slots=True)
class Selection:
    """What a line must have. A part that is empty or None accepts every line.

    Attributes:
        clients: Client keys. A line matches if it has one of them.
        events: Events, such as `token.issued`.
        outcomes: Outcomes, such as `refused`.
        start: The earliest time.
        end: The time before which the line must be.
        request_id: The request ID.
        token: The fingerprint of a token. A revocation of all tokens of its client matches too.
        count: The number of lines that have matched.
        unseen: The clients, events and outcomes that no line of the trail has had. They may be misspelt.
    """

    clients: Sequence[str] = ()
    events: Sequence[str] = ()
    outcomes: Sequence[str] = ()
    start: datetime | None = None
    end: datetime | None = None
    request_id: str | None = None
    token: str | None = None
    count: int = 0
    unseen: set[str] = field(init=False)
    _issued_to: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """No line has been seen yet."""
        self.unseen = {*self.clients, *self.events, *self.outcomes}

    @property
    def is_empty_period(self) -> bool:
        """Whether no time can match."""
        return self.start is not None and self.end is not None and self.start >= self.end

    def matches(self, line: TrailLine) -> bool:
        """Whether the line is part of the answer. Lines must be given in their order."""
        matches = self._matches(line)
        self.count += matches
        return matches

    def _matches(self, line: TrailLine) -> bool:
        members = line.members or {}
        self.unseen.difference_update(map(str, (line.event, members.get("client"), members.get("outcome"))))
        return (
            self._is_about_token(line)
            and _is_in(self.clients, members.get("client"))
            and _is_in(self.events, line.event)
            and _is_in(self.outcomes, members.get("outcome"))
            and _is_in(() if self.request_id is None else [self.request_id], members.get("request_id"))
            and self._is_in_time(line.time)
        )

    def _is_in_time(self, time: datetime | None) -> bool:
        return time is not None and (self.start is None or self.start <= time) and (self.end is None or time < self.end)

    def _is_about_token(self, line: TrailLine) -> bool:
        members, time = line.members or {}, line.time
        if self.token is None or time is None:
            return True
        if members.get("token") == self.token:
            if line.event == _ISSUED:
                self._issued_to[str(members.get("client"))] = time
            return True
        issued = self._issued_to.get(str(members.get("client")))
        is_of_client = line.event == _REVOKED and "token" not in members
        return is_of_client and issued is not None and time - issued < _LONGEST_LIFE


def _is_in(accepted: Sequence[str], value: object) -> bool:
    return not accepted or value in accepted
