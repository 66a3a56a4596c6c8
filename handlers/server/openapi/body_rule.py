"""The rule for the value of a body."""

from collections.abc import Mapping, Sequence
from typing import Any

from handlers.server.openapi.schemas import Schema, compiled
from handlers.snap.codes import INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError


class BodyRule:
    """The compiled schema of a body, and its mandatory members."""

    def __init__(self, schema: Schema) -> None:
        """Raise UnsupportedError if the schema cannot be compiled."""
        members = schema.get("properties", {})
        nullable = {name for name, member in members.items() if member.get("nullable")}
        self._is_object = schema.get("type") == "object" and not schema.get("nullable")
        self._required = tuple(
            (name, (None, "") if name not in nullable else ("",)) for name in schema.get("required", ())
        )
        self.schema = compiled(schema)

    def check(self, value: object) -> None:
        """Validate the value of a body.

        Raises:
            SnapError: 400 01 if the value is not an object or a member does not fit the schema. 400 02 if a mandatory
                member is absent, empty or null.
        """
        if isinstance(value, dict):
            self._require_members(value)
        elif self._is_object:
            raise SnapError(INVALID_FIELD_FORMAT, field="body", reason="body.not_object")
        if not self.schema.is_valid(value):
            raise self._malformed(value)

    def _require_members(self, value: Mapping[str, object]) -> None:
        for name, absent_values in self._required:
            if name not in value or value[name] in absent_values:
                raise _missing(name, value)

    def _malformed(self, value: object) -> SnapError:
        """Return 400 02 for an empty member, which counts as absent, and 400 01 for any other mistake.

        The error names a member if it can, otherwise the body. `iter_errors` is not used, because it fails for an
        integer of more than 4,300 digits.
        """
        pointers = [each["instanceLocation"] for each in self.schema.evaluate(value).errors()]
        place = next(filter(None, pointers), "").split("/")[1:]
        names = [each.replace("~1", "/").replace("~0", "~") for each in place]
        field = names[0] if names else "body"
        if _at(value, names) == "":
            return SnapError(INVALID_MANDATORY_FIELD, field=field, reason="body.field_missing")
        return SnapError(INVALID_FIELD_FORMAT, field=field, reason="body.field_malformed")


def _missing(name: str, value: Mapping[str, object]) -> SnapError:
    """Return 400 02. The log says if the member has another letter case (SNAP v1.0.1 wrote `granttype`)."""
    for sent in value:
        if sent != name and sent.lower() == name.lower():
            return SnapError(INVALID_MANDATORY_FIELD, field=name, reason="body.field_misspelt", sent=sent)
    return SnapError(INVALID_MANDATORY_FIELD, field=name, reason="body.field_missing")


def _at(value: Any, names: Sequence[str]) -> object:  # noqa: ANN401  JSON
    """Return the value at a place in a JSON value. `names` are the parts of a JSON pointer (RFC 6901)."""
    for name in names:
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value
