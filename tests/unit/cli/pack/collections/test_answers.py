"""The answers of a document."""

import re

import pytest

from handlers.cli.pack.collections.answers import Answers
from tests.document import INTERNAL_RAW, RAW

TOKEN = Answers(RAW)


def test_a_refusal_has_exactly_its_code_and_message() -> None:
    """The rules of a refusal accept its example only."""
    answer = TOKEN["4017300-clock"]
    assert (answer.status, answer.phrase, answer.body) == (
        401,
        "Unauthorized",
        {"responseCode": "4017300", "responseMessage": "Unauthorized. X-TIMESTAMP"},
    )
    assert answer.body_rules["responseMessage"] == r'^"Unauthorized\. X-TIMESTAMP"$'
    assert answer.header_rules["WWW-Authenticate"] == '^(?:SNAP realm="access-token")$'
    assert answer.headers["WWW-Authenticate"] == 'SNAP realm="access-token"'


def test_a_token_follows_its_schema() -> None:
    """Any token and any number of seconds is accepted, but only as the type that the document says."""
    rules = TOKEN["2007300"].body_rules
    assert re.search(rules["accessToken"], '"abc-_=="')
    assert re.search(rules["expiresIn"], '"12"')
    assert not re.search(rules["expiresIn"], "12")
    assert not re.search(rules["additionalInfo"], '"{}"')


def test_a_refusal_can_name_another_field() -> None:
    """The message and its rule name that field."""
    answer = TOKEN["4007302"].for_field("grantType")
    assert answer.body == {"responseCode": "4007302", "responseMessage": "Invalid Mandatory Field grantType"}
    assert answer.body_rules["responseMessage"] == '^"Invalid Mandatory Field grantType"$'


def test_a_refusal_can_be_that_of_another_service() -> None:
    """The two digits in the middle of the code are those of the service."""
    answers = Answers(INTERNAL_RAW)
    assert answers["4013300"].for_service("25").body_rules["responseCode"] == '^"4012500"$'
    assert {(answer.body or {})["responseCode"][3:5] for answer in answers.of_service("24")} == {"24"}


def test_an_unknown_key_is_an_error() -> None:
    """An example that the document does not have stops the build."""
    with pytest.raises(KeyError):
        TOKEN["2997300"]


def test_a_default_response_is_no_example() -> None:
    """A `default` response has no status, so that it gives no answer to show."""
    path, item = next(iter(RAW["paths"].items()))
    responses = {"default": {"$ref": "#/components/responses/NotFound"}}
    document = {**RAW, "paths": {path: {**item, "post": {**item["post"], "responses": responses}}}}
    assert Answers(document).all() == ()
