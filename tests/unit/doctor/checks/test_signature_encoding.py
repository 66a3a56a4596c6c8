"""X-SIGNATURE, in whichever spelling."""

from base64 import b64encode, urlsafe_b64encode

import pytest

from handlers.doctor.checks.signature_encoding import decode

RAW = bytes(range(192, 256))
TEXT = b64encode(RAW).decode()


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (TEXT, None),
        (RAW.hex(), "signature.hex"),
        ("0x" + RAW.hex(), "signature.hex"),
        (urlsafe_b64encode(RAW).decode(), "signature.base64url"),
        (urlsafe_b64encode(RAW).decode().rstrip("="), "signature.base64url"),
        (f'"{TEXT}"', "signature.quoted"),
        (f'\\"{TEXT}\\"', "signature.quoted"),
        (f"{TEXT[:20]}\r\n {TEXT[20:]}", "signature.line_wrapped"),
        (TEXT.replace("+", "%2B").replace("/", "%2F"), "signature.percent_encoded"),
        (f'"{RAW.hex()}"', "signature.quoted"),
    ],
)
def test_the_bytes_are_found_in_other_spellings(text: str, verdict: str | None) -> None:
    """The bytes are read, and it is said how they are spelt."""
    raw, finding = decode(text, {64})
    assert (raw, finding and finding.verdict) == (RAW, verdict)


@pytest.mark.parametrize("text", ["", "=", "a-b_c", "words, words", '""', "QUJ", "%zz", "é", RAW.hex() + "é"])
def test_what_spells_nothing_is_not_base64(text: str) -> None:
    """No bytes come of it, and nothing fails."""
    raw, finding = decode(text, {64})
    assert raw is None
    assert finding
    assert finding.verdict == "signature.not_base64"


def test_hexadecimal_of_another_length_is_base64_to_look_at() -> None:
    """Only the length tells them apart."""
    raw, finding = decode(RAW.hex(), {256})
    assert (len(raw or b""), finding) == (96, None)


@pytest.mark.parametrize("text", ['"' * 8_000, "%" + "25" * 4_000, "'\"" * 2_000, "\\n" * 4_000])
def test_spellings_of_spellings_come_to_an_end(text: str) -> None:
    """Whoever wraps nothing a thousand times over gets the verdict of anybody else, as soon."""
    raw, finding = decode(text, {64})
    assert (raw, finding and finding.verdict) == (None, "signature.not_base64")


def test_a_few_wrappings_are_taken_off() -> None:
    """The outermost is named."""
    raw, finding = decode(f"%22{TEXT[:20]}%0A{TEXT[20:]}%22", {64})
    assert (raw, finding and finding.verdict) == (RAW, "signature.percent_encoded")


def test_a_text_far_too_long_is_no_signature() -> None:
    """Nothing is made out in it."""
    raw, finding = decode("QUJD" * 4_097, {256})
    assert raw is None
    assert finding
    assert (finding.verdict, finding.evidence["length"]) == ("signature.not_base64", 16_388)
