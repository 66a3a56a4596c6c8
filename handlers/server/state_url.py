"""Where the state that instances share is kept, as a URL: `[state] url`."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from handlers.server.key_files import in_folder

_HOST = r"(?:[^/?#\s@]*@)?(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?(?:/[0-9]*)?"
_FORMS = {
    "memory": (r"", "memory://"),
    "sqlite": (r"/[^?#\0]+", "sqlite:///state.db"),
    "redis": (_HOST, "redis://127.0.0.1:6379/0"),
    "rediss": (_HOST, "rediss://user:password@host:6379/0"),
    "unix": (r"(?:[^/?#\s@]*@)?/[^?#\0]+(?:\?db=[0-9]+)?", "unix:///run/redis/redis.sock?db=0"),
}
"""What may stand behind `scheme://`, and an example."""


def _state_url(value: str) -> str:
    """The URL, the path of a database made absolute; no message repeats it, since it may hold a password."""
    scheme, _, rest = value.partition("://")
    if scheme not in _FORMS:
        message = f"a URL that begins with {', '.join(f'{each}://' for each in _FORMS)} is wanted"
        raise ValueError(message)
    pattern, example = _FORMS[scheme]
    if not re.fullmatch(pattern, rest) or not _has_good_port(value):
        message = f"a URL of {scheme}:// is written like {example}"
        raise ValueError(message)
    return _beside_settings(rest.removeprefix("/")) if scheme == "sqlite" else value


def _has_good_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _beside_settings(path: str) -> str:
    file = in_folder(path)
    if file.is_dir() or not file.parent.is_dir():
        message = f"a database cannot be at {file}: " + ("it is a folder" if file.is_dir() else "its folder is missing")
        raise ValueError(message)
    return f"sqlite:///{file}"


StateUrl = Annotated[str, AfterValidator(_state_url)]
