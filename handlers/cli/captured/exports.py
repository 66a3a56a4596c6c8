"""The requests in exports of API clients and proxies, which are JSON."""

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, AliasChoices, AliasPath, BaseModel, FailFast, Field, TypeAdapter, ValidationError

from handlers.cli.captured.captured_request import CapturedRequest, checked_year, model_error, parse_error, with_host
from handlers.cli.captured.har import from_har
from handlers.cli.captured.raw_http import MAX_HEAD_LINES
from handlers.cli.captured.templates import filled_in, filled_in_url
from handlers.doctor.request import Request

LARGEST_EXPORT = 2 * 1024 * 1024
"""Bytes. A larger export of many small parts would need too much memory."""


def _in_utc(at: datetime) -> datetime:
    return checked_year(at if at.tzinfo else at.replace(tzinfo=UTC))


_Time = Annotated[datetime, AfterValidator(_in_utc)]


class _Header(BaseModel):
    name: str = Field(validation_alias=AliasChoices("name", "key"))
    value: str | None = ""
    enabled: bool = True
    disabled: bool = False


_Headers = Annotated[list[_Header], Field(max_length=MAX_HEAD_LINES), FailFast()]


class _Variable(BaseModel):
    key: str
    value: str | None = None


class _Draft(BaseModel):
    """A request as an API client stores it, before the client fills in its variables."""

    method: str = "GET"
    url: str = Field("", validation_alias=AliasChoices(AliasPath("url", "raw"), "url"))
    headers: _Headers = Field([], validation_alias=AliasChoices("headers", "header"))
    body: str | None = Field(
        "", validation_alias=AliasChoices(*(AliasPath("body", key) for key in ("raw", "text", "json", "content")))
    )
    language: str | None = Field(
        "",
        validation_alias=AliasChoices(
            AliasPath("body", "options", "raw", "language"), AliasPath("body", "mimeType"), AliasPath("body", "mode")
        ),
    )
    token: str = Field(
        "",
        validation_alias=AliasChoices(
            AliasPath("auth", "bearer", 0, "value"),
            AliasPath("auth", "bearer", "token"),
            AliasPath("authentication", "token"),
        ),
    )

    def captured(self, form: str, variables: Mapping[str, str]) -> CapturedRequest:
        """The request that the client sends, with the headers that it adds for the body and the token."""
        headers = {each.name: each.value or "" for each in self.headers if each.enabled and not each.disabled}
        names = {name.lower() for name in headers}
        if "json" in (self.language or "") and "content-type" not in names:
            headers["Content-Type"] = "application/json"
        if self.token and "authorization" not in names:
            headers["Authorization"] = f"Bearer {self.token}"
        pairs = [(name, filled_in(value, variables, form)) for name, value in headers.items()]
        target, pairs_with_host = with_host(filled_in_url(self.url, variables, form), pairs)
        body = filled_in(self.body or "", variables, form).encode()
        return CapturedRequest(Request(self.method.upper(), target, pairs_with_host, body))


class _Item(BaseModel):
    """A request or a folder."""

    item: Annotated[list["_Item"], FailFast()] = Field([], validation_alias=AliasChoices("item", "items"))
    request: _Draft | None = None

    def drafts(self) -> Iterator[_Draft]:
        yield from [self.request] if self.request else []
        for each in self.item:
            yield from each.drafts()


class _Collection(_Item):
    """A collection of Postman (v2.1) or Bruno (JSON)."""

    variable: Annotated[list[_Variable], FailFast()] = []

    def requests(self, form: str) -> list[CapturedRequest]:
        variables = {each.key: each.value for each in self.variable if each.value}
        return [each.captured(form, variables) for each in self.drafts()]


class _Resource(_Draft):
    type: str = Field("", alias="_type")
    data: dict[str, object] = {}


class _Insomnia(BaseModel):
    """An export of Insomnia (version 4)."""

    resources: Annotated[list[_Resource], FailFast()]

    def requests(self, form: str) -> list[CapturedRequest]:
        environments = [each.data for each in self.resources if each.type == "environment"]
        variables = {f"_.{name}": str(value) for data in environments for name, value in data.items()}
        return [each.captured(form, variables) for each in self.resources if each.type == "request"]


class _Received(BaseModel):
    """A request that webhook.site received."""

    method: str
    url: str
    headers: Annotated[dict[str, list[str] | str], Field(max_length=MAX_HEAD_LINES)]
    content: str | None = ""
    created_at: _Time | None = None

    def captured(self) -> CapturedRequest:
        lists = {name: values if isinstance(values, list) else [values] for name, values in self.headers.items()}
        pairs = [(name, value) for name, values in lists.items() for value in values]
        target, headers = with_host(self.url, pairs)
        return CapturedRequest(Request(self.method, target, headers, (self.content or "").encode()), self.created_at)


class _WebhookSite(BaseModel):
    data: Annotated[list[_Received], FailFast()]

    def requests(self, _form: str) -> list[CapturedRequest]:
        return [each.captured() for each in self.data]


class _Transaction(BaseModel):
    """A transaction of Charles."""

    method: str
    scheme: str
    host: str
    path: str
    query: str | None = None
    started: _Time | None = Field(None, validation_alias=AliasPath("times", "start"))
    headers: _Headers = Field([], validation_alias=AliasPath("request", "header", "headers"))
    text: str | None = Field(None, validation_alias=AliasPath("request", "body", "text"))
    encoded: str | None = Field(None, validation_alias=AliasPath("request", "body", "encoded"))
    status: int | None = Field(None, validation_alias=AliasPath("response", "status"))

    def captured(self) -> CapturedRequest:
        url = f"{self.scheme}://{self.host}{self.path}{f'?{self.query}' if self.query else ''}"
        pairs = [(each.name, each.value or "") for each in self.headers if not each.name.startswith(":")]
        target, headers = with_host(url, pairs)
        body = (self.text or "").encode() or b64decode(self.encoded or "", validate=True)
        return CapturedRequest(Request(self.method, target, headers, body), self.started, self.status)


_Transactions = TypeAdapter[list[_Transaction]](Annotated[list[_Transaction], FailFast()])


class _Form(NamedTuple):
    """A form of export: its name, texts that every such file has, and its reader."""

    name: str
    marks: tuple[bytes, ...]
    read: Callable[[bytes, str], list[CapturedRequest]]


def _charles(text: bytes, _form: str) -> list[CapturedRequest]:
    return [each.captured() for each in _Transactions.validate_json(text)]


def _single(text: bytes, _form: str) -> list[CapturedRequest]:
    return [_Received.model_validate_json(text).captured()]


def _of(model: type[_Collection | _Insomnia | _WebhookSite]) -> Callable[[bytes, str], list[CapturedRequest]]:
    return lambda text, form: model.model_validate_json(text).requests(form)


_FORMS = (
    _Form("an Insomnia export", (b'"__export_format"', b'"resources"'), _of(_Insomnia)),
    _Form("a Postman collection", (b'"item"', b'"info"'), _of(_Collection)),
    _Form("a request of webhook.site", (b'"data"', b'"token_id"', b'"uuid"'), _of(_WebhookSite)),
    _Form("a request of webhook.site", (b'"token_id"', b'"uuid"'), _single),
    _Form("a session of Charles", (b'"scheme"', b'"protocolVersion"', b'"host"'), _charles),
    _Form("a Bruno collection", (b'"items"', b'"request"', b'"version"'), _of(_Collection)),
)


_ANY_FORM = "HAR or as an export"
_OTHER_JSON = (
    "it is JSON of another form, or incomplete; write the request as raw HTTP"
    " (request line, headers, an empty line, body), or copy it as a curl command"
)


def from_json(text: bytes) -> list[CapturedRequest]:
    """The requests in an export or in a HAR file.

    Raises:
        UsageError: the file has a mistake, no request, a variable without a value, or an unknown form.
    """
    has_log = b'"log"' in text
    is_har = has_log and b'"entries"' in text
    form = next((each for each in _FORMS if not is_har and all(mark in text for mark in each.marks)), None)
    if form is None and not has_log:
        raise parse_error(_ANY_FORM, _OTHER_JSON)
    if form is None:
        return from_har(text)
    if len(text) > LARGEST_EXPORT:
        raise parse_error(form.name, f"it is larger than {LARGEST_EXPORT} bytes; export only the one request")
    try:
        captured = form.read(text, form.name)
    except ValidationError as error:
        raise model_error(form.name, error) from error
    except ValueError as error:
        raise parse_error(form.name, error) from error
    if not captured:
        raise parse_error(form.name, "it has no request")
    return captured
