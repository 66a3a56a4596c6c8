"""The kinds of bodies."""

from collections.abc import Mapping
from typing import Any

import pytest

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.openapi.request_bodies import AnyBody, FormBody, JsonBody, NoBody, ObjectRule, body_of
from handlers.snap.codes import BAD_REQUEST, INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, ResponseCode, SnapError
from handlers.snap.media_type import FORM, JSON

TEXTS: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}}


def _schema(_media_type: str) -> Mapping[str, Any]:
    return {**TEXTS, "required": ["a"], "components": {}}


def test_a_body_without_mandatory_members_needs_none() -> None:
    """A schema without `required` takes an empty object."""
    rule = ObjectRule(TEXTS)
    rule.check({})
    with pytest.raises(SnapError) as refusal:
        rule.check({"a": []})
    assert (refusal.value.code, refusal.value.field) == (INVALID_FIELD_FORMAT, "a")


def test_what_is_no_object_is_refused() -> None:
    """Nothing but an object is a body, and it is named so."""
    values: list[object] = [[], "a", None, 1]
    for value in values:
        with pytest.raises(SnapError) as refusal:
            ObjectRule(TEXTS).check(value)
        assert (refusal.value.code, refusal.value.field) == (INVALID_FIELD_FORMAT, "body")


def test_an_empty_member_is_as_good_as_none() -> None:
    """Where the document wants at least one character, an empty text is called missing, mandatory or not."""
    rule = ObjectRule({"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}})
    with pytest.raises(SnapError) as refusal:
        rule.check({"a": ""})
    assert (refusal.value.code, refusal.value.field) == (INVALID_MANDATORY_FIELD, "a")
    rule.check({})


def test_a_choice_between_fields_is_left_to_the_function() -> None:
    """A form of neither or both of two fields reaches the function, which can name them."""

    def schema_of(_media_type: str) -> Mapping[str, Any]:
        both = {"a": {"type": "string"}, "b": {"type": "string"}}
        return {"type": "object", "properties": both, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}

    body = body_of(schema_of, [FORM], 1)
    assert [body.arguments(raw) for raw in (b"", b"a=1&b=2")] == [{}, {"a": "1", "b": "2"}]


def test_a_mandatory_member_is_asked_for_before_others_are_judged() -> None:
    """What is missing is told before what is malformed."""
    rule = ObjectRule({**TEXTS, "required": ["b"]})
    with pytest.raises(SnapError) as refusal:
        rule.check({"a": []})
    assert (refusal.value.code, refusal.value.field) == (INVALID_MANDATORY_FIELD, "b")


@pytest.mark.parametrize(
    ("media_types", "kind"), [([JSON, FORM], JsonBody), ([FORM], FormBody), (["*/*"], AnyBody), ([], NoBody)]
)
def test_the_media_types_of_the_document_say_which_kind_a_body_is(media_types: list[str], kind: type) -> None:
    """JSON before a form, bytes for anything else, nothing for nothing."""
    assert type(body_of(_schema, media_types, 1)) is kind


@pytest.mark.parametrize("padding", [0, 300], ids=["remembered", "longer"])
def test_a_good_body_is_good_again_and_a_bad_one_bad_again(padding: int) -> None:
    """What was found good or bad once is found so again, in a body that is remembered and in one that is too long."""
    body = body_of(_schema, [JSON], 1)
    space = b" " * padding
    for _ in range(2):
        assert not body.arguments(b'{"a":"x"}' + space)
        for bad in (b'{"a":""}', b'{"a":"xxxx"}', b"{", b'{"a":"x","a":"x"}'):
            with pytest.raises(SnapError):
                body.arguments(bad + space)


@pytest.mark.parametrize(
    ("raw", "fields"),
    [(b"a=x", {"a": "x"}), (b"a=x&b=y", {"a": "x"}), (b"a=%C3%A9+", {"a": "\u00e9 "})],
    ids=["one", "with another", "escaped"],
)
def test_the_fields_of_a_form_are_handed_over(raw: bytes, fields: dict[str, str]) -> None:
    """The document's fields reach the function by name, unescaped; others do not."""
    assert body_of(_schema, [FORM], 1).arguments(raw) == fields


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", INVALID_MANDATORY_FIELD),
        (b"a=", INVALID_MANDATORY_FIELD),
        (b"a=xxxx", INVALID_FIELD_FORMAT),
        (b"a", BAD_REQUEST),
        (b"a=x&a=x", BAD_REQUEST),
        (b"a=\xff", BAD_REQUEST),
        (b"a=%FF", BAD_REQUEST),
        (b"&".join(b"x%d=1" % number for number in range(17)), BAD_REQUEST),
    ],
    ids=["empty", "empty field", "malformed", "no form", "twice", "not ASCII", "not UTF-8", "too many"],
)
def test_a_form_that_is_not_the_document_s_is_refused(raw: bytes, code: ResponseCode) -> None:
    """A field that is missing, malformed or named twice, and what is no form, have each their code."""
    with pytest.raises(SnapError) as refusal:
        body_of(_schema, [FORM], 1).arguments(raw)
    assert refusal.value.code is code


@pytest.mark.parametrize("kind", [JSON, FORM])
def test_a_body_of_another_kind_is_refused_by_its_headers(kind: str) -> None:
    """The media type has to be the document's, or absent."""
    body = body_of(_schema, [kind], 1)
    body.require_type(RequestHeaders.of([]))
    body.require_type(RequestHeaders.of([(b"content-type", kind.encode())]))
    with pytest.raises(SnapError):
        body.require_type(RequestHeaders.of([(b"content-type", b"text/plain")]))


def test_bytes_of_any_kind_are_handed_over_as_they_came() -> None:
    """Where the document takes any media type the function gets the bytes, and none where it takes no body."""
    headers = RequestHeaders.of([(b"content-type", b"text/plain")])
    for body, arguments in ((AnyBody(1), {"body": b"\xff"}), (NoBody(), {})):
        body.require_type(headers)
        assert body.arguments(b"\xff") == arguments
