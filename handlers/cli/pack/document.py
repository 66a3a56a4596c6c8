"""The API document with the server of the merchant. Its text is edited, so that every comment stays."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import yaml

from handlers.server.openapi.documents import TOKEN_PATH

BASE_PATH = "/api/v1.0"
"""The base path in the document."""

_SERVERS = re.compile(r"^servers:\n(?:[ ].*\n|\n)*?(?=^\S|\n\S)", re.MULTILINE)
_EXAMPLE_HOST = "merchant.example"


def for_server(text: str, base_url: str) -> str:
    """The YAML text, with this server in `servers` and in the worked example."""
    parts = urlsplit(base_url)
    servers = f"servers:\n  - url: {json.dumps(base_url)}\n    description: The merchant's base URL.\n"
    text = _SERVERS.sub(lambda _: servers, text, count=1)
    text = text.replace(f"POST {BASE_PATH}{TOKEN_PATH} HTTP", f"POST {parts.path}{TOKEN_PATH} HTTP")
    return text.replace(_EXAMPLE_HOST, parts.netloc)


def parsed(text: str) -> dict[str, Any]:
    """The document as data."""
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def as_json(value: object) -> str:
    """The value as indented JSON, in the order of the document."""
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n"
