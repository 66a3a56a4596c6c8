"""The tables of response codes in both documents: they have the codes of the catalogue and of the examples."""

import re
from collections.abc import Iterator
from typing import Any

from handlers.snap.codes import ACCESS_TOKEN_SERVICE, CATALOGUE, INTERNAL_CATALOGUE, ResponseCode
from tests.document import DOCUMENT, INTERNAL, PROXY_ANSWERS

_ROW = re.compile(r"^\| `([\dx]{7})` \| `([^`]+)` \| .+ \| .+ \|$", re.MULTILINE)


def _rows(document: dict[str, Any]) -> list[tuple[str, str]]:
    """The codes and messages of the table."""
    return _ROW.findall(document["info"]["description"])


def _examples(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The codes and messages of the examples of all answers. The response `default` stands for unknown codes."""
    operations = [each for path in document["paths"].values() for name, each in path.items() if name != "parameters"]
    responses = [each for operation in operations for each in operation["responses"].items()]
    for status, response in responses:
        content = response.get("content", {}).get("application/json", {"examples": {}})
        for example in content["examples"].values():
            if status != "default" and "responseCode" in example["value"]:
                yield example["value"]["responseCode"], example["value"]["responseMessage"]


def _covers(row: tuple[str, str], code: str, message: str) -> bool:
    """Whether the row is about this answer. `xx` is any service code, and `{field}` any name."""
    code_pattern = row[0].replace("xx", r"\d\d")
    message_pattern = re.escape(row[1]).replace(re.escape("{field}"), ".+")
    return bool(re.fullmatch(code_pattern, code) and re.fullmatch(message_pattern, message))


def _fits_catalogue(row: tuple[str, str], service: str, catalogue: tuple[ResponseCode, ...]) -> bool:
    """Whether the catalogue has this code with this message."""
    return any(
        re.fullmatch(code.response_code(service), row[0])
        and re.fullmatch(re.escape(code.message).replace(r"\{\}", ".+"), row[1])
        for code in catalogue
    )


def test_each_row_has_a_code_of_the_catalogue() -> None:
    """The tables have no code and no message that neither the servers nor their proxies send."""
    of_server = [row for row in _rows(DOCUMENT) if row not in PROXY_ANSWERS.values()]
    assert [row for row in of_server if not _fits_catalogue(row, ACCESS_TOKEN_SERVICE, CATALOGUE)] == []
    assert [row for row in _rows(INTERNAL) if not _fits_catalogue(row, "(?:xx|00)", INTERNAL_CATALOGUE)] == []


def test_each_code_of_the_catalogue_has_a_row() -> None:
    """The tables have every code that the servers can send."""
    for catalogue, document, service in (
        (CATALOGUE, DOCUMENT, ACCESS_TOKEN_SERVICE),
        (INTERNAL_CATALOGUE, INTERNAL, "(?:xx|00)"),
    ):
        codes = [code for code, _message in _rows(document)]
        for code in catalogue:
            assert any(re.fullmatch(code.response_code(service), each) for each in codes), code


def test_each_example_has_exactly_one_row() -> None:
    """A reader finds each answer of the examples in the table."""
    for document in (DOCUMENT, INTERNAL):
        for code, message in _examples(document):
            assert len([row for row in _rows(document) if _covers(row, code, message)]) == 1, (code, message)
