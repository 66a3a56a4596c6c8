"""The curl commands that people paste."""

import pytest

from handlers.cli.captured.curl import from_curl
from handlers.cli.errors import UsageError

JSON = ("Content-Type", "application/json")


def test_the_command_that_the_sandbox_prints_is_read() -> None:
    """The command that the sandbox prints is read: backslashes continue lines, and the URL gives the Host."""
    request = from_curl(
        b"curl -sS http://127.0.0.1:8080/a?b=c \\\n  -H 'Content-Type: application/json' \\\r\n  -d '{\"a\": 1}'\n"
    ).request
    assert (request.method, request.target, request.body) == ("POST", "/a?b=c", b'{"a": 1}')
    assert request.headers == (("Host", "127.0.0.1:8080"), JSON)


@pytest.mark.parametrize(
    ("command", "method", "body"),
    [
        ("curl http://a/", "GET", b""),
        ("curl a/", "GET", b""),
        ("curl --url http://a/ -X PUT", "PUT", b""),
        ("curl -XPOST http://a/ --data-raw @x", "POST", b"@x"),
        ("curl http://a/ -d a=1 --data b=2 -k -s -o /dev/null", "POST", b"a=1&b=2"),
        ("curl http://a/ --data-binary 'é'", "POST", "é".encode()),
        ("curl http://a/ --request POST --data ''", "POST", b""),
    ],
)
def test_method_and_body_are_those_that_curl_sends(command: str, method: str, body: bytes) -> None:
    """A body makes the request a POST, several bodies are joined, and -X sets the method."""
    request = from_curl(command.encode()).request
    assert (request.target, request.method, request.body) == ("/", method, body)


def test_bytes_are_not_changed() -> None:
    """Bytes that are not UTF-8 are kept."""
    request = from_curl(b"curl a -H 'X-A: \xff' -d '\xff\xc3\xa9'").request
    assert (request.get("X-A"), request.body) == ("\xff", b"\xff\xc3\xa9")


def test_headers_are_those_that_curl_sends() -> None:
    """`Name;` is sent empty, `Name:` is not sent, a wrapped value stays wrapped, and a body is a form by default."""
    headers = from_curl(b"curl http://a/ -H 'Host: b' -H 'X-A;' -H 'X-B:' -H 'x-c: 1\n2' -H words -d a").request.headers
    assert headers == (
        ("Host", "b"),
        ("X-A", ""),
        ("x-c", "1\n2"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    )
    assert from_curl(b"curl a --json '{}'").request.headers == (("Host", "a"), JSON)
    assert from_curl(b"curl a -d b -H 'content-type:'").request.headers == (("Host", "a"),)


@pytest.mark.parametrize(
    "command",
    [
        "curl",
        "curl a b",
        "curl 'a",
        "curl a -d @/etc/passwd",
        "curl a --json @file",
        "curl a -H @file",
        "curl a --proxy-that-nobody-knows",
        "curl a -X",
        "curl 'http://[/'",
    ],
)
def test_an_unreadable_command_is_an_error(command: str) -> None:
    """A command that cannot be read is an error of one line, and no other file is opened."""
    with pytest.raises(UsageError) as refusal:
        from_curl(command.encode())
    assert "cannot be read as" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("curl a -u user:SECRET -d b", "-u"),
        ("curl a --oauth2-bearer SECRET", "--oauth2-bearer"),
        ("curl a --oauth2-bearer=SECRET", "--oauth2-bearer"),
        ("curl a -zSECRET", "-z"),
        ("curl a --insecure=SECRET", "--insecure"),
        ("curl a -d b c SECRET", "one without a name"),
    ],
)
def test_no_value_of_an_option_is_repeated(command: str, named: str) -> None:
    """The error names the option, so that it can be left out, but not its value, which may be a secret."""
    with pytest.raises(UsageError) as refusal:
        from_curl(command.encode())
    assert named in str(refusal.value)
    assert "SECRET" not in str(refusal.value)


def test_options_that_change_nothing_are_ignored() -> None:
    """Options that do not change the request are ignored, and so is a pipe after the command."""
    command = b"curl --http1.1 --compressed -b 'a=b' --proxy p:1 -4 http://a/ -d c | jq ."
    assert from_curl(command).request == from_curl(b"curl http://a/ -d c").request


def test_commands_that_browsers_copy_are_read() -> None:
    """Commands that browsers copy are read, for bash with `$'...'`, and for Windows with carets."""
    expected = from_curl(b"""curl http://a/ -H 'X-A: 1' --data-raw '{"a":"!"}'""").request
    assert from_curl(b"""curl 'http://a/' -H 'X-A: 1' --data-raw $'{"a":"\\u0021"}'""").request == expected
    assert (
        from_curl(b'curl ^"http://a/^" ^\r\n -H ^"X-A: 1^" ^\r\n --data-raw ^"^{^\\^"a^\\^":^\\^"^!^\\^"^}^"').request
        == expected
    )
