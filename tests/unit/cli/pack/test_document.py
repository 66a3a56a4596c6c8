"""The document with the server of a merchant."""

import json
import re

import pytest
import yaml
from openapi_spec_validator import validate

from handlers.cli.pack.document import BASE_PATH, as_json, for_server, parsed
from handlers.config.tables import Server
from tests.document import PATH, RAW

TEXT = PATH.read_text(encoding="utf-8")
URL = "https://shop.example.co.id:8443/snap/v2"


def test_the_servers_are_this_one() -> None:
    """The only server is that of the merchant, and the document is still valid."""
    document = parsed(for_server(TEXT, URL))
    validate(document)
    assert document["servers"] == [{"url": URL, "description": "The merchant's base URL. TLS 1.3."}]


def test_a_url_of_this_machine_does_not_promise_tls() -> None:
    """The description of a base URL with http:// says that there is no TLS."""
    (server,) = parsed(for_server(TEXT, "http://127.0.0.1:8080/api"))["servers"]
    assert server["description"] == "The merchant's base URL. Plain HTTP, without TLS."


def test_nothing_else_changes() -> None:
    """Only the servers and the first two lines of the worked example change. Comments stay."""
    before = re.sub(r"(?ms)^servers:.*?(?=^tags:)", "", TEXT).splitlines()
    after = re.sub(r"(?ms)^servers:.*?(?=^tags:)", "", for_server(TEXT, URL)).splitlines()
    assert len(before) == len(after)
    assert [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]] == [
        ("    POST /api/v1.0/access-token/b2b HTTP/1.1", "    POST /snap/v2/access-token/b2b HTTP/1.1"),
        ("    Host: merchant.example", "    Host: shop.example.co.id:8443"),
    ]


def test_no_placeholder_is_left() -> None:
    """No placeholder for the merchant is left."""
    own = for_server(TEXT, URL)
    assert "merchant.example" not in own
    assert "merchantDomain" not in own


@pytest.mark.parametrize("url", ["https://a.example", "http://[::1]:8080/api"])
def test_any_base_url_is_quoted(url: str) -> None:
    """A URL that YAML would read as something else is quoted."""
    assert parsed(for_server(TEXT, url))["servers"][0]["url"] == url


def test_the_servers_may_stand_at_the_end() -> None:
    """The servers may be anywhere in the document."""
    assert yaml.safe_load(for_server("a: 1\nservers:\n  - url: x\n\n    # b\nc: 2\n", URL))["c"] == 2


def test_the_documents_own_base_path_is_the_settings_default() -> None:
    """Without a path and without settings, the URL gets the default base path of the server."""
    assert Server.model_fields["base_path"].default == BASE_PATH
    assert RAW["servers"][0]["url"].endswith(BASE_PATH)


def test_json_is_readable() -> None:
    """The JSON keeps the order, is indented, and does not escape letters."""
    assert as_json({"b": "é", "a": 1}) == '{\n  "b": "é",\n  "a": 1\n}\n'
    assert json.loads(as_json(RAW)) == RAW
