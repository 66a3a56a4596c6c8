"""Which Content-Type and Content-Encoding are accepted."""

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
def test_json_in_utf8_is_accepted(content_type: str) -> None:
    """Any case, any name of UTF-8, and other, quoted or empty parameters are accepted."""
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
def test_a_malformed_media_type_is_refused(content_type: str) -> None:
    """A value against the grammar of RFC 9110, with a parameter twice, or too long, is refused."""
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
def test_another_charset_is_refused(content_type: str) -> None:
    """A charset that is unknown, not a name, or only similar to UTF-8 is refused without another error."""
    with pytest.raises(SnapError) as refusal:
        require_media_type(JSON, content_type, "")
    assert (refusal.value.code, refusal.value.reason) == (UNSUPPORTED_MEDIA_TYPE, "media_type.wrong")


def test_the_log_has_the_media_type() -> None:
    """The log has the first characters of the header's value, in ASCII."""
    for content_type, content_encoding in (("text/\xe9" + "x" * 100, ""), ("", "text/\xe9" + "x" * 100)):
        with pytest.raises(SnapError) as refusal:
            require_media_type(JSON, content_type, content_encoding)
        assert refusal.value.log_fields == {"cause": "text/?" + "x" * 74}


def test_only_the_expected_media_type_is_accepted() -> None:
    """An operation that expects a form accepts a form, and refuses JSON."""
    require_media_type(FORM, "application/X-WWW-form-urlencoded", "")
    with pytest.raises(SnapError) as refusal:
        require_media_type(FORM, JSON, "")
    assert refusal.value.code is UNSUPPORTED_MEDIA_TYPE


def test_an_absent_media_type_is_accepted() -> None:
    """A request with an absent or empty Content-Type is accepted, and its body is parsed."""
    require_media_type(JSON, "", "")


def test_a_compressed_body_is_refused() -> None:
    """Every Content-Encoding is refused. An empty one counts as absent."""
    require_media_type(JSON, "application/json", "")
    with pytest.raises(SnapError) as refusal:
        require_media_type(JSON, "application/json", "gzip")
    assert (refusal.value.code, refusal.value.reason) == (UNSUPPORTED_MEDIA_TYPE, "content_encoding.present")
