"""Forms (`application/x-www-form-urlencoded`). Each field gets the type that the document says."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from handlers.server.openapi.body_rule import BodyRule
from handlers.server.openapi.parameter import reader_of
from handlers.server.openapi.schemas import NOTES, Schema
from handlers.server.openapi.unsupported import UnsupportedError, naming
from handlers.snap.codes import BAD_REQUEST, INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError

_MOST_FIELDS = 16
_COMBINED = ("allOf", "anyOf", "not", "nullable")
_COMMON = frozenset({"type", "additionalProperties", "maxProperties"})
"""The keywords that the alternatives of a form may have, all with the same value."""


class Form:
    """The schema of a form: an object with simple members, or a choice of such objects (`oneOf`)."""

    def __init__(self, schema: Schema) -> None:
        """Raise UnsupportedError for any other schema."""
        self._choice = [_required_by(each) for each in schema.get("oneOf", ())]
        form = _with_all_fields(schema)
        if form.get("type") != "object":
            raise UnsupportedError(keyword="type", why="must be object for a form")
        for keyword in _COMBINED:
            if keyword in form:
                raise UnsupportedError(keyword=keyword, why="is not supported for a form")
        self._readers = {}
        for name, member in form["properties"].items():
            with naming(name):
                self._readers[name] = reader_of(member)
        self._rule = BodyRule(form)
        self.names = frozenset(self._readers)
        self.always = frozenset(form.get("required", ())) & self.names

    def arguments(self, raw: bytes) -> Mapping[str, object]:
        """Return the fields that the document names. Others are ignored (RFC 6749, section 3.2).

        Raises:
            SnapError: 400 00 if the body is not a form, or has a field twice. 400 01 or 02 if it does not fit the
                schema.
        """
        fields = {name: self._value(name, text) for name, text in _fields(raw).items()}
        self._rule.check(fields)
        self._require_choice(fields)
        return {name: fields[name] for name in self.names & fields.keys()}

    def _value(self, name: str, text: str) -> object:
        """Convert a field. If that fails, the field stays text, which the schema refuses."""
        try:
            return self._readers[name](text)
        except (KeyError, ValueError):
            return text

    def _require_choice(self, fields: Mapping[str, object]) -> None:
        chosen = [names for names in self._choice if names <= fields.keys()]
        if self._choice and len(chosen) != 1:
            field = " or ".join(" and ".join(sorted(names)) for names in self._choice)
            if chosen:
                raise SnapError(INVALID_FIELD_FORMAT, field=field, reason="form.fields_exclude_each_other")
            raise SnapError(INVALID_MANDATORY_FIELD, field=field, reason="form.field_missing")


def _required_by(alternative: Schema) -> frozenset[str]:
    if not alternative.get("required"):
        raise UnsupportedError(keyword="oneOf", why="of a form must require a field in each alternative")
    return frozenset(alternative["required"])


def _with_all_fields(schema: Schema) -> Schema:
    """Return one object with the fields of all alternatives. A form has to fit it whichever alternative it chooses.

    Raises:
        UnsupportedError: Alternatives differ in more than their fields and which of these are required.
    """
    form = {"properties": {}, **schema}
    alternatives: Sequence[Schema] = form.pop("oneOf", ())
    common = [_without_fields(each) for each in alternatives]
    for each in common:
        if each != common[0] or any(form.setdefault(keyword, value) != value for keyword, value in each.items()):
            raise UnsupportedError(keyword="oneOf", why="of a form may only have alternatives with other fields")
    for name, field in (item for each in alternatives for item in each.get("properties", {}).items()):
        if form["properties"].get(name, field) != field:
            raise UnsupportedError(keyword="oneOf", why=f"of a form describes {name} in two ways")
        form["properties"] = {**form["properties"], name: field}
    return form


def _without_fields(alternative: Schema) -> Schema:
    common = {keyword: alternative[keyword] for keyword in alternative.keys() - {"properties", "required", *NOTES}}
    if not common.keys() <= _COMMON or common.get("additionalProperties") is False:
        raise UnsupportedError(
            keyword="oneOf", why=f"of a form may not have {', '.join(sorted(common))} in an alternative"
        )
    return common


def _fields(raw: bytes) -> dict[str, str]:
    """The fields that have a value. One without a value counts as absent (RFC 6749, section 3.2)."""
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise SnapError(BAD_REQUEST, reason="body.not_form") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise SnapError(BAD_REQUEST, reason="body.field_duplicated")
    return {name: value for name, value in pairs if value}
