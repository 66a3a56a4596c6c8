"""The HAR files that browsers and proxies export."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.cli.captured.har import from_har
from handlers.cli.errors import UsageError


def _har(**changed: Any) -> bytes:  # noqa: ANN401  any JSON
    request = {
        "method": "POST",
        "url": "https://merchant.example/a?b=c",
        "headers": [{"name": ":authority", "value": "merchant.example"}, {"name": "X-A", "value": "1"}],
        **changed,
    }
    return json.dumps(
        {"log": {"entries": [{"startedDateTime": "2026-01-22T05:00:01.5Z", "request": request}]}}
    ).encode()


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (None, b""),
        ({"mimeType": "application/json", "text": "é"}, "é".encode()),
        ({"text": "/w==", "_encoding": "base64"}, b"\xff"),
        ({"text": "/w==", "encoding": "base64"}, b"\xff"),
        ({"text": "/w==", "encoding": ""}, b"/w=="),
        ({"text": None, "encoding": None}, b""),
    ],
)
def test_an_entry_is_a_request_and_its_time(data: object, body: bytes) -> None:
    """The pseudo-headers of HTTP/2 are removed, and the URL gives the Host."""
    (captured,) = from_har(_har(postData=data))
    assert captured.at == datetime(2026, 1, 22, 5, 0, 1, 500_000, tzinfo=UTC)
    assert (captured.request.method, captured.request.target, captured.request.body) == ("POST", "/a?b=c", body)
    assert captured.request.headers == (("Host", "merchant.example"), ("X-A", "1"))


@pytest.mark.parametrize(
    ("headers", "hour"),
    [
        ([{"name": "date", "value": "Thu, 22 Jan 2026 12:00:01 GMT"}], 12),
        ([{"name": "Date", "value": "noon"}], 5),
        ([{"name": "Date", "value": "Thu, 22 Jan 2026 12:00:01 -0000"}], 5),
        ([{"name": "X-A", "value": "1"}], 5),
        ([], 5),
    ],
)
def test_the_time_is_that_of_the_server(headers: list[dict[str, str]], hour: int) -> None:
    """The time is the Date of the response, if there is one, because the clock of the client may be wrong."""
    har = json.loads(_har())
    har["log"]["entries"][0]["response"] = {"status": 401, "headers": headers}
    (captured,) = from_har(json.dumps(har).encode())
    assert captured.at
    assert captured.at.hour == hour


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"{}",
        b'{"log":{"entries":[]}}',
        _har(method=1),
        _har(url="http://["),
        _har(postData={"text": "é", "_encoding": "base64"}),
        _har().replace(b"Z", b""),
    ],
)
def test_a_file_that_is_not_har_is_an_error(text: bytes) -> None:
    """A file that is not HAR is an error of one line that names the place and repeats none of the file."""
    with pytest.raises(UsageError) as misuse:
        from_har(text)
    assert str(misuse.value).startswith("the request cannot be read as ")
    assert "input_value" not in str(misuse.value)
