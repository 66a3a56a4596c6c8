"""Decoding X-SIGNATURE, also from wrong encodings."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from handlers.doctor.checks import signature_encoding
from handlers.doctor.checks.signature_encoding import FOR_LOG, FOR_PERSON, MOST_LAYERS, Limits, decode, wrong_length
from handlers.doctor.checks.signature_layers import Bytes, byte_readings

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
def test_a_signature_in_another_encoding_is_decoded(text: str, verdict: str | None) -> None:
    """The bytes are the same in every encoding, and the verdict names the encoding."""
    signature, finding = decode(text, {64})
    assert (signature, finding and finding.verdict) == (RAW, verdict)


@pytest.mark.parametrize("text", ["", "=", "a-b_c", "words, words", '""', "QUJ", "%zz", "é", RAW.hex() + "é"])
def test_a_text_that_cannot_be_decoded_is_not_base64(text: str) -> None:
    """A text that cannot be decoded gives no bytes, and the verdict is `signature.not_base64`."""
    signature, finding = decode(text, {64})
    assert signature is None
    assert finding
    assert finding.verdict == "signature.not_base64"


def test_hexadecimal_digits_of_another_length_are_base64() -> None:
    """Hexadecimal digits are also valid base64, so only the length of the signature tells the two apart."""
    signature, finding = decode(RAW.hex(), {256})
    assert (len(signature or b""), finding) == (96, None)


@pytest.mark.parametrize("text", ['"' * 8_000, "%" + "25" * 4_000, "'\"" * 2_000, "\\n" * 4_000])
def test_the_number_of_wrappings_is_limited(text: str) -> None:
    """A text with thousands of wrappings and nothing in them is `signature.not_base64`, and takes no longer."""
    signature, finding = decode(text, {64})
    assert (signature, finding and finding.verdict) == (None, "signature.not_base64")


def test_a_few_wrappings_are_removed() -> None:
    """Several wrappings are removed, and the verdict names the outermost one."""
    signature, finding = decode(f"%22{TEXT[:20]}%0A{TEXT[20:]}%22", {64})
    assert (signature, finding and finding.verdict) == (RAW, "signature.percent_encoded")


def test_a_text_that_is_far_too_long_is_not_decoded() -> None:
    """A text of more than 16,384 characters is not decoded."""
    signature, finding = decode("QUJD" * 4_097, {256})
    assert signature is None
    assert finding
    assert (finding.verdict, finding.evidence["length"]) == ("signature.not_base64", 16_388)


def test_the_server_decodes_shorter_texts_only() -> None:
    """The server decodes no text that is longer than the documents allow."""
    assert decode(f'"{"QUJD" * 511}"', {256}, FOR_LOG)[0]
    assert decode(f'"{"QUJD" * 512}"', {256}, FOR_LOG)[0] is None


@pytest.mark.parametrize("limits", [FOR_PERSON, FOR_LOG])
@pytest.mark.parametrize(
    "text",
    [
        "<(" * 1_000,
        json.dumps(["a" * 20 + str(number) for number in range(60)]),
        quote(f'{{"a":"&#43;\\u002b {TEXT[:-3]}"}}; ' * 10),
    ],
    ids=["brackets", "list", "mixed"],
)
def test_the_number_of_texts_is_limited(text: str, limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many layers fit a text, at most 64 texts, 16 in the server, are decoded for each number of layers."""
    read: list[str] = []

    def counted(inner: str) -> Iterator[Bytes]:
        read.append(inner)
        return byte_readings(inner)

    monkeypatch.setattr(signature_encoding, "byte_readings", counted)
    assert decode(text, {64, 256}, limits)[0] is None
    assert 1 < len(read) <= (MOST_LAYERS + 2) * limits.texts


@pytest.mark.parametrize(("length", "verdict"), [(40, "cut_off"), (48, "wrong_length"), (255, "cut_off")])
def test_a_size_that_no_signature_has_was_cut_off(length: int, verdict: str) -> None:
    """A signature of a usual size has the wrong key or hash. One of another size lost its end on the way."""
    found = wrong_length(bytes(length), {256, 384}, "A" * 99)
    assert found.verdict == f"signature.{verdict}"
    assert found.evidence["length"] == length


def test_bytes_of_another_length_in_quotes_are_decoded() -> None:
    """Quotes around base64 are named, also if no signature has that length."""
    signature, finding = decode('"QUJD"', {64})
    assert (signature, finding and finding.verdict) == (b"ABC", "signature.quoted")
