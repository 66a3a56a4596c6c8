"""The table `[log]` of the settings."""

from typing import Literal

from handlers.config.table import Table

FieldNames = Literal["snap", "ecs"]
"""The names of log fields: those of this server, or those of Elastic Common Schema."""


class Log(Table):
    """The form of the log lines. It does not apply to a terminal, which shows readable text.

    `fields`: the names of the fields.
    """

    fields: FieldNames = "snap"
