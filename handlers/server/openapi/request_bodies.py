"""Request bodies: their media types, their rules, and the arguments that the function gets from them."""

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
"""The argument for a whole body. Each field of a form has its own argument."""

_BODY = frozenset({BODY})
_NO_NAMES: frozenset[str] = frozenset()

# Clients send the same few bytes with every request. So a body that was valid once is remembered.
_REMEMBERED = 64
_LONGEST_REMEMBERED = 256

Arguments = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class BodyKind:
    """The bodies of one media type.

    Attributes:
        media_type: The media type, in lower case.
        read: Converts the bytes to arguments, or raises SnapError (400).
        names: The arguments that `read` may return.
        always: The arguments that `read` always returns.
        absent: The arguments if there is no body. None if a body is required.
        largest: The largest body in bytes.
    """

    media_type: str
    read: Callable[[bytes], Arguments]
    names: frozenset[str] = _BODY
    always: frozenset[str] = _BODY
    absent: Arguments | None = None
    largest: int = LARGEST_BODY

    def require_type(self, headers: RequestHeaders) -> None:
        """Raise SnapError (415 00) if Content-Type names another media type. The header may be absent."""
        if self.media_type != ANY:
            require_media_type(self.media_type, headers.get(b"content-type"), headers.get(b"content-encoding"))

    def arguments(self, raw: bytes) -> Arguments:
        """Return the arguments for the function. Raise SnapError (400) if the body does not fit the document."""
        return self.read(raw) if raw or self.absent is None else self.absent


@dataclass(frozen=True, slots=True)
class RequestBody:
    """The body of an operation. Without a Content-Type, it has the first of the media types."""

    kinds: Sequence[BodyKind]

    def require_taken(self, function: FunctionArguments) -> None:
        """Raise UnsupportedError if the function does not take every argument."""
        with naming("requestBody"):
            for name in sorted(self.names):
                function.require_taken(name)

    @property
    def names(self) -> frozenset[str]:
        """All arguments that the function may get."""
        return _NO_NAMES.union(*(each.names for each in self.kinds))

    @property
    def always(self) -> frozenset[str]:
        """The arguments that the function always gets."""
        return frozenset.intersection(*(each.always for each in self.kinds)) if self.kinds else _NO_NAMES

    def kind(self, headers: RequestHeaders) -> BodyKind | None:
        """Return the kind that Content-Type names. None if the operation has no body.

        Raises:
            SnapError: 415 00 if Content-Type names another media type.
        """
        for each in self.kinds[:-1]:
            with suppress(SnapError):
                each.require_type(headers)
                return each
        for last in self.kinds[-1:]:
            last.require_type(headers)
            return last
        return None


def body_of(described: Mapping[str, Any], largest: int, *, handed_over: bool) -> RequestBody:
    """Compile a `requestBody`. An operation without one has an empty mapping.

    `largest` is the largest body in bytes, for media types whose content is not parsed. JSON is always validated, even
    if the function does not take it (`handed_over`).

    Raises:
        UnsupportedError: A media type or a keyword of a schema is not supported.
    """
    kinds: dict[str, BodyKind] = {}
    with naming("requestBody"):
        for name, content in described.get("content", {}).items():
            with naming(name):
                if name.lower() in kinds:
                    raise UnsupportedError(keyword="content", why="has this media type twice")
                kinds[name.lower()] = _kind(name.lower(), content.get("schema", {}), largest, handed_over=handed_over)
    every = list(kinds.values())
    if described.get("required", False):
        every = [replace(each, absent=None) for each in every]
    return RequestBody(sorted(every, key=lambda each: each.media_type == ANY))


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

    if handed_over:  # No value is remembered, because the function could change it.
        return BodyKind(media_type, check, absent={BODY: None})
    return BodyKind(media_type, read, names=_NO_NAMES, always=_NO_NAMES, absent={})


def _form(schema: Schema) -> BodyKind:
    form = Form(schema)
    return BodyKind(FORM, form.arguments, names=form.names, always=form.always, absent={})


def _text(schema: Schema) -> BodyKind:
    """Plain text in UTF-8. The function gets the whole text."""
    if schema.get("type") != "string":
        raise UnsupportedError(keyword="type", why="must be string for text/plain")
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
    """Bytes, unchanged. No schema can describe them."""
    asked = {keyword: value for keyword, value in schema.items() if keyword not in NOTES and keyword[:2] != "x-"}
    if asked not in ({}, {"type": "string", "format": "binary"}):
        raise UnsupportedError(keyword="schema", why="may only be type: string and format: binary for this media type")

    def read(raw: bytes) -> Arguments:
        _require_any(raw)
        return {BODY: raw}

    return BodyKind(media_type, read, absent={BODY: b""}, largest=largest)


def _require_any(raw: bytes) -> None:
    if not raw:
        raise SnapError(INVALID_MANDATORY_FIELD, field=BODY, reason="body.field_missing")
