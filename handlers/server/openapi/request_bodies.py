"""The bodies of requests: of which media type, of which form, and what of them reaches the function."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from handlers.server.http.limits import LARGEST_BODY
from handlers.server.http.request_headers import RequestHeaders
from handlers.server.openapi.body_rule import BodyRule
from handlers.server.openapi.forms import Form
from handlers.server.openapi.function_arguments import FunctionArguments
from handlers.server.openapi.schemas import NOTES, Schema
from handlers.server.openapi.unsupported import UnsupportedError, naming
from handlers.snap import json_body
from handlers.snap.codes import INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError
from handlers.snap.media_type import FORM, JSON, require_media_type

ANY, OCTETS, TEXT = "*/*", "application/octet-stream", "text/plain"
BODY = "body"
"""The argument that takes a body. The fields of a form have arguments of their own."""

_BODY = frozenset({BODY})
_NO_NAMES: frozenset[str] = frozenset()

# Clients send the same few bytes with every request, so what was once found good is remembered.
_REMEMBERED = 64
_LONGEST_REMEMBERED = 256

Arguments = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class BodyKind:
    """The bodies of one media type.

    `read` makes arguments of the bytes, or raises SnapError, 400. `names` are the arguments that it may make, and
    `sure` those that it always makes. `absent` is what stands for no body, None if there must be one.
    """

    media_type: str
    read: Callable[[bytes], Arguments]
    names: frozenset[str] = _BODY
    sure: frozenset[str] = _BODY
    absent: Arguments | None = None
    largest: int = LARGEST_BODY

    def require_type(self, sent: RequestHeaders) -> None:
        """SnapError, 415 00, if the headers announce another kind. They need not announce any."""
        if self.media_type != ANY:
            require_media_type(self.media_type, sent.get(b"content-type"), sent.get(b"content-encoding"))

    def arguments(self, raw: bytes) -> Arguments:
        """What of a body reaches the function, by name; SnapError, 400, if it is not of the document's form."""
        return self.read(raw) if raw or self.absent is None else self.absent


@dataclass(frozen=True, slots=True)
class RequestBody:
    """The body of an operation: of one of several kinds, the first if the headers announce none."""

    kinds: Sequence[BodyKind]

    def require_taken(self, function: FunctionArguments) -> None:
        """UnsupportedError, if a function cannot be called with what a body gives it."""
        with naming("requestBody"):
            for name in sorted(_NO_NAMES.union(*(each.names for each in self.kinds))):
                function.require_taken(name)

    @property
    def sure(self) -> frozenset[str]:
        """The arguments that the function is always given."""
        return frozenset.intersection(*(each.sure for each in self.kinds)) if self.kinds else _NO_NAMES

    def kind(self, sent: RequestHeaders) -> BodyKind | None:
        """The kind that the headers announce, None if the operation takes no body.

        Raises:
            SnapError: 415 00, they announce another one.
        """
        for each in self.kinds[:-1]:
            with suppress(SnapError):
                each.require_type(sent)
                return each
        for last in self.kinds[-1:]:
            last.require_type(sent)
            return last
        return None


def body_of(described: Mapping[str, Any], largest: int, *, handed_over: bool) -> RequestBody:
    """Compile a `requestBody`; an empty one is none.

    `largest` is for bytes of any kind. JSON that is not `handed_over` to the function is validated all the same.

    Raises:
        UnsupportedError: a media type, or a keyword of a schema, is not supported.
    """
    kinds = []
    with naming("requestBody"):
        for name, content in described.get("content", {}).items():
            with naming(name):
                kinds.append(_kind(name.lower(), content.get("schema", {}), largest, handed_over=handed_over))
    if described.get("required", False):
        kinds = [replace(each, absent=None) for each in kinds]
    return RequestBody(sorted(kinds, key=lambda each: each.media_type == ANY))


def _kind(media_type: str, schema: Schema, largest: int, *, handed_over: bool) -> BodyKind:
    if media_type in (ANY, OCTETS):
        return _octets(media_type, schema, largest)
    if media_type == TEXT:
        return _text(schema)
    if media_type == FORM:
        return _form(schema)
    if media_type == JSON or re.fullmatch(r"application/[a-z0-9.-]+\+json", media_type):
        return _json(media_type, BodyRule(schema), handed_over=handed_over)
    raise UnsupportedError(keyword="content", why=f"must be {JSON}, {FORM}, {TEXT}, {OCTETS} or {ANY}")


def _json(media_type: str, rule: BodyRule, *, handed_over: bool) -> BodyKind:
    def check(raw: bytes) -> Arguments:
        value = json_body.parse(raw)
        rule.check(value)
        return {BODY: value} if handed_over else {}

    check_once = lru_cache(_REMEMBERED)(check)

    def read(raw: bytes) -> Arguments:
        return check_once(raw) if len(raw) <= _LONGEST_REMEMBERED else check(raw)

    if handed_over:  # A value that is remembered could be changed by the function.
        return BodyKind(media_type, check, absent={BODY: None})
    return BodyKind(media_type, read, names=_NO_NAMES, sure=_NO_NAMES, absent={})


def _form(schema: Schema) -> BodyKind:
    form = Form(schema)
    return BodyKind(FORM, form.arguments, names=form.names, sure=form.sure, absent={})


def _text(schema: Schema) -> BodyKind:
    """Plain text in UTF-8, as a whole."""
    if schema.get("type") != "string":
        raise UnsupportedError(keyword="type", why="a text must be a string")
    rule = BodyRule(schema)

    def read(raw: bytes) -> Arguments:
        _require_any(raw)
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise SnapError(INVALID_FIELD_FORMAT, field=BODY, reason="body.field_malformed") from error
        rule.check(text)
        return {BODY: text}

    return BodyKind(TEXT, read, absent={BODY: None})


def _octets(media_type: str, schema: Schema, largest: int) -> BodyKind:
    """Bytes as they came, of which no schema can say anything."""
    asked = {keyword: value for keyword, value in schema.items() if keyword not in NOTES and keyword[:2] != "x-"}
    if asked not in ({}, {"type": "string", "format": "binary"}):
        raise UnsupportedError(keyword="schema", why="bytes have no other than type: string and format: binary")

    def read(raw: bytes) -> Arguments:
        _require_any(raw)
        return {BODY: raw}

    return BodyKind(media_type, read, absent={BODY: b""}, largest=largest)


def _require_any(raw: bytes) -> None:
    if not raw:
        raise SnapError(INVALID_MANDATORY_FIELD, field=BODY, reason="body.field_missing")
