"""`snap-token explain` with arbitrary input: exit status 0, 1 or 2, and never a traceback."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.cli import main
from tests.mistakes import NOTIFY_PATH, NOW, SIGNED_PATH, World, write_world

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PIECES = st.sampled_from(
    [
        b"POST /api/v1.0/access-token/b2b HTTP/1.1",
        b"POST /api/v1.0/transfer-va/inquiry HTTP/1.1",
        f"POST {NOTIFY_PATH} HTTP/1.1".encode(),
        f"POST {SIGNED_PATH} HTTP/1.1".encode(),
        b"POST /authorize HTTP/1.1",
        b"GET http://[ HTTP/2",
        b"> ",
        b"\r\n",
        b"\n\n",
        b"curl https://h/p -H 'X-TIMESTAMP: 9999-12-31T23:59:59-23:59'",
        b"X-TIMESTAMP: 1000-01-01T00:00:00+23:59",
        b"X-PARTNER-ID: IONPAYTEST",
        b"X-CLIENT-KEY: IONPAYTEST",
        b"X-SIGNATURE: QUJD",
        b"X-EXTERNAL-ID: ordNo1",
        f"X-Original-URI: {NOTIFY_PATH}".encode(),
        b"X-Original-URI: http://[",
        b"X-Original-Method: GET",
        b"Authorization: Bearer gAAAAA",
        b"Transfer-Encoding: chunked",
        b"Content-Length: 99999999999",
        b"'",
        b'"',
        b"\\",
        b"$'",
        b"^",
        b"\0",
        b"\xff\xfe",
    ]
)
TIMES = st.sampled_from(["2026-01-22T12:00:05+07:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
HEADERS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["Date", "X-SIGNATURE", "X-TIMESTAMP"]) | ANY_JSON, "value": ANY_JSON}
    ),
    max_size=3,
)
ENTRIES = st.fixed_dictionaries(
    {
        "startedDateTime": TIMES | ANY_JSON,
        "request": st.fixed_dictionaries(
            {"method": st.text() | ANY_JSON, "url": st.text() | ANY_JSON, "headers": HEADERS | ANY_JSON},
            optional={"postData": ANY_JSON | st.fixed_dictionaries({"text": ANY_JSON, "encoding": ANY_JSON})},
        )
        | ANY_JSON,
    },
    optional={"response": ANY_JSON | st.fixed_dictionaries({"status": ANY_JSON, "headers": HEADERS | ANY_JSON})},
)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Settings with every kind of client."""
    return str(write_world(tmp_path_factory.mktemp("world"), World()))


def _assert_explained_or_refused(config: str, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    file = Path(config).with_name("request")
    file.write_bytes(content)
    status = main(["explain", "--config", config, "--at", NOW, str(file)])
    out, err = capsys.readouterr()
    assert status in {0, 1, 2}
    if status == 2:
        assert (out, err.count("\n")) == ("", 1)


_PROFILE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_PROFILE
@given(st.binary(max_size=400) | st.builds(bytes.join, st.sampled_from([b"\n", b" "]), st.lists(PIECES, max_size=12)))
def test_arbitrary_bytes_cause_no_traceback(config: str, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    """Arbitrary bytes, and parts of requests in any order, give a verdict or an error in one line."""
    _assert_explained_or_refused(config, content, capsys)


@_PROFILE
@given(ANY_JSON | st.fixed_dictionaries({"log": st.fixed_dictionaries({"entries": st.lists(ENTRIES, max_size=3)})}))
def test_arbitrary_json_causes_no_traceback(config: str, capsys: pytest.CaptureFixture[str], value: object) -> None:
    """Arbitrary JSON in place of a HAR file, or of a member of one, gives a verdict or an error in one line."""
    _assert_explained_or_refused(config, json.dumps(value).encode(), capsys)


@_PROFILE
@given(st.text(max_size=30))
def test_arbitrary_options_cause_no_traceback(config: str, capsys: pytest.CaptureFixture[str], text: str) -> None:
    """An arbitrary text as time, request ID or language gives an error in at most one line."""
    for option in ("--at", "--request-id", "--lang"):
        status = main(["explain", "--config", config, option, text])
        assert status in {1, 2}
        assert capsys.readouterr().err.count("\n") <= 1
