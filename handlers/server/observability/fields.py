"""The type of log fields, and the field of a line that was cut."""

from collections.abc import Mapping

LogFields = Mapping[str, object]
"""Names and values of log fields."""

CUT = "cut"
"""The field that names the fields that were cut, or is true if fields are missing."""
