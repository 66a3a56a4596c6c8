"""What the table of differences asks of a request."""

import json
import re
from collections.abc import Callable
from functools import cache

import jsonschema  # type: ignore[import-untyped]  # it carries no types

from tests.document import OPERATION
from tests.fuzz.oracle import Request

PARAMETERS = {parameter["name"]: parameter for parameter in OPERATION["parameters"]}
BODY_SCHEMA = OPERATION["requestBody"]["content"]["application/json"]["schema"]
_BODY_RULE = jsonschema.Draft4Validator(BODY_SCHEMA)


def typed(pattern: str) -> Callable[[Request], bool]:
    """Whether a Content-Type has a part of this form."""
    compiled = re.compile(pattern)
    return lambda sent: any(compiled.search(each.decode("latin-1")) for each in sent.types)


_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_JSON = re.compile(rf'(?i)application/json(?:[ \t]*;[ \t]*(?:{_TOKEN}=(?:{_TOKEN}|"[^"]*"))?)*')


def is_misspelt(sent: Request) -> bool:
    """Whether a Content-Type is JSON's and breaks the grammar behind it (RFC 9110, section 8.3.1)."""
    texts = [each.decode("latin-1") for each in sent.types]
    return any(text and not _JSON.fullmatch(text) for text in texts) and not is_of_another_type(sent)


is_of_another_type = typed(r"(?i)^(?!application/json *(?:;|$)).")


def is_repetitive(sent: Request) -> bool:
    """Whether a header that has one value comes twice."""
    headers = (sent.types, sent.encodings, sent.timestamps, sent.client_keys, sent.signatures)
    return any(len(values) > 1 for values in headers)


def is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


@cache
def depth(body: bytes) -> int:
    """Levels of arrays and objects, where no bracket stands in a text."""
    deepest = level = 0
    for byte in body:
        level += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, level)
    return deepest


@cache
def oddities(body: bytes) -> frozenset[str]:
    """What is lax in a body that Python's reader of JSON takes and the document does too."""
    found: set[str] = set()

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found.update({"named twice"} if len(dict(pairs)) != len(pairs) else ())
        return dict(pairs)

    try:
        value = json.loads(body.decode(), object_pairs_hook=members, parse_int=str, parse_constant=found.add)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        found.add("half a pair")
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(found) if _BODY_RULE.is_valid(value) else frozenset()
