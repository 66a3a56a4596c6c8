"""Access tokens."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis.strategies import binary, text

from handlers.snap.token import ExpiredTokenError, TamperedTokenError, TokenKeys, fingerprint

NOW = datetime(2026, 1, 22, 5, 0, 0, 900_000, tzinfo=UTC)
CHARACTERS = "".join(map(chr, range(0x21, 0x7F)))
OLD, NEW = Fernet.generate_key(), Fernet.generate_key()
KEYS = TokenKeys([NEW, OLD])


def test_a_token_has_its_client_and_its_time() -> None:
    """A verified token has its client key, and the whole second of its issue."""
    opened = KEYS.verify(KEYS.issue("IONPAYTEST", NOW), NOW)
    assert opened.client_key == "IONPAYTEST"
    assert opened.issued_at == NOW.replace(microsecond=0)


def test_a_fingerprint_is_the_hash_of_a_token() -> None:
    """The fingerprint is the hash of the decoded token. It is unique, and does not reveal the token."""
    one, other = (KEYS.issue("IONPAYTEST", NOW) for _ in range(2))
    assert KEYS.verify(one, NOW).fingerprint == sha256(urlsafe_b64decode(one)).hexdigest()
    assert KEYS.verify(one, NOW).fingerprint != KEYS.verify(other, NOW).fingerprint


@given(binary())
def test_every_spelling_of_a_token_has_one_fingerprint(raw: bytes) -> None:
    """Other padding, the other alphabet or whitespace around a token give the same fingerprint."""
    token = urlsafe_b64encode(raw).decode()
    spellings = (token, token.rstrip("="), token + "=", token.replace("-", "+").replace("_", "/"), f" {token}\n")
    assert {fingerprint(each) for each in spellings} == {sha256(raw).hexdigest()}


@pytest.mark.parametrize("text", ["A", "tökens"])
def test_text_that_is_not_base64_has_no_fingerprint(text: str) -> None:
    """A text that is not base64 raises ValueError."""
    with pytest.raises(ValueError, match=r"base64|ASCII"):
        fingerprint(text)


@pytest.mark.parametrize(
    ("age", "remaining"),
    [(0, 900), (0.099, 900), (0.1, 899), (600, 300), (899.1, 0), (900, 0), (1000, 0), (-0.9, 900), (-30, 900)],
)
def test_the_remaining_lifetime_is_in_whole_seconds(age: float, remaining: int) -> None:
    """It falls second by second, from the whole lifetime to 0, even if another clock issued the token."""
    assert KEYS.remaining_seconds(NOW, NOW + timedelta(seconds=age)) == remaining


@pytest.mark.parametrize(("length", "characters"), [(1, 100), (10, 100), (15, 100), (16, 120), (36, 140)])
def test_a_token_fits_nicepay_s_field(length: int, characters: int) -> None:
    """With the longest client key a token has 140 characters. NICEPAY's field has 150."""
    token = KEYS.issue("x" * length, NOW)
    assert len(token) == characters


def test_two_tokens_of_one_second_differ() -> None:
    """Two tokens of the same client and second are different."""
    assert KEYS.issue("IONPAYTEST", NOW) != KEYS.issue("IONPAYTEST", NOW)


def test_the_order_of_keys_does_not_matter_to_old_tokens() -> None:
    """After a rotation, in either order, tokens of both keys still verify."""
    tokens = [TokenKeys([key]).issue("IONPAYTEST", NOW) for key in (OLD, NEW)]
    for keys in (TokenKeys([NEW, OLD]), TokenKeys([OLD, NEW])):
        assert [keys.verify(token, NOW).client_key for token in tokens] == ["IONPAYTEST", "IONPAYTEST"]


def test_the_first_key_issues() -> None:
    """Only the newest key issues tokens."""
    token = KEYS.issue("IONPAYTEST", NOW)
    assert TokenKeys([NEW]).verify(token, NOW)
    with pytest.raises(TamperedTokenError):
        TokenKeys([OLD]).verify(token, NOW)


@pytest.mark.parametrize(("age", "lives"), [(0, True), (899.5, True), (900, False), (-60, True), (-60.5, False)])
def test_a_token_lives_its_lifetime_and_no_longer(age: float, lives: bool) -> None:  # noqa: FBT001  a table's column
    """A token verifies for 900 seconds after its issue, and up to a minute before it, for another clock."""
    issued = NOW.replace(microsecond=0)
    token = KEYS.issue("IONPAYTEST", issued)
    then = issued + timedelta(seconds=age)
    if lives:
        assert KEYS.verify(token, then).issued_at == issued
    else:
        with pytest.raises(ExpiredTokenError):
            KEYS.verify(token, then)


def test_no_other_spelling_verifies() -> None:
    """Plain Fernet accepts several spellings of a token. This server accepts only the issued one."""
    token = KEYS.issue("IONPAYTEST", NOW)
    others = [
        token.replace("_", "/").replace("-", "+") + "x",
        token + "=",
        token + "A",
        token[:-3] + chr(ord(token[-3]) ^ 1) + token[-2:],
        token.rstrip("="),
        " " + token,
        token + "\n",
        "ü" + token,
        "",
    ]
    for other in others:
        with pytest.raises(TamperedTokenError):
            KEYS.verify(other, NOW)


def _altered(token: str) -> Iterator[str]:
    """Every token with one character changed, added or removed."""
    for position in range(len(token) + 1):
        head, tail = token[:position], token[position:]
        yield head + tail[1:]
        for character in CHARACTERS:
            yield head + character + tail
            yield head + character + tail[1:]


def test_no_altered_token_verifies() -> None:
    """A token with one character changed, added or removed is refused."""
    token = KEYS.issue("IONPAYTEST", NOW)
    altered = set(_altered(token)) - {token}
    assert len(altered) > 15_000
    for other in altered:
        with pytest.raises(TamperedTokenError):
            KEYS.verify(other, NOW)


@given(text(CHARACTERS, min_size=1, max_size=36))
def test_any_client_key_fits_and_comes_back(client_key: str) -> None:
    """For every allowed client key the token has at most 150 allowed characters, and returns the key."""
    token = KEYS.issue(client_key, NOW)
    assert re.fullmatch(r"[A-Za-z0-9._~+/=-]{1,150}", token)
    assert KEYS.verify(token, NOW).client_key == client_key


@pytest.mark.parametrize(
    ("seconds", "lifetime", "opens"), [(960, 900, True), (961, 900, False), (661, 601, True), (662, 601, False)]
)
def test_a_retired_key_ends(seconds: int, lifetime: int, *, opens: bool) -> None:
    """A retired key verifies for one lifetime and one minute, and no longer."""
    then = NOW + timedelta(seconds=seconds)
    keys = TokenKeys([NEW, OLD], timedelta(seconds=lifetime), {OLD: NOW})
    token = TokenKeys([OLD]).issue("IONPAYTEST", then)
    if opens:
        assert keys.verify(token, then).client_key == "IONPAYTEST"
    else:
        with pytest.raises(TamperedTokenError):
            keys.verify(token, then)
    assert keys.verify(keys.issue("IONPAYTEST", then), then)


def test_the_issuing_key_does_not_end() -> None:
    """The first key verifies its tokens, whatever `retired_at` says of it, even if it is listed twice."""
    keys = TokenKeys([NEW, OLD, NEW], retired_at={NEW: NOW - timedelta(days=1)})
    assert keys.verify(keys.issue("IONPAYTEST", NOW), NOW)


@pytest.mark.parametrize("retired_at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_any_time_of_retirement_is_accepted(retired_at: datetime) -> None:
    """A time of retirement at the edge of the calendar causes no error."""
    keys = TokenKeys([NEW, OLD], retired_at={OLD: retired_at})
    token = TokenKeys([OLD]).issue("IONPAYTEST", NOW)
    if retired_at > NOW:
        assert keys.verify(token, NOW)
    else:
        with pytest.raises(TamperedTokenError):
            keys.verify(token, NOW)


def test_a_wrong_key_is_an_error() -> None:
    """A key that is not a Fernet key, or an empty list, raises ValueError at once."""
    with pytest.raises(ValueError, match="Fernet key"):
        TokenKeys([b"short"])
    with pytest.raises(ValueError, match="at least one"):
        TokenKeys([])
