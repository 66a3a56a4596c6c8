"""A HAR file (HTTP Archive 1.2), as browsers and proxies export it."""

from base64 import b64decode
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AliasChoices, AwareDatetime, BaseModel, FailFast, Field, ValidationError

from handlers.cli.captured.raw_http import MOST_LINES, Captured, in_calendar, not_readable, with_host
from handlers.doctor.request import Request

_FORM = "HAR"


class _Header(BaseModel):
    name: str
    value: str


# Stops at the first mistake: the mistakes of a million entries would fill the memory.
_Headers = Annotated[list[_Header], Field(max_length=MOST_LINES), FailFast()]


class _PostData(BaseModel):
    """HAR has no way to tell bytes that are no text: `_encoding` is ours, `encoding` that of several proxies."""

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
    started: Annotated[AwareDatetime, AfterValidator(in_calendar)] = Field(alias="startedDateTime")
    request: _Request
    response: _Response | None = None

    @property
    def at(self) -> datetime:
        """By the server's clock, if the answer tells it: that of whoever captured may be the very mistake."""
        for header in self.response.headers if self.response else ():
            if header.name.lower() == "date":
                with suppress(ValueError, OverflowError):
                    date = in_calendar(parsedate_to_datetime(header.value))
                    return date if date.tzinfo else self.started
        return self.started


class _Log(BaseModel):
    entries: Annotated[list[_Entry], Field(min_length=1), FailFast()]


class _Har(BaseModel):
    log: _Log


def from_har(text: bytes) -> list[Captured]:
    """Every request of the file, in its order, with the time at which it was sent.

    Raises:
        MisuseError: it is no HAR file.
    """
    try:
        entries = _Har.model_validate_json(text).log.entries
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise not_readable(_FORM, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return [_captured(entry) for entry in entries]


def _captured(entry: _Entry) -> Captured:
    sent = entry.request
    # Those with a colon before them are HTTP/2's, and no headers.
    pairs = [(header.name, header.value) for header in sent.headers if not header.name.startswith(":")]
    target, headers = with_host(sent.url, pairs)
    try:
        body = sent.post_data.content if sent.post_data else b""
    except ValueError as error:
        raise not_readable(_FORM, error) from error
    status = entry.response.status if entry.response else None
    return Captured(Request(sent.method, target, headers, body), entry.at, status)
