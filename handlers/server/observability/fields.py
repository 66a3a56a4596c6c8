"""The type of log fields."""

from collections.abc import Mapping

LogFields = Mapping[str, object]
"""What a request says of its sender, as far as it is well-formed; for the log."""
