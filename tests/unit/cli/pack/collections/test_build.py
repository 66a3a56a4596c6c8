"""The files of both collections."""

import json
import re
from typing import Any

import pytest

from handlers.cli.pack.collections.build import collections
from tests import collection_files
from tests.document import INTERNAL_RAW, RAW, RESPONSES

URL = "https://a.example:8443/base"
FILES = collections(RAW, INTERNAL_RAW, URL)
COLLECTION: dict[str, Any] = json.loads(FILES["snap-token.postman_collection.json"])
ITEMS: list[dict[str, Any]] = [item for folder in COLLECTION["item"] for item in folder["item"]]


def test_the_copies_in_the_repository_are_current() -> None:
    """The files in docs/collections are those that `make reference` writes, and there is no other file."""
    found = {file.relative_to(collection_files.FOLDER).as_posix(): file for file in collection_files.existing()}
    assert found.keys() == collection_files.FILES.keys()
    for name, text in collection_files.FILES.items():
        assert found[name].read_text(encoding="utf-8") == text, f"`make reference` writes {name}"


def test_both_collections_have_the_same_requests() -> None:
    """Each request of the Postman collection is a file of the Bruno collection, with the same name."""
    names = re.findall(r"^  name: (.+)\n  type: http$", "\n".join(FILES.values()), re.MULTILINE)
    assert sorted(names) == sorted(item["name"] for item in ITEMS)


def test_no_script_uses_the_network_or_has_a_key() -> None:
    """No script sends a request of its own, and no file has a value for a secret."""
    scripts = "\n".join(line for item in ITEMS for event in item["event"] for line in event["script"]["exec"])
    assert not re.search(r"sendRequest|http:|https:|axios|fetch", scripts)
    environment = json.loads(FILES["snap-token.postman_environment.json"])["values"]
    assert {each["key"] for each in environment if each["type"] == "secret"} == {
        "privateKey",
        "clientSecret",
        "notificationPrivateKey",
    }
    assert all(each["value"] == "" for each in environment if each["type"] == "secret")
    assert "BEGIN PRIVATE" not in "".join(FILES.values())


def test_the_environments_have_the_urls_of_the_merchant() -> None:
    """Tokens come from the base URL. Calls go to the same host, and their paths are those of the services."""
    values = {each["key"]: each["value"] for each in json.loads(FILES["snap-token.postman_environment.json"])["values"]}
    assert (values["baseUrl"], values["callsUrl"]) == (URL, "https://a.example:8443")
    assert f"  baseUrl: {URL}\n" in FILES["bruno/environments/snap-token.bru"]
    assert (
        "  notificationPrivateKey: {{process.env.SNAP_NOTIFICATION_PRIVATE_KEY}}\n"
        in (FILES["bruno/environments/snap-token.bru"])
    )


def test_the_token_request_shows_every_documented_answer() -> None:
    """The token request has each example of the document as a saved response."""
    (token,) = (item for item in ITEMS if item["name"] == "Token")
    shown = [json.loads(response["body"])["responseCode"] for response in token["response"]]
    contents = [response["content"]["application/json"] for status, response in RESPONSES.items() if status.isdigit()]
    documented = [each["value"]["responseCode"] for content in contents for each in content["examples"].values()]
    assert sorted(shown) == sorted(documented)
    assert {"2007300", "4017300", "5007302"} <= set(shown)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item["name"])
def test_every_request_has_an_expected_answer(item: dict[str, Any]) -> None:
    """Each request tests the status, and its first saved response has that status."""
    tests = "\n".join(next(event for event in item["event"] if event["listen"] == "test")["script"]["exec"])
    status = re.search(r"The status is (\d{3})", tests)
    assert status
    refusals = [response["code"] for response in item["response"][:1] if "bodyRules" in tests]
    assert set(refusals) <= {int(status[1])}
    assert ("bodyRules" in tests) or status[1] == "200"
