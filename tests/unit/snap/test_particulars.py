"""What differs between acquirers: fixed header values, X-EXTERNAL-ID, and the string to sign."""

from dataclasses import replace

import pytest

from handlers.snap.call import BodyHash, Call
from handlers.snap.codes import SnapError
from handlers.snap.particulars import ExternalIdFormat, Particulars

CALL = Call("POST", "/merchant/v1.0/payment?a=b", "token", "2026-01-22T12:00:00+07:00", b"{}")
HEX = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
BASE64 = "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="


def _refusal(particulars: Particulars, channel_id: str | None, origin: str | None, external_id: str) -> str:
    with pytest.raises(SnapError) as refusal:
        particulars.require_headers(channel_id, origin, external_id)
    return f"{refusal.value.code.case} {refusal.value.field} {refusal.value.reason}"


@pytest.mark.parametrize("value", [None, "", "95231", "anything"])
def test_headers_are_free_unless_they_are_pinned(value: str | None) -> None:
    """By default, CHANNEL-ID and ORIGIN may be absent or have any value."""
    Particulars().require_headers(value, value, "ordNo-1")


@pytest.mark.parametrize("value", [None, "", "95232", "952311", "9523", "95231 ", "95231é", "\uff195231"])
def test_a_pinned_header_has_one_value(value: str | None) -> None:
    """An absent, shorter, longer or other value of a pinned header is refused, and the right one is accepted."""
    pinned = Particulars(channel_id="95231", origin="95231")
    pinned.require_headers("95231", "95231", "1")
    assert _refusal(pinned, value, "95231", "1") == "00 CHANNEL-ID channel.mismatch"
    assert _refusal(pinned, "95231", value, "1") == "00 ORIGIN origin.mismatch"


@pytest.mark.parametrize(
    ("external_id_format", "accepted", "refused"),
    [
        ("visible", ["!~", "a-1", "A1"], ["", "a b", "é"]),
        ("alphanumeric", ["aZ09", "1"], ["", "a-1", "é", "a "]),
        ("numeric", ["0", "0123456789"], ["", "1a", "-1", "1.0", "١٢", "1\n"]),
    ],
)
def test_an_external_id_has_the_characters_of_its_format(
    external_id_format: ExternalIdFormat, accepted: list[str], refused: list[str]
) -> None:
    """Only the ASCII characters of the format are accepted, and at least one of them."""
    particulars = Particulars(external_id_format=external_id_format)
    for external_id in accepted:
        particulars.require_headers(None, None, external_id)
    for external_id in refused:
        assert _refusal(particulars, None, None, external_id) == "01 X-EXTERNAL-ID external_id.malformed"


@pytest.mark.parametrize("external_id_format", ["visible", "alphanumeric", "numeric"])
@pytest.mark.parametrize("longest", [1, 12, 36, 40])
def test_a_new_external_id_may_be_sent(external_id_format: ExternalIdFormat, longest: int) -> None:
    """An X-EXTERNAL-ID made of any number has the characters and the length that the client may send."""
    particulars = Particulars(external_id_format=external_id_format, external_id_max_length=longest)
    made = [particulars.external_id(number) for number in (0, 3, 2**128 - 1)]
    assert all(map(particulars.accepts_external_id, made))
    assert len(set(made)) == 3
    assert {len(each) for each in made} == {min(longest, 39 if external_id_format == "numeric" else 32)}


@pytest.mark.parametrize("longest", [1, 12, 40])
def test_an_external_id_has_a_longest_length(longest: int) -> None:
    """The longest X-EXTERNAL-ID is accepted, and one character more is refused."""
    particulars = Particulars(external_id_max_length=longest)
    assert particulars.accepts_external_id("1" * longest)
    assert not particulars.accepts_external_id("1" * (longest + 1))


def test_nothing_changes_by_default() -> None:
    """Without particulars, the string to sign is that of the standard."""
    assert Particulars().as_signed(CALL) == CALL


@pytest.mark.parametrize(
    ("uri", "signed"),
    [
        ("/merchant/v1.0/payment?a=b", "/v1.0/payment?a=b"),
        ("/merchant/merchant/x", "/merchant/x"),
        ("/merchants/v1.0", "/merchants/v1.0"),
        ("/merchant", "/merchant"),
        ("/merchant?/x", "/merchant?/x"),
        ("/v1.0?/merchant/x", "/v1.0?/merchant/x"),
    ],
)
def test_only_whole_segments_of_a_prefix_are_left_out(uri: str, signed: str) -> None:
    """The prefix is left out once, at the beginning of the path, and only if a slash follows it."""
    particulars = Particulars(path_prefix_not_signed="/merchant")
    assert particulars.as_signed(replace(CALL, uri=uri)).uri == signed


@pytest.mark.parametrize(("body_hash", "written"), [("hex", HEX), ("base64", BASE64)])
def test_the_hash_of_the_body_has_one_spelling(body_hash: BodyHash, written: str) -> None:
    """The string to sign has the hash in lowercase hexadecimal or in standard base64."""
    signed = Particulars(body_hash=body_hash).as_signed(CALL)
    assert signed.string_to_sign(b"{}").decode().split(":")[3] == written


@pytest.mark.parametrize("access_token", ["token", None])
def test_the_token_of_the_string_to_sign_may_be_empty(access_token: str | None) -> None:
    """With an empty token, two colons follow the path, whether the call has a token or not."""
    signed = Particulars(empty_token_slot=True).as_signed(replace(CALL, access_token=access_token))
    assert signed.string_to_sign(b"{}").decode() == f"POST:{CALL.uri}::{HEX}:{CALL.timestamp}"
