"""Mistakes in the settings, in words: one line each, under the path of the key."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from handlers.config.environment import variable_of
from handlers.escaping import escaped

NO_SUCH_KEY = "there is no such key"

_WORDS = {
    "extra_forbidden": NO_SUCH_KEY,
    "model_type": "a table is wanted",
    "tuple_type": "a list is wanted",
    "too_short": "at least {min_length} wanted",
    "too_long": "at most {max_length} wanted, not {actual_length}",
}


class SettingsError(Exception):
    """The mistakes in the settings, one line each, as `path.of.key: what is wrong`."""

    def __init__(self, mistakes: list[str]) -> None:
        # A key, or the path of a file, may hold line ends and other control characters.
        self.mistakes = [escaped(mistake) for mistake in mistakes]
        super().__init__("; ".join(self.mistakes))


def mistake(location: tuple[int | str, ...], message: str) -> InitErrorDetails:
    """A mistake that a rule of ours has found, as pydantic takes it."""
    return InitErrorDetails(type=PydanticCustomError("rule", "{told}", {"told": message}), loc=location, input=None)


def error_lines(error: ValidationError) -> list[str]:
    """One line a mistake: a list or table that lacks a part because that part is bad is not told beside it."""
    mistakes = error.errors(include_url=False, include_input=False)
    wholes = {each["loc"][:depth] for each in mistakes for depth in range(len(each["loc"]))}
    return [f"{_place(each['loc'])}: {_in_words(each)}" for each in mistakes if each["loc"] not in wholes]


def _in_words(mistake: ErrorDetails) -> str:
    """In TOML's words, where pydantic would speak of classes and tuples."""
    words = _WORDS.get(mistake["type"])
    return words.format(**mistake.get("ctx", {})) if words else mistake["msg"].removeprefix("Value error, ")


def _place(location: tuple[int | str, ...]) -> str:
    """`clients[0].public_keys[1]`, and the variable that set it, if one did."""
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    variable = variable_of(location)
    return f"{key} (set by {variable})" if variable else key
