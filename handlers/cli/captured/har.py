"""The requests in a HAR file (HTTP Archive 1.2), which browsers and proxies export."""

from base64 import b64decode
from datetime import datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    AwareDatetime,
    BaseModel,
    FailFast,
    Field,
    IPvAnyAddress,
    ValidationError,
)

from handlers.cli.captured.captured_request import (
    CapturedRequest,
    checked_year,
    http_date,
    model_error,
    parse_error,
    with_host,
)
from handlers.cli.captured.notes import Note, NoteKind
from handlers.cli.captured.raw_http import MAX_HEAD_LINES
from handlers.doctor.request import Request

_FORM = "HAR"
_CHROME = "WebInspector"
"""The creator that Chrome, Edge and other Chromium browsers write."""

_OF_CALLS = {"x-partner-id", "x-external-id"}
"""Headers of a call, but not of a token request or of a notification, which have no Authorization."""


class _Header(BaseModel):
    name: str
    value: str


# Validation stops at the first mistake, because the mistakes of a million entries would fill the memory.
_Headers = Annotated[list[_Header], Field(max_length=MAX_HEAD_LINES), FailFast()]


class _PostData(BaseModel):
    """The body. HAR has no field for binary bodies. This server adds `_encoding`, several proxies `encoding`."""

    text: str | None = None
    encoding: Literal["base64", ""] | None = Field(None, validation_alias=AliasChoices("_encoding", "encoding"))

    @property
    def content(self) -> bytes:
        text = self.text or ""
        return b64decode(text) if self.encoding else text.encode()


class _Request(BaseModel):
    method: str
    url: str
    headers: _Headers
    post_data: _PostData | None = Field(None, alias="postData")


class _Response(BaseModel):
    status: int | None = None
    headers: _Headers = []


class _Entry(BaseModel):
    started: Annotated[AwareDatetime, AfterValidator(checked_year)] = Field(alias="startedDateTime")
    request: _Request
    response: _Response | None = None
    caller: IPvAnyAddress | None = Field(None, alias="_callerAddress")
    """HAR has no field for the address of the caller. This server adds one."""

    @property
    def sent_at(self) -> datetime:
        """The Date of the response, else the time in the HAR entry, which may come from a wrong clock."""
        for header in self.response.headers if self.response else ():
            if header.name.lower() == "date":
                return http_date(header.value) or self.started
        return self.started


class _Creator(BaseModel):
    name: str = ""


class _Log(BaseModel):
    creator: _Creator = _Creator()
    entries: Annotated[list[_Entry], Field(min_length=1), FailFast()]


class _Har(BaseModel):
    log: _Log


def from_har(text: bytes) -> list[CapturedRequest]:
    """Every request in the file, in the order of the file, with the time when it was sent.

    Raises:
        UsageError: this is not a HAR file.
    """
    try:
        log = _Har.model_validate_json(text).log
    except ValidationError as error:
        raise model_error(_FORM, error) from error
    is_of_chrome = log.creator.name == _CHROME
    return [_with_note(each) if is_of_chrome else each for each in map(_request_of, log.entries)]


def _with_note(captured: CapturedRequest) -> CapturedRequest:
    """Add a note if this is a call from which the browser has removed Authorization."""
    names = {name.lower() for name, _ in captured.request.headers}
    if "authorization" in names or not names & _OF_CALLS:
        return captured
    return captured._replace(notes=(Note(NoteKind.AUTHORIZATION_REMOVED, {}),))


def _request_of(entry: _Entry) -> CapturedRequest:
    request = entry.request
    # A name that begins with a colon is a pseudo-header of HTTP/2.
    pairs = [(header.name, header.value) for header in request.headers if not header.name.startswith(":")]
    target, headers = with_host(request.url, pairs)
    try:
        body = request.post_data.content if request.post_data else b""
    except ValueError as error:
        raise parse_error(_FORM, error) from error
    status = entry.response.status if entry.response else None
    return CapturedRequest(Request(request.method, target, headers, body, caller=entry.caller), entry.sent_at, status)
