"""The test vectors as a table."""

import re
from typing import Any

from handlers.cli.pack.vectors import vectors
from handlers.cli.pack.vectors_table import table
from tests.document import RAW

VECTORS: dict[str, Any] = vectors(RAW, "https://a.example/base")
CHARACTERS = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}


def _value(text: str) -> str:
    return re.sub(r"\\(.)", lambda escape: CHARACTERS[escape[1]], text)


def test_the_table_has_every_vector() -> None:
    """Each line gives the values of one vector, in the order of vectors.json. Other values are empty."""
    names, *lines = (line.split("\t") for line in table(VECTORS).split("\n")[:-1])
    rows = [dict(zip(names, map(_value, line), strict=True)) for line in lines]
    lists = ("vectors", "must_not_verify", "wrong_encodings")
    expected = [{"list": name, **vector} for name in lists for vector in VECTORS[name]]
    assert rows == [{name: vector.get(name, "") for name in names} for vector in expected]


def test_the_table_has_no_other_line_ends() -> None:
    """Line feeds and carriage returns in a body are escaped, so a line is a vector."""
    text = table(VECTORS)
    assert "\r" not in text
    assert r"{\r\n\t" in text.replace("\\\\", "")
