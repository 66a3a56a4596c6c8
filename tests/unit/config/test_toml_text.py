"""Files that are not TOML: the line, the column and the likely cause."""

from pathlib import Path

import pytest

from handlers.config.toml_text import read_toml

QUOTES = 'text needs quotes, such as host = "127.0.0.1"; a number has digits only'
BACKSLASH = "in double quotes, a backslash begins an escape; write / in a path, or use single quotes"
YAML = "it looks like YAML; in TOML, a key is port = 8080"
VARIABLES = "variables are not expanded here; set an environment variable SNAP_TOKEN__TABLE__KEY instead"
FOLLOWS = "only a comment may follow the value; text that has quotes needs the other kind around it"
TWICE = "this table is already there above; put its keys below one heading, or write [[name]] for a list"
HEADING = "the heading of a table is not closed; write [name], or [[name]] for a list of tables"
SPACE = "a blank in this line is not an ordinary space; type it again"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("host = 127.0.0.1", f"{QUOTES} (at line 1, column 11)"),
        ("\nid = IONPAYTEST\n", f"{QUOTES} (at line 2, column 6)"),
        ("path = /a/b", f"{QUOTES} (at line 1, column 8)"),
        ("port = 8,080", f"{QUOTES} (at line 1, column 9)"),
        ("lifetime_seconds = 15m", f"{QUOTES} (at line 1, column 22)"),
        (
            "service_code = 05",
            'a number must not begin with 0; text of digits needs quotes, such as "05" (at line 1, column 17)',
        ),
        ("enabled = True", "write true or false, in lower case (at line 1, column 11)"),
        ("enabled = yes # or no", "write true or false, in lower case (at line 1, column 11)"),
        ("id = None", "a key without a value must be left out (at line 1, column 6)"),
        ("port = ", "the value is missing (at end of document)"),
        ("port = # later", "the value is missing (at line 1, column 8)"),
        ("= 5", "the key is missing (at line 1, column 1)"),
        (
            "port = ${PORT}",
            f"{VARIABLES} (at line 1, column 8)",
        ),
        ("port = 1 host = 2", "each key must be on its own line (at line 1, column 10)"),
        ("port = 8080;", "a line must not end with ; or , (at line 1, column 12)"),
        ('id = "A",', "a line must not end with ; or , (at line 1, column 9)"),
        (
            'id = "A"B"',
            f"{FOLLOWS} (at line 1, column 9)",
        ),
        ("port 8080", "write a key and its value as: port = 8080 (at line 1, column 6)"),
        ("clé = 1", "a key has only the letters A to Z, digits, _ and - (at line 1, column 3)"),
        ("export A=1", "a line must begin with its key; leave out the word before it (at line 1, column 8)"),
        ("// port", "a comment must begin with # (at line 1, column 1)"),
        ("; port", "a comment must begin with # (at line 1, column 1)"),
        ("port: 8080", f"{YAML} (at line 1, column 5)"),
        ("# a comment\nserver:\n  port: 8080", f"{YAML} (at line 2, column 7)"),
        ("---\nserver:\n", f"{YAML} (at line 1, column 4)"),
        ("- id: A", f"{YAML} (at line 1, column 3)"),
        (
            '{"server": {"port": 1}}',
            "it is JSON; in TOML, a table is [server], and a key is port = 8080 (at line 1, column 1)",
        ),
        (
            "<settings/>",
            "it is XML or HTML; in TOML, a table is [server], and a key is port = 8080 (at line 1, column 1)",
        ),
        ("a = 1\n<<<<<<< HEAD\nb = 1", "it has conflict markers of git; keep one version (at line 2, column 1)"),
        ("-----BEGIN X-----", "it is a key or a certificate; name the settings file (at line 1, column 12)"),
        ("p\0o\0", "it is text in UTF-16; save it as UTF-8 (at line 1, column 2)"),
        ("id = \u201cA\u201d", "it has curly quotes; write straight quotes (at line 1, column 6)"),
        ("id = \u2018A\u2019", "it has curly quotes; write straight quotes (at line 1, column 6)"),
        ("\u00a0port = 1", f"{SPACE} (at line 1, column 1)"),
        ("port = 1\u200b", f"{SPACE} (at line 1, column 9)"),
        ("[server]\rport = 1\r", "its lines end with CR only; save it with LF or CRLF (at line 1, column 9)"),
        ('file = "C:\\Users\\x"', f"{BACKSLASH} (at line 1, column 13)"),
        ('file = "C:\\keys\\x"', f"{BACKSLASH} (at line 1, column 13)"),
        ('id = "A', "a quotation mark is not closed (at end of document)"),
        ('id = "A\nport = 1', "a quotation mark is not closed (at line 1, column 8)"),
        ("id = 'A", "a quotation mark is not closed (at end of document)"),
        ("[server\nport = 1", f"{HEADING} (at line 1, column 8)"),
        ("[[clients]\n", f"{HEADING} (at line 1, column 10)"),
        ("[clients]]\n", f"{HEADING} (at line 1, column 10)"),
        ('keys = ["a" "b"]', "a list is not closed with ], or a comma is missing in it (at line 1, column 13)"),
        ("a = {x = 1,\ny = 2}", "an inline table must be on one line; write [name] instead (at line 1, column 12)"),
        ("port = 1\nport = 2\n", "this key is already set above; keep one of the two (at line 2, column 9)"),
        (
            "[a]\n[a]",
            f"{TWICE} (at line 2, column 4)",
        ),
        (
            "[clients]\n[[clients]]",
            "the table is there as [name] and as [[name]]; write all of them as [[name]] (at line 2, column 12)",
        ),
    ],
)
def test_the_cause_of_a_syntax_error_is_named(tmp_path: Path, text: str, cause: str) -> None:
    """One line names the file, the likely cause, the line and the column."""
    file = tmp_path / "a.toml"
    file.write_bytes(text.encode())
    with pytest.raises(ValueError, match=r"is not TOML") as error:
        read_toml(file, file)
    # Releases of Python count a column differently by one.
    said, expected = (each.rpartition(", column")[0] or each for each in (str(error.value), cause))
    assert said == f"{file} is not TOML: {expected}"


def test_another_syntax_error_has_the_message_of_the_library(tmp_path: Path) -> None:
    """If no cause is known, the message is that of the TOML reader."""
    (tmp_path / "a.toml").write_text("a = [1, &]")
    with pytest.raises(ValueError, match=r"is not TOML: Invalid value \(at line 1, column 9\)"):
        read_toml(tmp_path / "a.toml", tmp_path / "a.toml")


@pytest.mark.parametrize("text", ['port = 1\nfile = "C:\\new"', 'port = 1\nfiles = ["C:\\temp"]'])
def test_a_windows_path_is_not_a_line_break(tmp_path: Path, text: str) -> None:
    r"""`"C:\new"` is TOML, but its value has a line break in the place of a folder."""
    file = tmp_path / "a.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match="backslash") as error:
        read_toml(file, file)
    assert str(error.value) == f"{file}: {BACKSLASH} (at line 2)"


@pytest.mark.parametrize("text", ["file = 'C:\\new'", 'file = "C:\\\\new"', '# file = "C:\\new"\na = 1'])
def test_a_right_windows_path_is_read(tmp_path: Path, text: str) -> None:
    """A path in single quotes, with two backslashes, or in a comment is no mistake."""
    file = tmp_path / "a.toml"
    file.write_text(text)
    assert read_toml(file, file)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("\ufeffa = 1".encode("utf-16-le"), "it is text in UTF-16; save it as UTF-8"),
        ("\ufeffa = 1".encode("utf-16-be"), "it is text in UTF-16; save it as UTF-8"),
        ("a = 1\nb = 'é'".encode("cp1252"), "it is not text in UTF-8; save it as UTF-8 (at line 2)"),
    ],
)
def test_another_encoding_is_named(tmp_path: Path, content: bytes, cause: str) -> None:
    """UTF-16 is named. For other encodings, the message has the line with the first byte that is not UTF-8."""
    file = tmp_path / "a.toml"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="cannot be read") as error:
        read_toml(file, file)
    assert str(error.value) == f"{file} cannot be read: {cause}"


@pytest.mark.parametrize("content", [b"a = 1\r\nb = 2\r\n", b"\xef\xbb\xbfa = 1\nb = 2", b"a = 1\n\tb\t=\t2"])
def test_crlf_tabs_and_a_byte_order_mark_are_read(tmp_path: Path, content: bytes) -> None:
    """Windows line ends, tabs and a byte order mark are no mistakes."""
    (tmp_path / "a.toml").write_bytes(content)
    assert read_toml(tmp_path / "a.toml", tmp_path / "a.toml") == {"a": 1, "b": 2}
