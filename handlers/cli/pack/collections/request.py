"""One request of a collection, before it gets the format of a tool."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from handlers.cli.pack.collections.answers import Answer
from handlers.server.openapi.documents import TOKEN_PATH

TOKEN_URL = f"{{{{baseUrl}}}}{TOKEN_PATH}"

VARIABLES: Mapping[str, str] = {
    "clientKey": "IONPAYTEST",
    "privateKey": "",
    "symmetricClientKey": "SYMMETRICTEST",
    "clientSecret": "",
    "notificationPrivateKey": "",
}
"""The variables of the environment beside the two URLs. The empty ones are secrets, which the user enters."""

SECRETS = tuple(name for name, value in VARIABLES.items() if not value)


@dataclass(frozen=True, slots=True)
class Request:
    """A request and the answer that it must get.

    Attributes:
        name: The name, unique in its folder.
        about: One or two sentences for the reader, in Markdown.
        script: JavaScript that runs before the request. It has `snap`, `get` and `set`.
        answer: The answer that the tests expect.
        answers: All answers to show as examples.
        after: JavaScript that runs after the tests. It has `body` and `set`.
    """

    name: str
    about: str
    script: str
    answer: Answer
    answers: tuple[Answer, ...] = ()
    method: str = "POST"
    url: str = TOKEN_URL
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    after: str = ""

    @property
    def shown(self) -> tuple[Answer, ...]:
        """The examples. The expected answer comes first, unless the merchant's own service writes it."""
        first = () if self.answer.body is None else (self.answer,)
        return (*first, *(each for each in self.answers if each != self.answer))

    @property
    def tests(self) -> str:
        """JavaScript that judges the answer. It has `test`, `expect`, `status`, `header` and `body`."""
        lines = [f'test("The status is {self.answer.status}", () => expect(status).to.equal({self.answer.status}));']
        if self.answer.body is not None:
            lines += [_rules("headerRules", self.answer.header_rules), _HEADERS]
            lines += [_rules("bodyRules", self.answer.body_rules), _BODY]
        return "\n".join([*lines, *filter(None, [self.after])])


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of a collection."""

    name: str
    about: str
    requests: tuple[Request, ...]


_HEADERS = """\
test("The headers are as documented", () => {
  for (const [name, rule] of Object.entries(headerRules)) {
    expect(String(header(name)), name).to.match(new RegExp(rule));
  }
});"""
_BODY = """\
test("The body is as documented", () => {
  expect(Object.keys(body).sort()).to.eql(Object.keys(bodyRules).sort());
  for (const [name, rule] of Object.entries(bodyRules)) {
    expect(JSON.stringify(body[name]), name).to.match(new RegExp(rule));
  }
});"""


def _rules(name: str, rules: Mapping[str, str]) -> str:
    return f"const {name} = {json.dumps(rules, indent=2)};"
