"""The API document with the server of the merchant. Its text is edited, so that every comment stays."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import yaml

from handlers.server.openapi.documents import TOKEN_PATH
from handlers.server.openapi.yaml_loader import SafeLoader

BASE_PATH = "/api/v1.0"
"""The base path in the document."""

_SERVERS = re.compile(r"^servers:\n(?:[ ].*\n|\n)*?(?=^\S|\n\S)", re.MULTILINE)
_CONTACT = re.compile(r"^  contact:\n(?: {4}.*\n)+", re.MULTILINE)
_EXAMPLE_HOST = "merchant.example"


@dataclass(frozen=True)
class Contract:
    """The document of one merchant: its YAML text, its base URL, its file name, its contact, and the text as data."""

    yaml: str
    base_url: str
    name: str = "snap-token"
    contact: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def document(self) -> dict[str, Any]:
        """The document as data."""
        return parsed(self.yaml)


def for_server(text: str, base_url: str) -> str:
    """The YAML text, with this server in `servers` and in the worked example."""
    parts = urlsplit(base_url)
    text = _with_server(text, base_url, "The merchant's base URL.")
    text = text.replace(f"POST {BASE_PATH}{TOKEN_PATH} HTTP", f"POST {parts.path}{TOKEN_PATH} HTTP")
    return text.replace(_EXAMPLE_HOST, parts.netloc)


def for_internal_server(text: str, base_url: str) -> str:
    """The YAML text of the internal document, with this server in `servers`."""
    return _with_server(text, base_url, "The internal listener, inside the merchant's network.")


def _with_server(text: str, base_url: str, description: str) -> str:
    transport = "TLS 1.3." if base_url.startswith("https:") else "Plain HTTP, without TLS."
    servers = f"servers:\n  - url: {json.dumps(base_url)}\n    description: {description} {transport}\n"
    return _SERVERS.sub(lambda _: servers, text, count=1)


def with_contact(text: str, contact: Mapping[str, str]) -> str:
    """The YAML text, with these members in `info.contact`. The name of the document stays if there is no other."""
    if not contact:
        return text
    members = {"name": parsed(text)["info"]["contact"]["name"], **contact}
    lines = "".join(f"    {name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in members.items())
    return _CONTACT.sub(lambda _: f"  contact:\n{lines}", text, count=1)


def parsed(text: str) -> dict[str, Any]:
    """The document as data."""
    document: dict[str, Any] = yaml.load(text, SafeLoader)  # noqa: S506  it is safe
    return document


def as_json(value: object) -> str:
    """The value as indented JSON, in the order of the document."""
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n"
