"""The file of token keys: one key per line, and comments."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from handlers.config.token_key_file import KeyLine, TokenKeyFile

FILE = Path("token.keys")
KEYS = [Fernet.generate_key() for _ in range(3)]


def test_keys_and_comments_are_separated() -> None:
    """Text after a # is a comment: of the file on its own line, or of the key before it."""
    first, second, third = (key.decode() for key in KEYS)
    text = f"# ours #\n\n{first}\n {second}  # retired a # b \n#\n{third}#\n"
    file = TokenKeyFile.parse(FILE, text)
    assert file.comments == ("ours #", "")
    assert file.lines == (KeyLine(KEYS[0]), KeyLine(KEYS[1], "retired a # b"), KeyLine(KEYS[2]))
    assert file.keys == tuple(KEYS)


def test_written_text_is_read_back() -> None:
    """The text has the comments first, then one key per line. Parsing it gives the same file."""
    file = TokenKeyFile(FILE, ("ours", ""), (KeyLine(KEYS[0], "minting since then"), KeyLine(KEYS[1])))
    assert file.text == f"# ours\n#\n{KEYS[0].decode()}  # minting since then\n{KEYS[1].decode()}\n"
    assert TokenKeyFile.parse(FILE, file.text) == file


@given(st.lists(st.text(), max_size=3), st.text())
def test_any_comment_is_read_back(comments: list[str], note: str) -> None:
    """Any comments leave the keys unchanged, and a second parsing gives the same file."""
    text = "".join(f"#{' '.join(comment.splitlines())}\n" for comment in comments)
    file = TokenKeyFile.parse(FILE, f"{text}{KEYS[0].decode()} # {' '.join(note.splitlines())}")
    assert file.keys == (KEYS[0],)
    assert TokenKeyFile.parse(FILE, file.text) == file


@pytest.mark.parametrize(
    "text",
    ["", "#", f"# {KEYS[0].decode()}", "key", f"{KEYS[0].decode()}\nkey # comment"],
    ids=["empty", "comment", "key in a comment", "word", "key and word"],
)
def test_a_file_without_keys_is_refused(text: str) -> None:
    """A text without a key, and a text with a line that is not a key, are refused."""
    with pytest.raises(ValueError, match=r"."):
        TokenKeyFile.parse(FILE, text)


def test_a_fingerprint_names_a_key() -> None:
    """The fingerprint has 8 hex characters of the SHA-256 digest, and `repr` does not show the key."""
    line = KeyLine(KEYS[0], "note")
    assert line.fingerprint == sha256(urlsafe_b64decode(KEYS[0])).hexdigest()[:8]
    assert KEYS[0].decode() not in repr(line) + repr(TokenKeyFile(FILE, (), (line,)))


def test_a_file_says_when_its_keys_retired() -> None:
    """Only keys whose comment has a retirement time are in `retired_at`."""
    first, second, third = (key.decode() for key in KEYS)
    time = "2026-11-23T22:55:02Z"
    file = TokenKeyFile.parse(FILE, f"{first} # minting since {time}\n{second} # old\n{third}  # retired {time}\n")
    assert file.retired_at == {KEYS[2]: datetime(2026, 11, 23, 22, 55, 2, tzinfo=UTC)}
    assert file.mistakes == []


def test_invalid_times_in_comments_are_mistakes() -> None:
    """A key with an invalid time is named by its fingerprint. Neither key nor comment is repeated."""
    first, second, third = (key.decode() for key in KEYS)
    file = TokenKeyFile.parse(FILE, f"{first}\n{second} # retired yesterday\n{third} # published {first}\n")
    reported = [mistake.partition(": ")[0] for mistake in file.mistakes]
    assert reported == [f"key {line.fingerprint}" for line in file.lines[1:]]
    assert first not in str(file.mistakes)


def test_a_key_that_is_there_twice_hides_no_mistake() -> None:
    """If a key is on two lines, both comments are checked."""
    key = KEYS[0].decode()
    assert len(TokenKeyFile.parse(FILE, f"{key} # retired\n{key}\n").mistakes) == 1
