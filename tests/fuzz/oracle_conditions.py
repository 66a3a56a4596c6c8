"""Conditions on requests for the table of differences."""

import json
import re
from collections.abc import Callable
from functools import cache

import jsonschema  # type: ignore[import-untyped]  # it has no types

from tests.document import OPERATION
from tests.fuzz.oracle import Request

PARAMETERS = {parameter["name"]: parameter for parameter in OPERATION["parameters"]}
BODY_SCHEMA = OPERATION["requestBody"]["content"]["application/json"]["schema"]
_BODY_RULE = jsonschema.Draft4Validator(BODY_SCHEMA)


def has_type(pattern: str) -> Callable[[Request], bool]:
    """A condition: a Content-Type matches this pattern."""
    compiled = re.compile(pattern)
    return lambda request: any(compiled.search(each.decode("latin-1")) for each in request.types)


_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_JSON = re.compile(rf'(?i)application/json(?:[ \t]*;[ \t]*(?:{_TOKEN}=(?:{_TOKEN}|"[^"]*"))?)*')


def has_malformed_json_type(request: Request) -> bool:
    """Whether a Content-Type is JSON with malformed parameters (RFC 9110, section 8.3.1)."""
    texts = [each.decode("latin-1") for each in request.types]
    return any(text and not _JSON.fullmatch(text) for text in texts) and not has_other_type(request)


has_other_type = has_type(r"(?i)^(?!application/json *(?:;|$)).")


def has_duplicate_header(request: Request) -> bool:
    """Whether a header that may have one value has two."""
    headers = (request.types, request.encodings, request.timestamps, request.client_keys, request.signatures)
    return any(len(values) > 1 for values in headers)


def is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


@cache
def depth(body: bytes) -> int:
    """The levels of nested arrays and objects, for a body without brackets in its strings."""
    deepest = level = 0
    for byte in body:
        level += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, level)
    return deepest


@cache
def oddities(body: bytes) -> frozenset[str]:
    """The irregularities of a body that Python's JSON parser and the document accept."""
    found: set[str] = set()

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found.update({"duplicate member"} if len(dict(pairs)) != len(pairs) else ())
        return dict(pairs)

    try:
        value = json.loads(body.decode(), object_pairs_hook=members, parse_int=str, parse_constant=found.add)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        found.add("lone surrogate")
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(found) if _BODY_RULE.is_valid(value) else frozenset()
