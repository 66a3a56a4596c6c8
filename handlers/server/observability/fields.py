"""The type of log fields."""

from collections.abc import Mapping

LogFields = Mapping[str, object]
"""Names and values of log fields."""
