"""The bodies of requests: of which media type, of which form, and what of them reaches the function."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import parse_qsl

from jsonschema_rs import Draft4Validator, ValidationError

from handlers.server.http.limits import LARGEST_BODY
from handlers.server.http.request_headers import RequestHeaders
from handlers.snap import json_body
from handlers.snap.codes import BAD_REQUEST, INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError
from handlers.snap.media_type import FORM, JSON, require_media_type

_MOST_FORM_FIELDS = 16

# Clients send the same few bytes with every request, so what was once found good is known by them.
_REMEMBERED = 64
_LONGEST_REMEMBERED = 256


class Body(Protocol):
    """One kind of body; of `largest` bytes at most, and not read at all if that is 0."""

    largest: int

    def require_type(self, sent: RequestHeaders) -> None:
        """SnapError, 415 00, if the headers announce another kind."""

    def arguments(self, raw: bytes) -> Mapping[str, object]:
        """What of it reaches the function, by name; SnapError, 400, if it is not of the document's form."""


class ObjectRule:
    """The schema of an object."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        # Connexion hangs all components on it, though every reference is resolved by then.
        own = {keyword: value for keyword, value in schema.items() if keyword != "components"}
        self._required = tuple(own.get("required", ()))
        self.schema = Draft4Validator(own)

    def check(self, value: object) -> None:
        """Hold a parsed body against the document.

        Raises:
            SnapError: 400 01, no object, or a member is malformed; 400 02, a mandatory member is absent, empty or null.
        """
        if not isinstance(value, dict):
            raise SnapError(INVALID_FIELD_FORMAT, field="body", reason="body.not_object")
        for name in self._required:
            if value.get(name) in (None, ""):
                raise SnapError(INVALID_MANDATORY_FIELD, field=name, reason="body.field_missing")
        if not self.schema.is_valid(value):
            raise _malformed(next(self.schema.iter_errors(value)))


def _malformed(error: ValidationError) -> SnapError:
    """400 02 for an empty member, which is as good as none; 400 01 for any other that is not right."""
    place = [*error.instance_path, "body"]
    if error.instance == "":
        return SnapError(INVALID_MANDATORY_FIELD, field=str(place[0]), reason="body.field_missing")
    return SnapError(INVALID_FIELD_FORMAT, field=str(place[0]), reason="body.field_malformed")


class JsonBody:
    """An object in JSON; checked, and not handed over: no function of the contract wants anything of it."""

    largest = LARGEST_BODY

    def __init__(self, rule: ObjectRule) -> None:
        self._rule = rule
        self._check_once = lru_cache(_REMEMBERED)(self._check)

    def require_type(self, sent: RequestHeaders) -> None:
        """JSON in UTF-8, or nothing said."""
        require_media_type(JSON, sent.get(b"content-type"), sent.get(b"content-encoding"))

    def arguments(self, raw: bytes) -> Mapping[str, object]:
        """Nothing; 400 00 if it is no JSON, 400 01 and 02 as the document has it."""
        check = self._check_once if len(raw) <= _LONGEST_REMEMBERED else self._check
        check(raw)
        return {}

    def _check(self, raw: bytes) -> None:
        self._rule.check(json_body.parse(raw))


class FormBody:
    """Fields of a form (`application/x-www-form-urlencoded`), each handed over by name."""

    largest = LARGEST_BODY

    def __init__(self, rule: ObjectRule, names: frozenset[str]) -> None:
        self._rule = rule
        self._names = names

    def require_type(self, sent: RequestHeaders) -> None:
        """A form in UTF-8, or nothing said."""
        require_media_type(FORM, sent.get(b"content-type"), sent.get(b"content-encoding"))

    def arguments(self, raw: bytes) -> Mapping[str, object]:
        """The document's fields; others are ignored (RFC 6749, section 3.2).

        Raises:
            SnapError: 400 00, it is no form, or names a field twice; 400 01 and 02, as the document has it.
        """
        fields = _form_fields(raw)
        self._rule.check(fields)
        return {name: fields[name] for name in self._names & fields.keys()}


def _form_fields(raw: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            errors="strict",
            max_num_fields=_MOST_FORM_FIELDS,
        )
    except ValueError as error:
        raise SnapError(BAD_REQUEST, reason="body.not_form") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise SnapError(BAD_REQUEST, reason="body.field_duplicated")
    return fields


class AnyBody:
    """Bytes of whatever kind, handed over as `body`."""

    def __init__(self, largest: int) -> None:
        self.largest = largest

    def require_type(self, sent: RequestHeaders) -> None:
        """Whatever it is."""

    def arguments(self, raw: bytes) -> Mapping[str, object]:
        """The bytes as they came."""
        return {"body": raw}


class NoBody:
    """What comes as a body is not looked at."""

    largest = 0

    def require_type(self, sent: RequestHeaders) -> None:
        """Whatever it is."""

    def arguments(self, raw: bytes) -> Mapping[str, object]:  # noqa: ARG002  a body's interface
        """Nothing."""
        return {}


def body_of(schema_of: Callable[[str], Mapping[str, Any]], media_types: list[str], largest: int) -> Body:
    """The kind of body that an operation takes, from the media types that the document names.

    `largest` is for bodies of any kind.
    """
    if JSON in media_types:
        return JsonBody(ObjectRule(schema_of(JSON)))
    if FORM in media_types:
        # Which fields may stand together is left to the function, which can name them.
        schema = {keyword: value for keyword, value in schema_of(FORM).items() if keyword != "oneOf"}
        return FormBody(ObjectRule(schema), frozenset(schema["properties"]))
    return AnyBody(largest) if media_types else NoBody()
