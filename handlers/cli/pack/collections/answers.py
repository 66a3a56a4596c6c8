"""The answers that an OpenAPI document describes, as examples to show and as rules to check."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from handlers.server.openapi.references import resolved

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """One documented answer.

    Attributes:
        summary: What the document says about it.
        status: The HTTP status.
        headers: The documented headers with their example values.
        body: The example body. None if the merchant's own service writes the body.
        header_rules: A regular expression (ECMA 262) for each required header.
        body_rules: A regular expression for the JSON of each member. A body has exactly these members.
    """

    summary: str
    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None
    header_rules: Mapping[str, str]
    body_rules: Mapping[str, str]

    @property
    def phrase(self) -> str:
        """The reason phrase of the status."""
        return HTTPStatus(self.status).phrase

    def for_field(self, name: str) -> "Answer":
        """The same refusal for another field: the last word of the message is the name of the field."""
        message = f"{self._text('responseMessage').rpartition(' ')[0]} {name}"
        return self._with(responseMessage=message)

    def for_service(self, code: str) -> "Answer":
        """The same refusal with the service code of another service."""
        response_code = self._text("responseCode")
        return self._with(responseCode=f"{response_code[:3]}{code}{response_code[5:]}")

    def _text(self, member: str) -> str:
        return str((self.body or {})[member])

    def _with(self, **members: str) -> "Answer":
        body = {**(self.body or {}), **members}
        return replace(self, body=body, body_rules={name: _exactly(value) for name, value in body.items()})


FROM_THE_MERCHANT = Answer("The merchant's service answers", HTTPStatus.OK, {}, None, {}, {})
"""The answer to a genuine call."""


class Answers:
    """The answers of the first operation of a document, which is the one that clients or proxies use most."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Read the answers of the data of an OpenAPI document."""
        first_path = next(iter(document["paths"].values()))
        responses = resolved(first_path["post"]["responses"], document)
        self._by_key = {key: answer for status, each in responses.items() for key, answer in _examples(status, each)}

    def __getitem__(self, key: str) -> Answer:
        """The answer with this key in the document's `examples`, for example `4017300-clock`."""
        return self._by_key[key]

    def all(self) -> tuple[Answer, ...]:
        """Every answer, in the order of the document."""
        return tuple(self._by_key.values())

    def of_service(self, code: str) -> tuple[Answer, ...]:
        """The refusals that have this service code in the document."""
        return tuple(answer for key, answer in self._by_key.items() if key[3:5] == code)


def _examples(status: str, response: Mapping[str, Any]) -> Iterator[tuple[str, Answer]]:
    if not status.isdigit():
        return
    content = response.get("content", {}).get(_JSON, {})
    headers = {"Content-Type": {"required": True, "schema": {"enum": [_JSON]}, "example": _JSON}, **response["headers"]}
    required = {name: _rule(header["schema"]) for name, header in headers.items() if header.get("required")}
    shown = {name: str(header["example"]) for name, header in headers.items() if name in required}
    for key, example in content.get("examples", {}).items():
        body = example["value"]
        yield key, Answer(example["summary"], int(status), shown, body, required, _body_rules(body, content["schema"]))


def _body_rules(body: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, str]:
    """Code and message are exactly those of the example. The rest follows the schema."""
    fixed = {name: _exactly(body[name]) for name in ("responseCode", "responseMessage")}
    return {name: fixed.get(name) or _json_rule(schema["properties"][name]) for name in body}


def _rule(schema: Mapping[str, Any]) -> str:
    """The regular expression of a text."""
    if "enum" in schema:
        return f"^(?:{'|'.join(map(_escaped, schema['enum']))})$"
    return str(schema.get("pattern", ".+"))


def _json_rule(schema: Mapping[str, Any]) -> str:
    """The regular expression of a text in quotation marks, or of an empty object."""
    if schema["type"] == "object":
        return r"^\{\}$"
    return f'^"{_rule(schema).removeprefix("^").removesuffix("$")}"$'


def _exactly(text: str) -> str:
    return f'^"{_escaped(text)}"$'


def _escaped(text: str) -> str:
    """The text as a regular expression of ECMA 262, in which Python's escapes of other characters are mistakes."""
    return re.sub(r"[.*+?^${}()|\[\]\\/]", r"\\\g<0>", text)
