"""Rewritings of a body as text, which need not be JSON."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from html import escape
from typing import Any
from unicodedata import normalize
from urllib.parse import quote, quote_plus, unquote_plus, urlencode

from handlers.doctor.candidates import number_formats, string_escapes
from handlers.doctor.rewriting import Rewriting

_BOM = "\ufeff"
_ESCAPED_LINE_END = re.compile(r"(?<!\\)((?:\\\\)*)\\[rnt]")
_UNICODE_SPACE = re.compile(r"[\s\ufeff]+")
_ASCII_SPACE = re.compile(r"\s+", re.ASCII)
_LONGEST_DECODED = 65_536

Rewrite = Callable[[str], str | bytes]


def _without(pattern: str, flags: int = re.ASCII) -> Rewrite:
    expression = re.compile(pattern, flags)
    return lambda text: expression.sub("", text)


def _json_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _json_string_inside(text: str) -> str:
    return _json_string(text)[1:-1]


def _decoded_json_string(text: str) -> str:
    value = json.loads(text, strict=False) if text.startswith('"') else text
    return value if isinstance(value, str) else text


def _value(text: str) -> Any:  # noqa: ANN401  any JSON value
    return json.loads(text, strict=False) if len(text) <= _LONGEST_DECODED else text


def _form(text: str) -> str:
    """Encode a JSON object as a form, as PHP's http_build_query and Python's urlencode do."""
    return urlencode(list(_fields(_value(text), ""))) if text.lstrip().startswith("{") else text


def _fields(value: Any, name: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401  the same
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in pairs:
            yield from _fields(each, f"{name}[{key}]" if name else str(key))
    elif value is not None:
        yield name, str(int(value)) if isinstance(value, bool) else str(value)


def _javascript_form(text: str) -> str:
    """Encode a JSON object as a form, as URLSearchParams does: each value becomes text first."""
    value = _value(text)
    pairs = [(name, _javascript_text(each)) for name, each in value.items()] if isinstance(value, dict) else []
    return urlencode(pairs, safe="*") if pairs else text


def _javascript_text(value: Any) -> str:  # noqa: ANN401  the same
    """Write a value as String() of JavaScript does."""
    if isinstance(value, dict):
        return "[object Object]"
    if isinstance(value, list):
        return ",".join("" if each is None else _javascript_text(each) for each in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_formats.javascript(str(value))
    return value if isinstance(value, str) else json.dumps(value)


def _java_text(value: Any) -> str:  # noqa: ANN401  the same
    """Write a value as toString of Java's collections does: {a=1, b=[2]}."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}={_java_text(each)}' for name, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_java_text, value))}]"
    return value if isinstance(value, str) else json.dumps(value)


TEXT_REWRITINGS: tuple[tuple[Rewriting, Rewrite], ...] = (
    (Rewriting.ENDS_TRIMMED, str.strip),
    (Rewriting.LINE_END_ADDED, lambda text: f"{text}\n"),
    (Rewriting.LINE_END_ADDED, lambda text: f"{text}\r\n"),
    (Rewriting.LINE_ENDS_TO_LF, lambda text: text.replace("\r\n", "\n")),
    (Rewriting.LINE_ENDS_TO_CRLF, lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n")),
    (Rewriting.WHITESPACE_REMOVED, lambda text: _ASCII_SPACE.sub("", text)),
    (Rewriting.WHITESPACE_REMOVED, lambda text: _UNICODE_SPACE.sub("", text)),
    (Rewriting.BLANKS_REMOVED, _without(" ")),
    (Rewriting.LINE_ENDS_REMOVED, _without(r"[\r\n]")),
    (Rewriting.LINE_ENDS_REMOVED, _without("\n")),
    (Rewriting.LINE_ENDS_AND_TABS_REMOVED, _without(r"[\r\n\t]")),
    (Rewriting.WHITESPACE_COLLAPSED, lambda text: _ASCII_SPACE.sub(" ", text)),
    (Rewriting.WHITESPACE_COLLAPSED, lambda text: _ASCII_SPACE.sub(" ", text).strip()),
    (Rewriting.ESCAPED_LINE_ENDS_REMOVED, lambda text: _ESCAPED_LINE_END.sub(r"\1", text)),
    (Rewriting.JSON_STRING, _json_string),
    (Rewriting.JSON_STRING, lambda text: string_escapes.php(_json_string(text))),
    (Rewriting.JSON_STRING, lambda text: string_escapes.slashes_escaped(_json_string(text))),
    (Rewriting.JSON_STRING, lambda text: string_escapes.non_ascii(_json_string(text))),
    (Rewriting.JSON_STRING, lambda text: string_escapes.system_text_json(_json_string(text))),
    (Rewriting.JSON_STRING, lambda text: string_escapes.go(_json_string(text))),
    (Rewriting.JSON_STRING, lambda text: string_escapes.gson(_json_string(text))),
    (Rewriting.JSON_STRING, _json_string_inside),
    (Rewriting.JSON_STRING_DECODED, _decoded_json_string),
    (Rewriting.BACKSLASHES_REMOVED, lambda text: re.sub(r"\\(.?)", r"\1", text, flags=re.DOTALL)),
    (Rewriting.BACKSLASHES_ADDED, lambda text: re.sub(r"(['\"\\])", r"\\\1", text)),
    (Rewriting.TAGS_REMOVED, _without("<[^<>]*>")),
    (Rewriting.BYTE_ORDER_MARK_ADDED, lambda text: f"{_BOM}{text}"),
    (Rewriting.BYTE_ORDER_MARK_REMOVED, lambda text: text.removeprefix(_BOM)),
    (Rewriting.LATIN_1, lambda text: text.encode("cp1252", "replace")),
    (Rewriting.LATIN_1, lambda text: text.encode("latin-1", "replace")),
    (Rewriting.NON_ASCII_LOST, lambda text: text.encode("ascii", "replace")),
    (Rewriting.NON_ASCII_LOST, lambda text: text.encode("ascii", "ignore")),
    (Rewriting.UTF_8_TWICE, lambda text: text.encode().decode("latin-1")),
    (Rewriting.UTF_8_TWICE, lambda text: text.encode().decode("cp1252", "replace")),
    (Rewriting.UTF_16, lambda text: text.encode("utf-16-le")),
    (Rewriting.UTF_16, lambda text: text.encode("utf-16-be")),
    (Rewriting.COMPOSED, lambda text: normalize("NFC", text)),
    (Rewriting.DECOMPOSED, lambda text: normalize("NFD", text)),
    (Rewriting.LOWER_CASE, str.lower),
    (Rewriting.UPPER_CASE, str.upper),
    (Rewriting.HTML_ENTITIES, escape),
    (Rewriting.HTML_ENTITIES, lambda text: escape(text).replace("&#x27;", "&#039;")),
    (Rewriting.HTML_ENTITIES, lambda text: escape(text, quote=False)),
    (Rewriting.PERCENT_ENCODED, lambda text: quote(text, safe="")),
    (Rewriting.PERCENT_ENCODED, quote_plus),
    (Rewriting.PERCENT_ENCODED, lambda text: quote(text, safe="-_.!~*'()")),
    (Rewriting.PERCENT_DECODED, unquote_plus),
    (Rewriting.FORM, _form),
    (Rewriting.FORM, lambda text: unquote_plus(_form(text))),
    (Rewriting.FORM, _javascript_form),
    (Rewriting.BASE64, lambda text: b64encode(text.encode())),
    (Rewriting.HEXADECIMAL, lambda text: text.encode().hex()),
    (Rewriting.PYTHON_TEXT, lambda text: str(_value(text))),
    (Rewriting.JAVA_TEXT, lambda text: _java_text(_value(text))),
    (Rewriting.IN_A_MEMBER, lambda text: f'{{"data":{text}}}'),
    (Rewriting.IN_A_MEMBER, lambda text: f'{{"body":{text}}}'),
    (Rewriting.IN_A_MEMBER, lambda text: f'{{"request":{text}}}'),
)

REPLACEMENTS: tuple[tuple[Rewriting, bytes], ...] = (
    (Rewriting.NOTHING, b""),
    (Rewriting.EMPTY_OBJECT, b"{}"),
    (Rewriting.EMPTY_ARRAY, b"[]"),
    (Rewriting.NULL, b"null"),
    (Rewriting.EMPTY_STRING, b'""'),
    (Rewriting.TYPE_NAME, b"Array"),
    (Rewriting.TYPE_NAME, b"[object Object]"),
    (Rewriting.TYPE_NAME, b"undefined"),
    (Rewriting.TYPE_NAME, b"None"),
)
"""What is signed in place of the body."""
