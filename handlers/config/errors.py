"""Mistakes in the settings as text: one line each, which begins with the path of the key."""

from collections.abc import Callable

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from handlers.config.environment import variable_of
from handlers.config.names import NO_SUCH_KEY
from handlers.escaping import escaped

_WHOLE_NUMBER = "must be a whole number, without quotes"
_TRUE_OR_FALSE = "must be true or false, without quotes"
_MESSAGES = {
    "extra_forbidden": NO_SUCH_KEY,
    "missing": "required",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "tuple_type": "must be a list",
    "too_short": "at least {min_length} required",
    "too_long": "at most {max_length} allowed, not {actual_length}",
    "string_type": "must be text in quotes",
    "path_type": "must be text in quotes",
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": _WHOLE_NUMBER,
    "bool_type": _TRUE_OR_FALSE,
    "bool_parsing": _TRUE_OR_FALSE,
    "greater_than_equal": "must be at least {ge}, not {input}",
    "less_than_equal": "must be at most {le}, not {input}",
    "literal_error": "must be {expected}",
    # `matching` has a message of its own for text. This is the last resort, because nobody reads a regular expression.
    "string_pattern_mismatch": "has characters or a length that are not allowed; see the settings reference",
}


class SettingsError(Exception):
    """All mistakes in the settings, one line each, as `path.of.key: what is wrong`."""

    def __init__(self, mistakes: list[str]) -> None:
        # A key or a file path can contain line breaks and other control characters.
        self.mistakes = [escaped(mistake) for mistake in mistakes]
        super().__init__("; ".join(self.mistakes))


def rule_error(location: tuple[int | str, ...], message: str) -> InitErrorDetails:
    """A mistake that one of our own rules found, in the form that pydantic accepts."""
    return InitErrorDetails(
        type=PydanticCustomError("rule", "{message}", {"message": message}), loc=location, input=None
    )


def error_lines(error: ValidationError, follows: Callable[[ErrorDetails], bool] = lambda _: False) -> list[str]:
    """One line for each mistake.

    If a part of a list or a table is wrong, pydantic also reports the whole as incomplete. Only the part is returned.
    `follows` says whether a mistake only follows from another one. Then it is left out.
    """
    mistakes = error.errors(include_url=False)
    wholes = {each["loc"][:depth] for each in mistakes for depth in range(len(each["loc"]))}
    parts = [each for each in mistakes if each["loc"] not in wholes and not follows(each)]
    return [f"{_place(each['loc'])}: {_message(each)}" for each in parts]


def _message(mistake: ErrorDetails) -> str:
    """The message in the terms of TOML, where pydantic's own would name Python types or a regular expression.

    It repeats the value only if that is a number.
    """
    message = _MESSAGES.get(mistake["type"])
    if message is None:
        return mistake["msg"].removeprefix("Value error, ")
    context = {"input": mistake["input"], **mistake.get("ctx", {})}
    return message.format(**context).replace("'", '"')


def _place(location: tuple[int | str, ...]) -> str:
    """The key, such as `clients[0].public_keys[1]`, and the environment variable that set it, if there is one."""
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    variable = variable_of(location)
    return f"{key} (set by {variable})" if variable else key
