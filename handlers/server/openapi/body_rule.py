"""What the document asks of the value of a body."""

from collections.abc import Mapping, Sequence
from typing import Any

from handlers.server.openapi.schemas import Schema, compiled
from handlers.snap.codes import INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError


class BodyRule:
    """The schema of a body, and which of its members are mandatory."""

    def __init__(self, schema: Schema) -> None:
        """UnsupportedError, if the schema cannot be compiled."""
        members = schema.get("properties", {})
        nullable = {name for name, member in members.items() if member.get("nullable")}
        self._is_object = schema.get("type") == "object" and not schema.get("nullable")
        self._required = tuple(
            (name, (None, "") if name not in nullable else ("",)) for name in schema.get("required", ())
        )
        self.schema = compiled(schema)

    def check(self, value: object) -> None:
        """Hold the value of a body against the document.

        Raises:
            SnapError: 400 01, no object, or a member is malformed; 400 02, a mandatory member is absent, empty or null.
        """
        if isinstance(value, dict):
            self._require_members(value)
        elif self._is_object:
            raise SnapError(INVALID_FIELD_FORMAT, field="body", reason="body.not_object")
        if not self.schema.is_valid(value):
            raise self._malformed(value)

    def _require_members(self, value: Mapping[str, object]) -> None:
        for name, as_good_as_none in self._required:
            if name not in value or value[name] in as_good_as_none:
                raise _missing(name, value)

    def _malformed(self, value: object) -> SnapError:
        """400 02 for an empty member, which is as good as none; 400 01 for any other that is not right.

        A member is named rather than the body. The mistakes that `iter_errors` gives would have their values as Python
        converts them, which it refuses for an integer of more than 4,300 digits.
        """
        pointers = [each["instanceLocation"] for each in self.schema.evaluate(value).errors()]
        place = next(filter(None, pointers), "").split("/")[1:]
        names = [each.replace("~1", "/").replace("~0", "~") for each in place]
        field = names[0] if names else "body"
        if _at(value, names) == "":
            return SnapError(INVALID_MANDATORY_FIELD, field=field, reason="body.field_missing")
        return SnapError(INVALID_FIELD_FORMAT, field=field, reason="body.field_malformed")


def _missing(name: str, value: Mapping[str, object]) -> SnapError:
    """400 02. The log says if the member is there in another case (SNAP v1.0.1 wrote `granttype`)."""
    for sent in value:
        if sent != name and sent.lower() == name.lower():
            return SnapError(INVALID_MANDATORY_FIELD, field=name, reason="body.field_misspelt", sent=sent)
    return SnapError(INVALID_MANDATORY_FIELD, field=name, reason="body.field_missing")


def _at(value: Any, names: Sequence[str]) -> object:  # noqa: ANN401  JSON
    """What lies at a place in a value of JSON (RFC 6901)."""
    for name in names:
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value
