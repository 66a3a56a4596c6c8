"""How serialisers escape the characters of a JSON string."""

import json
import re
from typing import Literal

from handlers.doctor.candidates.json_tree import ChangeText, text_of

LINE_SEPARATORS = "\u2028\u2029"
NON_ASCII = "\x80-\U0010ffff"
_SUPPLEMENTARY = "\U00010000-\U0010ffff"
_LONE_SURROGATES = "\ud800-\udfff"
_ANY_ESCAPE = re.compile(r"((?:\\u[0-9A-Fa-f]{4})++)|\\.", re.DOTALL)
_SLASH = re.compile(r"\\.|/", re.DOTALL)
_LAST_ASCII = "\x7f"
_SHORT_ESCAPES = {'\\"': '"', "\\\\": "\\", "\\b": "\b", "\\f": "\f", "\\n": "\n", "\\r": "\r", "\\t": "\t"}


Digits = Literal["lower", "upper", "upper for ASCII"]
"""The letter case of hexadecimal digits."""


def escaping(ascii_: str = "", beyond: str = "", *, slash: bool = False, digits: Digits = "lower") -> ChangeText:
    r"""Return a function that writes a JSON string again in the style of a serialiser.

    Args:
        ascii_: The ASCII characters that become \uXXXX, in addition to those that JSON requires.
        beyond: The other characters that become \uXXXX, as the inside of a character class.
        slash: Whether / becomes \/.
        digits: The letter case of the hexadecimal digits.
    """
    escaped = f"{re.escape(ascii_)}{'/' if slash else ''}{beyond}{_LONE_SURROGATES}"
    special = re.compile(rf"\\u[0-9a-f]{{4}}|\\.|[{escaped}]")

    def written(found: re.Match[str]) -> str:
        character = _SHORT_ESCAPES.get(found[0]) or (text_of(f'"{found[0]}"') if found[0][0] == "\\" else found[0])
        if character == "/":
            return "\\/"
        if character in ascii_ or character > _LAST_ASCII or found[0].startswith("\\u"):
            return units(character, upper=digits == "upper" or (digits != "lower" and character <= _LAST_ASCII))
        return found[0]

    return lambda string: f'"{special.sub(written, json.dumps(text_of(string), ensure_ascii=False)[1:-1])}"'


def units(text: str, *, upper: bool = False) -> str:
    r"""Write each UTF-16 code unit as \uXXXX."""
    raw = text.encode("utf-16-be", "surrogatepass")
    style = "\\u%04X" if upper else "\\u%04x"
    return "".join(style % int.from_bytes(raw[at : at + 2]) for at in range(0, len(raw), 2))


def slashes_escaped(string: str) -> str:
    """Escape the slashes of a JSON string, and keep everything else."""
    return _SLASH.sub(lambda found: "\\/" if found[0] == "/" else found[0], string)


def slashes_plain(string: str) -> str:
    """Write escaped slashes without a backslash, and keep everything else."""
    return _SLASH.sub(lambda found: "/" if found[0] == "\\/" else found[0], string)


def non_ascii_plain(string: str) -> str:
    r"""Write \uXXXX as the character that it stands for, unless that is an ASCII character."""
    return _ANY_ESCAPE.sub(lambda found: _plain(found[1]) if found[1] else found[0], string)


def _plain(escapes: str) -> str:
    characters = text_of(f'"{escapes}"')
    return "".join(each if each > _LAST_ASCII and each.isprintable() else units(each) for each in characters)


plain = escaping()
"""JavaScript, Jackson, Dart, Rust; Python with ensure_ascii=False; PHP with both JSON_UNESCAPED_ flags."""

non_ascii = escaping(beyond=NON_ASCII)
"""PHP with JSON_UNESCAPED_SLASHES."""

python = escaping("\x7f", NON_ASCII)
"""Python's json.dumps without options."""

non_ascii_upper = escaping(beyond=NON_ASCII, digits="upper")
"""Jackson with ESCAPE_NON_ASCII."""

php = escaping(beyond=NON_ASCII, slash=True)
"""PHP's json_encode without flags."""

php_unicode = escaping(beyond=LINE_SEPARATORS, slash=True)
"""PHP with JSON_UNESCAPED_UNICODE."""

php_hex = escaping("<>&'\"", NON_ASCII, slash=True, digits="upper for ASCII")
"""PHP with the JSON_HEX_ flags, which are the default of Laravel's and Symfony's JSON responses."""

line_separators = escaping(beyond=LINE_SEPARATORS)
"""Moshi; PHP with JSON_UNESCAPED_UNICODE and JSON_UNESCAPED_SLASHES."""

go = escaping("<>&\b\f", LINE_SEPARATORS)
"""Go's encoding/json, which escapes for HTML by default. Releases before 1.22 write the backspace as \\u0008."""

rails = escaping("<>&", LINE_SEPARATORS)
"""Newer releases of Go, and Rails."""

gson = escaping("<>&='", LINE_SEPARATORS)
"""Gson, which escapes for HTML by default."""

newtonsoft_html = escaping("<>&'\"", "\x85\u2028\u2029")
"""Newtonsoft.Json with StringEscapeHandling.EscapeHtml."""

javascript_serializer = escaping("<>&'", "\x85\u2028\u2029")
"""JavaScriptSerializer of the .NET Framework."""

system_text_json = escaping("<>&'\"+`\x7f", NON_ASCII, digits="upper")
"""System.Text.Json of .NET."""

system_text_json_relaxed = escaping("\x7f", f"\xa0{LINE_SEPARATORS}{_SUPPLEMENTARY}", digits="upper")
"""System.Text.Json with JavaScriptEncoder.UnsafeRelaxedJsonEscaping."""

_org_json = escaping(beyond="\x80-\xa0\u2000-\u20ff")


def org_json(string: str) -> str:
    """Write a JSON string as JSONObject.toString of org.json does."""
    return _org_json(string).replace("</", "<\\/")
