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


def test_a_token_says_whose_it_is_and_since_when() -> None:
    """A token opens to its client key and the whole second in which it was issued."""
    opened = KEYS.verify(KEYS.issue("IONPAYTEST", NOW), NOW)
    assert opened.client_key == "IONPAYTEST"
    assert opened.issued_at == NOW.replace(microsecond=0)


def test_a_fingerprint_names_the_bytes_of_a_token() -> None:
    """It is the hash of what the token spells, one for each token, and does not tell the token."""
    one, other = (KEYS.issue("IONPAYTEST", NOW) for _ in range(2))
    assert KEYS.verify(one, NOW).fingerprint == sha256(urlsafe_b64decode(one)).hexdigest()
    assert KEYS.verify(one, NOW).fingerprint != KEYS.verify(other, NOW).fingerprint


@given(binary())
def test_every_spelling_of_a_token_has_one_fingerprint(raw: bytes) -> None:
    """Without padding, with more of it, in the other alphabet or with space around it, a token is the same."""
    token = urlsafe_b64encode(raw).decode()
    spellings = (token, token.rstrip("="), token + "=", token.replace("-", "+").replace("_", "/"), f" {token}\n")
    assert {fingerprint(each) for each in spellings} == {sha256(raw).hexdigest()}


@pytest.mark.parametrize("text", ["A", "tökens"])
def test_what_is_no_base64_has_no_fingerprint(text: str) -> None:
    """A text that spells no bytes is a ValueError."""
    with pytest.raises(ValueError, match=r"base64|ASCII"):
        fingerprint(text)


@pytest.mark.parametrize(
    ("age", "remaining"),
    [(0, 900), (0.099, 900), (0.1, 899), (600, 300), (899.1, 0), (900, 0), (1000, 0), (-0.9, 900), (-30, 900)],
)
def test_the_rest_of_a_lifetime_is_told_in_whole_seconds(age: float, remaining: int) -> None:
    """Second by second, from the whole lifetime to nothing, even where another clock issued the token."""
    assert KEYS.remaining_seconds(NOW, NOW + timedelta(seconds=age)) == remaining


@pytest.mark.parametrize(("length", "characters"), [(1, 100), (10, 100), (15, 100), (16, 120), (36, 140)])
def test_a_token_fits_nicepay_s_field(length: int, characters: int) -> None:
    """The longest client key gives a token of 140 characters, and NICEPAY's field holds 150."""
    token = KEYS.issue("x" * length, NOW)
    assert len(token) == characters


def test_two_tokens_of_one_second_differ() -> None:
    """Each honest request gets a token of its own."""
    assert KEYS.issue("IONPAYTEST", NOW) != KEYS.issue("IONPAYTEST", NOW)


def test_the_order_of_keys_does_not_matter_to_old_tokens() -> None:
    """After a rotation, in either order, tokens of both keys still open."""
    tokens = [TokenKeys([key]).issue("IONPAYTEST", NOW) for key in (OLD, NEW)]
    for keys in (TokenKeys([NEW, OLD]), TokenKeys([OLD, NEW])):
        assert [keys.verify(token, NOW).client_key for token in tokens] == ["IONPAYTEST", "IONPAYTEST"]


def test_the_first_key_mints() -> None:
    """New tokens are made with the newest key alone."""
    token = KEYS.issue("IONPAYTEST", NOW)
    assert TokenKeys([NEW]).verify(token, NOW)
    with pytest.raises(TamperedTokenError):
        TokenKeys([OLD]).verify(token, NOW)


@pytest.mark.parametrize(("age", "lives"), [(0, True), (899.5, True), (900, False), (-60, True), (-60.5, False)])
def test_a_token_lives_its_lifetime_and_no_longer(age: float, lives: bool) -> None:  # noqa: FBT001  a table's column
    """A token opens until 900 seconds after its issue, and a minute before it where another clock issued it."""
    issued = NOW.replace(microsecond=0)
    token = KEYS.issue("IONPAYTEST", issued)
    then = issued + timedelta(seconds=age)
    if lives:
        assert KEYS.verify(token, then).issued_at == issued
    else:
        with pytest.raises(ExpiredTokenError):
            KEYS.verify(token, then)


def test_no_other_spelling_opens() -> None:
    """Plain Fernet takes several spellings of one token; here the one that was issued opens and no other."""
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
    """Every token that differs in one character, has one more, or has one less."""
    for position in range(len(token) + 1):
        head, tail = token[:position], token[position:]
        yield head + tail[1:]
        for character in CHARACTERS:
            yield head + character + tail
            yield head + character + tail[1:]


def test_no_altered_token_opens() -> None:
    """Changing any character to any other, adding one anywhere or leaving one out makes a token refused."""
    token = KEYS.issue("IONPAYTEST", NOW)
    altered = set(_altered(token)) - {token}
    assert len(altered) > 15_000
    for other in altered:
        with pytest.raises(TamperedTokenError):
            KEYS.verify(other, NOW)


@given(text(CHARACTERS, min_size=1, max_size=36))
def test_any_client_key_fits_and_comes_back(client_key: str) -> None:
    """Every client key of the contract makes a token of at most 150 characters of the allowed ones, and comes back."""
    token = KEYS.issue(client_key, NOW)
    assert re.fullmatch(r"[A-Za-z0-9._~+/=-]{1,150}", token)
    assert KEYS.verify(token, NOW).client_key == client_key


@pytest.mark.parametrize(
    ("seconds", "lifetime", "opens"), [(960, 900, True), (961, 900, False), (661, 601, True), (662, 601, False)]
)
def test_a_retired_key_ends(seconds: int, lifetime: int, *, opens: bool) -> None:
    """A retired key opens for the lifetime that is set and a minute, by the clock of each opening, and then no more."""
    then = NOW + timedelta(seconds=seconds)
    keys = TokenKeys([NEW, OLD], timedelta(seconds=lifetime), {OLD: NOW})
    token = TokenKeys([OLD]).issue("IONPAYTEST", then)
    if opens:
        assert keys.verify(token, then).client_key == "IONPAYTEST"
    else:
        with pytest.raises(TamperedTokenError):
            keys.verify(token, then)
    assert keys.verify(keys.issue("IONPAYTEST", then), then)


def test_the_key_that_mints_does_not_end() -> None:
    """Whatever is said of the first key, be it in the file twice, it opens what it mints."""
    keys = TokenKeys([NEW, OLD, NEW], retired_at={NEW: NOW - timedelta(days=1)})
    assert keys.verify(keys.issue("IONPAYTEST", NOW), NOW)


@pytest.mark.parametrize("retired_at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_any_time_of_retirement_can_be_borne(retired_at: datetime) -> None:
    """A time at the edge of the calendar is long over, or far away."""
    keys = TokenKeys([NEW, OLD], retired_at={OLD: retired_at})
    token = TokenKeys([OLD]).issue("IONPAYTEST", NOW)
    if retired_at > NOW:
        assert keys.verify(token, NOW)
    else:
        with pytest.raises(TamperedTokenError):
            keys.verify(token, NOW)


def test_a_key_that_is_none_is_an_error() -> None:
    """Keys that are not Fernet's, or no key at all, are a ValueError at once."""
    with pytest.raises(ValueError, match="Fernet key"):
        TokenKeys([b"short"])
    with pytest.raises(ValueError, match="at least one"):
        TokenKeys([])
