"""Which bodies are taken, by what their headers say of them."""

import pytest

from handlers.snap.codes import UNSUPPORTED_MEDIA_TYPE, SnapError
from handlers.snap.media_type import FORM, JSON, LONGEST, require_media_type


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF8",
        'application/json ;\tcharset="utf-8"',
        "application/json;",
        "application/json; ; charset=utf-8 ;",
        r'application/json; note="a, \"b\"; charset=latin-1"',
        "application/json; version=1",
        "application/json;a=" + "b" * (LONGEST - 19),
    ],
)
def test_what_means_json_in_utf8_is_taken(content_type: str) -> None:
    """Any case, any name of UTF-8, and whatever else the grammar allows: other parameters, quoted ones, empty ones."""
    require_media_type(JSON, content_type, "")


@pytest.mark.parametrize(
    "content_type",
    [
        ";",
        "/",
        "a",
        "a/",
        "/json",
        "json",
        "*/*",
        "application/*",
        "application/ json",
        "application /json",
        "application//json",
        "application/json/json",
        "application/json charset=utf-8",
        "application/json, text/plain",
        "application/json, application/json",
        "application/json; charset",
        "application/json; charset=",
        'application/json; charset=""',
        'application/json; charset="utf-8',
        "application/json; charset =utf-8",
        "application/json; charset= utf-8",
        "application/json; =utf-8",
        "application/json; charset=utf-8; charset=utf-8",
        "application/json; charset=utf-8; Charset=latin-1",
        "application/json; charset=utf-8; charset*=UTF-8''latin-1",
        "application/json; charset*0=utf; charset*1=-8",
        "application/json; charset=utf-8\tx",
        "application/json\n",
        "application/json;a=" + "b" * (LONGEST - 18),
    ],
)
def test_what_is_no_media_type_is_refused(content_type: str) -> None:
    """What RFC 9110 does not call a media type, what names a parameter twice, and what is too long, is refused."""
    with pytest.raises(SnapError) as refusal:
        require_media_type(JSON, content_type, "")
    assert (refusal.value.code, refusal.value.reason) == (UNSUPPORTED_MEDIA_TYPE, "media_type.wrong")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/json",
        'application/json; charset="\0"',
        "application/json; charset=utf-8-sig",
        "application/json;charset=x" * 9,
        "application/json; charset=\xff",
    ],
)
def test_what_does_not_mean_json_in_utf8_is_refused(content_type: str) -> None:
    """A charset that is unknown, cannot be looked up, or is not quite UTF-8 is refused and nothing fails."""
    with pytest.raises(SnapError) as refusal:
        require_media_type(JSON, content_type, "")
    assert (refusal.value.code, refusal.value.reason) == (UNSUPPORTED_MEDIA_TYPE, "media_type.wrong")


def test_the_log_is_told_what_came() -> None:
    """The reason comes with the beginning of the header's value, as far as it is ASCII."""
    for content_type, content_encoding in (("text/\xe9" + "x" * 100, ""), ("", "text/\xe9" + "x" * 100)):
        with pytest.raises(SnapError) as refusal:
            require_media_type(JSON, content_type, content_encoding)
        assert refusal.value.log_fields == {"cause": "text/?" + "x" * 74}


def test_another_kind_of_body_has_a_media_type_of_its_own() -> None:
    """What is asked for is what is taken: a form where a form is wanted, and no JSON there."""
    require_media_type(FORM, "application/X-WWW-form-urlencoded", "")
    with pytest.raises(SnapError) as refusal:
        require_media_type(FORM, JSON, "")
    assert refusal.value.code is UNSUPPORTED_MEDIA_TYPE


def test_no_media_type_is_json() -> None:
    """A request that does not say what its body is, or says nothing there, is taken at its body."""
    require_media_type(JSON, "", "")


def test_a_compressed_body_is_refused() -> None:
    """A Content-Encoding, whichever it is, is refused; an empty one is none."""
    require_media_type(JSON, "application/json", "")
    with pytest.raises(SnapError) as refusal:
        require_media_type(JSON, "application/json", "gzip")
    assert (refusal.value.code, refusal.value.reason) == (UNSUPPORTED_MEDIA_TYPE, "content_encoding.present")
