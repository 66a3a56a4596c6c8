"""Secrets are masked in every text."""

import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from handlers.snap.masking import SHORTEST, SecretMasker

SECRET = 'the merchant\'s "secret", of/these tests!'
OTHER = "0123456789abcdef"
MASK = "***[client secret]"
MASKS = SecretMasker([("client secret", SECRET.encode()), ("internal secret", OTHER.encode())])
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQ==\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        SECRET.upper(),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote(SECRET, safe="/"),
        b64encode(SECRET.encode()).decode().rstrip("="),
        urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        SECRET.encode().hex(),
        json.dumps(SECRET)[1:-1],
        repr(SECRET)[1:-1],
    ],
)
def test_a_known_secret_is_masked_in_each_form(form: str) -> None:
    """Each spelling of a known secret is masked, alone and inside other text."""
    assert MASKS.masked(form) == MASK
    for before in range(9):
        assert MASKS.masked(f"{'x' * before}{form}, and more") == f"{'x' * before}{MASK}, and more"


@pytest.mark.parametrize("safe", ["", "/"])
def test_an_encoded_secret_is_masked_in_a_query(safe: str) -> None:
    """The base64 of a known secret is masked if it is percent-encoded, also by a program that keeps the slash."""
    secret = bytes(range(0xF0, 0x100)) * 2
    masks = SecretMasker([("client secret", secret)])
    assert masks.masked(f"?a={quote(b64encode(secret).decode().rstrip('='), safe)}&b=1") == f"?a={MASK}&b=1"


@given(before=st.text(max_size=40), behind=st.text(max_size=40))
def test_a_known_secret_is_masked_wherever_it_stands(before: str, behind: str) -> None:
    """Any text before and after a known secret leaves it masked."""
    assert SECRET not in MASKS.masked(f"{before}{SECRET}{behind}")


@pytest.mark.parametrize("length", range(8, len(SECRET)))
def test_a_secret_that_was_cut_off_is_masked(length: int) -> None:
    """The first eight characters of a secret at the end of a text are masked."""
    assert MASKS.masked(f"a path with {SECRET[:length]}") == f"a path with {MASK}"


def test_each_secret_has_its_own_name() -> None:
    """Two secrets in one text are masked with their own names."""
    assert MASKS.masked(f"{SECRET} {OTHER}") == f"{MASK} ***[internal secret]"


@pytest.mark.parametrize(
    ("secret", "name"),
    [
        pytest.param(Fernet(Fernet.generate_key()).encrypt(b"IONPAYTEST").decode(), "access token", id="token"),
        pytest.param(
            Fernet(Fernet.generate_key()).encrypt(b"IONPAYTEST").decode().replace("=", "%3D"),
            "access token",
            id="percent-encoded token",
        ),
        ("gAAAAABlriCCobZV", "access token"),
        (JWT, "access token"),
        (PEM, "private key"),
        (PEM[:60], "private key"),
        (b64encode(bytes(range(64))).decode(), "signature"),
        (b64encode(bytes(range(256))).decode(), "signature"),
        (quote(b64encode(bytes(range(192, 256)) * 4).decode(), safe=""), "signature"),
        (bytes(range(64)).hex(), "signature"),
        (f"/verify/{urlsafe_b64encode(bytes(range(192, 256))).decode()}", "signature"),
        (f"HMAC-{b64encode(bytes(range(192, 256))).decode()}", "signature"),
    ],
)
def test_text_that_looks_like_a_secret_is_masked(secret: str, name: str) -> None:
    """Unknown tokens, private keys and signatures are masked by what they look like."""
    for masks in (SecretMasker(), MASKS):
        assert masks.masked(f"see {secret}") == f"see ***[{name}]"


@pytest.mark.parametrize(
    "text",
    [
        "IONPAYTEST",
        "ordNo20240122150003",
        "/api/v1.0/transfer-va/inquiry",
        "/" + "a" * 254,
        "/srv/payments/releases/2026-11-28/snap-token-server/configuration/keys/Production/IONPAYTEST.pem",
        "e4fc0d3b18aa4113b6485412f66c4179",
        "5f" * 32,
        "x" * (SHORTEST - 1),
        "the merchant and nobody else",
        "local time of a UTC host labelled +07:00",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    """Names, paths, ids and fingerprints are not masked."""
    assert MASKS.masked(text) == text
