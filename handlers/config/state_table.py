"""The table `[state]` of the settings."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo
from pydantic import field_validator as field_rule

from handlers.config.fields import Url
from handlers.config.file_content import read_text
from handlers.config.key_files import key_path
from handlers.config.table import Table
from handlers.state.opening import StateUrl

_NO_PASSWORD: Any = None
_MAYBE_A_PASSWORD = re.compile(r".*", re.DOTALL)
_STATE_URL: Any = "sqlite:///state.db"  # Validated like a value in the file.


def _password(value: object) -> str | None:
    """The one line of a password file. None without a file."""
    if value is _NO_PASSWORD:
        return None
    path = key_path(value, _MAYBE_A_PASSWORD)
    password, *more = read_text(path, private=True).removesuffix("\n").splitlines() or [""]
    if more or not password:
        message = f"{path} must contain the password on one line; found {len(more) + bool(password)} lines"
        raise ValueError(message)
    return password


class State(Table):
    """The state store that instances share, and how requests are handled while it is unavailable.

    `password_file` has the password of Redis or PostgreSQL, so that the URL need not have it. `url` then contains it.
    """

    password_file: Annotated[str | None, BeforeValidator(_password)] = Field(_NO_PASSWORD, repr=False)
    url: Url = Field(_STATE_URL, repr=False)
    when_down: Literal["refuse", "continue"] = "refuse"

    @field_rule("url")
    @classmethod
    def _add_password(cls, url: StateUrl, info: ValidationInfo) -> StateUrl:
        password = info.data.get("password_file")
        return url.with_password(password) if password else url
