"""Prism, a mock server, answers every documented status of every operation with an example of that status."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests import document
from tests.e2e.integrators.conftest import NodePrograms
from tests.e2e.process import running

FORM, OCTETS = "application/x-www-form-urlencoded", "application/octet-stream"
OTHER = "502"
"""A status that neither document names, so it gets the `default` response."""
CREDENTIALS = {"Authorization": "Bearer secret", "X-Internal-Authorization": "Bearer secret"}


@dataclass(frozen=True)
class Operation:
    """One operation of a document."""

    path: str
    method: str
    parameters: list[dict[str, Any]]
    described: dict[str, Any]

    @classmethod
    def all_of(cls, described: dict[str, Any]) -> Iterator["Operation"]:
        """Every operation of a document."""
        for path, item in described["paths"].items():
            for method in item.keys() & {"get", "post"}:
                parameters = [*item.get("parameters", ()), *item[method].get("parameters", ())]
                yield cls(path, method, parameters, item[method])

    def request_to(self, origin: str, status: str) -> httpx.Response:
        """Send the examples of the document, and prefer the response with this status."""
        media_type, body = self._body()
        headers = {each["name"]: each["example"] for each in self.parameters} | CREDENTIALS
        headers |= {"Prefer": f"code={status}", "Content-Type": media_type}
        url = f"{origin}{self.path}"
        return httpx.request(self.method.upper(), url, headers=headers, content=body, trust_env=False, timeout=60)

    def _body(self) -> tuple[str, str]:
        content = self.described.get("requestBody", {}).get("content", {})
        if OCTETS in content:
            return OCTETS, content[OCTETS]["schema"]["example"]
        if FORM in content:
            return FORM, urlencode(_examples(content[FORM])[0])
        return "application/json", '{"grantType":"client_credentials"}' if content else ""

    def examples(self, status: str) -> list[object]:
        """The examples of a response, whose order JavaScript changes. Only None if it has no body."""
        content = self.described["responses"][status].get("content", {})
        return [each for media_type in content.values() for each in _examples(media_type)] or [None]


def _examples(media_type: dict[str, Any]) -> list[Any]:
    return [each["value"] for each in media_type["examples"].values()]


def _body_of(answer: httpx.Response) -> object:
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    return answer.json() if is_json else answer.text or None


@pytest.mark.parametrize(
    ("path", "described"),
    [(document.PATH, document.DOCUMENT), (document.INTERNAL_PATH, document.INTERNAL)],
    ids=["public", "internal"],
)
def test_the_mock_answers_each_status_with_an_example_of_it(
    path: Path, described: dict[str, Any], node_programs: NodePrograms
) -> None:
    """The mock server gives the body of the preferred status, and not another one."""
    with running(node_programs.command("prism"), "mock", "--port", "0", path, env=node_programs.env) as prism:
        origin = next(filter(None, (re.search(r"listening on (http://\S+)", line) for line in prism.out)))[1]
        for operation in Operation.all_of(described):
            for documented in operation.described["responses"]:
                status = OTHER if documented == "default" else documented
                answer = operation.request_to(origin, status)
                assert answer.status_code == int(status), answer.text
                assert _body_of(answer) in operation.examples(documented)
