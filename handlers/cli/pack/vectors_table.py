r"""The test vectors as a table, for languages without a JSON parser in their standard library.

The first line has the names of the columns. Each other line is one vector, with tabs between its values. The escapes
\\, \t, \n and \r stand for a backslash, a tab, a line feed and a carriage return. The first value names the list of
vectors.json.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import cast

_LISTS = ("vectors", "must_not_verify", "wrong_encodings")
_COLUMNS = (
    *("name", "form", "client_key", "timestamp", "method", "endpoint_url", "access_token", "client_secret", "body"),
    *("string_to_sign", "signature"),
)
_ESCAPES: Mapping[int, str] = MappingProxyType(str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}))


def table(vectors: Mapping[str, object]) -> str:
    """The text of the table. A value that a vector does not have is empty."""
    rows: list[Sequence[str]] = [("list", *_COLUMNS)]
    for name in _LISTS:
        listed = cast("list[dict[str, str]]", vectors[name])
        rows += [(name, *(vector.get(column, "") for column in _COLUMNS)) for vector in listed]
    return "".join("\t".join(value.translate(_ESCAPES) for value in row) + "\n" for row in rows)
