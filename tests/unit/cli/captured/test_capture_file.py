"""Every form of capture that people have: it is read, or it is named."""

import json
import re
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from handlers.cli.captured.capture_file import parse_capture
from handlers.cli.captured.captured_request import CapturedRequest
from handlers.cli.captured.exports import LARGEST_EXPORT
from handlers.cli.captured.notes import NoteKind
from handlers.cli.errors import UsageError

SECRET = "QUJD+/c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0=="
HEADERS = {
    "Content-Type": "application/json",
    "X-TIMESTAMP": "2026-01-22T12:00:01+07:00",
    "X-SIGNATURE": SECRET,
    "X-CLIENT-KEY": "IONPAYTEST",
}
BODY = '{"grantType":"client_credentials"}'
PATH, HOST = "/api/v1.0/access-token/b2b", "merchant.example"
URL = f"https://{HOST}{PATH}"
ANSWERED = datetime(2026, 1, 22, 5, 0, 2, tzinfo=UTC)

LINES = [f"{name}: {value}" for name, value in HEADERS.items()]
RAW = "\n".join([f"POST {PATH} HTTP/1.1", f"Host: {HOST}", *LINES, "", BODY])
HEAD = RAW.partition("\n\n")[0]
SNAP_ANSWER = '{"responseCode":"4017300","responseMessage":"Unauthorized"}'
ANSWER = f"HTTP/1.1 401 Unauthorized\nDate: Thu, 22 Jan 2026 05:00:02 GMT\n\n{SNAP_ANSWER}\n"


def _curl(quote: str = "'", join: str = " ", body: str = BODY, program: str = "curl") -> str:
    headers = [f"-H {quote}{line}{quote}" for line in LINES]
    return join.join([f"{program} -X POST {URL}", *headers, f"--data-raw {quote}{body}{quote}"])


def _pairs(key: str = "name", **more: object) -> list[dict[str, object]]:
    return [{key: name, "value": value, **more} for name, value in HEADERS.items()]


def _postman(request: dict[str, Any], *variables: dict[str, str]) -> str:
    item = {"name": "folder", "item": [{"name": "request", "request": {"method": "POST", **request}}]}
    return json.dumps({"info": {"schema": "v2.1.0"}, "item": [item], "variable": list(variables)})


def _insomnia(**changed: object) -> dict[str, object]:
    request = {"_type": "request", "method": "POST", "url": URL, "headers": _pairs(), "body": {"text": BODY}}
    return {"_type": "export", "__export_format": 4, "resources": [{**request, **changed}]}


def _received(**changed: object) -> dict[str, object]:
    lists = {name.lower(): [value] for name, value in {"Host": HOST, **HEADERS}.items()}
    ids = {"uuid": "a", "token_id": "b", "created_at": "2026-01-22 05:00:02"}
    return {**ids, "method": "POST", "url": URL, "headers": lists, "content": BODY, **changed}


def _charles(body: dict[str, str]) -> str:
    request = {"header": {"headers": _pairs()}, "body": body}
    place = {"scheme": "https", "host": HOST, "path": PATH, "query": None, "protocolVersion": "HTTP/1.1"}
    times = {"times": {"start": "2026-01-22T12:00:02+07:00"}, "response": {"status": 401}}
    return json.dumps([{"method": "POST", **place, **times, "request": request}])


def _zip(files: dict[str, str]) -> bytes:
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


READ: dict[str, str | bytes] = {
    "raw": RAW,
    "indented": re.sub("(?m)^", "    ", RAW),
    "indented by tabs": re.sub("(?m)^", "\t", RAW),
    "in a Markdown block": f"This is the request:\n\n```http\n{RAW}\n```\nIs it right?",
    "in a block of tildes": f"~~~\n{RAW}\n~~~",
    "in a block without end": f"```\n{RAW}\n",
    "in an indented block": f"- this:\n  ```\n{re.sub('(?m)^', '  ', RAW)}\n  ```\n",
    "head and body in two blocks": f"```\n{HEAD}\n```\nand\n```json\n{BODY}\n```",
    "behind prose": f"Hello,\nwe send this and get a 401:\n\n{RAW}",
    "quoted in an e-mail": re.sub("(?m)^", "> ", RAW) + "\n",
    "of an editor": f"### token\nPOST {URL}\n" + "\n".join([*LINES, "", BODY, "", "###"]),
    "curl": _curl(),
    "curl in a Markdown block": f"```bash\n$ {_curl()}\n```",
    "curl behind a comment": f"# the token\n{_curl()}",
    "curl behind a prompt": f"me@host:~/work$ {_curl()}",
    "curl behind a prompt of PowerShell": f"PS C:\\Users\\me> {_curl(program='curl.exe')}",
    "curl with its path": _curl(program="/usr/bin/curl"),
    "curl of cmd": _curl('"', " ^\r\n  ", BODY.replace('"', '\\"'), "curl.exe"),
    "curl of PowerShell": _curl('"', " `\r\n  ", BODY.replace('"', '`"'), "curl.exe"),
    "curl of PowerShell, single quotes": _curl("'", " `\n  ", program="curl.exe"),
    "fetch": f"fetch({json.dumps(URL)}, {json.dumps({'headers': HEADERS, 'body': BODY, 'method': 'POST'}, indent=2)});",
    "await fetch": f"await fetch({json.dumps(URL)},{json.dumps({'headers': HEADERS, 'body': BODY, 'method': 'POST'})})",
    "Postman": _postman({"header": _pairs("key"), "body": {"mode": "raw", "raw": BODY}, "url": {"raw": URL}}),
    "Postman with variables": _postman(
        {
            "header": [*_pairs("key")[1:], {"key": "X", "value": "{{nothing}}", "disabled": True}],
            "body": {"mode": "raw", "raw": BODY, "options": {"raw": {"language": "json"}}},
            "url": {"raw": "{{base}}/access-token/b2b"},
        },
        {"key": "base", "value": f"https://{HOST}/api/v1.0"},
    ),
    "Insomnia": json.dumps(_insomnia()),
    "Bruno": json.dumps(
        {
            "version": "1",
            "items": [
                {
                    "type": "http",
                    "request": {
                        "url": URL,
                        "method": "post",
                        "headers": [*_pairs(enabled=True), {"name": "X", "value": "y", "enabled": False}],
                        "body": {"mode": "json", "json": BODY},
                    },
                }
            ],
        }
    ),
    "webhook.site": json.dumps({"data": [_received()], "total": 1}),
    "one request of webhook.site": json.dumps(_received(headers={"host": HOST, **HEADERS}, created_at=None)),
    "Charles": _charles({"text": BODY}),
    "Charles, base64": _charles({"encoding": "base64", "encoded": "eyJncmFudFR5cGUiOiJjbGllbnRfY3JlZGVudGlhbHMifQ=="}),
    "Fiddler": _zip({"raw\\1_c.txt": RAW.replace(PATH, URL, 1), "raw/2_m.xml": "<x/>"}),
}  # fmt: skip


@pytest.mark.parametrize("content", READ.values(), ids=list(READ))
def test_a_form_that_is_read(content: str | bytes) -> None:
    """Every form gives the same request: its method, its target, all headers and the exact body."""
    (captured,) = parse_capture(content if isinstance(content, bytes) else content.encode())
    request = captured.request
    assert (request.method, request.target, request.body.decode()) == ("POST", PATH, BODY)
    wanted = {name.lower(): value for name, value in {"Host": HOST, **HEADERS}.items()}
    assert {name.lower(): value for name, value in request.headers} == wanted
    assert captured.notes == ()


@pytest.mark.parametrize(
    ("behind", "at"),
    [
        (f"\n\n{ANSWER}", ANSWERED),
        (f"\n\n--- Response ---\n\n{ANSWER}", ANSWERED),
        (f"\r\n\r\nRespons:\r\n{ANSWER}", ANSWERED),
        (f"\n\n< {ANSWER.replace('Date', '< Date')}", ANSWERED),
        (f"\n\n{ANSWER.replace('2026', 'MMXXVI')}", None),
        (f"\n\n{SNAP_ANSWER}", None),
        (f"\n\nAnswer\n======\n{json.dumps(json.loads(SNAP_ANSWER), indent=2)}", None),
    ],
)
def test_an_answer_behind_the_request_is_no_part_of_it(behind: str, at: datetime | None) -> None:
    """The answer gives its status, and its Date if it has one. The body of the request ends before it."""
    for head in (HEAD, f"{HEAD}\nContent-Length: {len(BODY)}"):
        (captured,) = parse_capture(f"{head}\n\n{BODY}{behind}".encode())
        assert (captured.request.body.decode(), captured.status, captured.at) == (BODY, 401, at)
        assert captured.notes == ()


def test_an_answer_in_another_block_is_found() -> None:
    """Two blocks of Markdown may be the request and its answer."""
    (captured,) = parse_capture(f"request\n```\n{RAW}\n```\nanswer\n```\n{ANSWER}```\n".encode())
    assert (captured.request.body.decode(), captured.status, captured.at) == (BODY, 401, ANSWERED)


def test_the_output_of_curl_has_an_answer() -> None:
    """The output of `curl -v` gives the status and the Date of the answer."""
    sent = re.sub("(?m)^", "> ", f"{HEAD}\n")
    got = re.sub("(?m)^", "< ", ANSWER.partition("\n\n")[0])
    (captured,) = parse_capture(f"* Connected\n{sent}\n* upload done\n< HTTP/1.1 100 Continue\n{got}\n< \n".encode())
    assert (captured.status, captured.at) == (401, ANSWERED)


def test_an_archive_of_fiddler_has_answers() -> None:
    """The sessions come in their order, with the status and the Date of their answers. A request may have none."""
    files = {"raw/10_c.txt": RAW, "raw/10_s.txt": ANSWER, "raw/9_c.txt": RAW, "raw/11_c.txt": RAW, "raw/11_s.txt": ""}
    found = [(each.status, each.at) for each in parse_capture(_zip(files))]
    assert found == [(None, None), (401, ANSWERED), (None, None)]


@pytest.mark.parametrize(
    ("body", "length", "judged", "kind"),
    [
        (BODY, 10, BODY, NoteKind.BODY_LENGTH),
        (BODY, 100, BODY, NoteKind.BODY_LENGTH),
        ("", 34, "", NoteKind.BODY_MISSING),
        (f"{BODY}\n\n", 34, BODY, None),
        (f"{BODY}\n\n", 35, f"{BODY}\n", None),
        ('{\n"a": 1\n}', 12, '{\r\n"a": 1\r\n}', None),
        ('{\r\n"a": 1\r\n}', 10, '{\n"a": 1\n}', None),
        ("", 0, "", None),
    ],
)
def test_a_body_that_does_not_fit_its_length_is_read_whole(
    body: str, length: int, judged: str, kind: NoteKind | None
) -> None:
    """The whole body is judged, with a note. Line ends that were changed on the way are restored."""
    (captured,) = parse_capture(f"{HEAD}\nContent-Length: {length}\n\n{body}".encode())
    assert captured.request.body.decode() == judged
    assert [note.kind for note in captured.notes] == ([kind] if kind else [])


CAPTURE_IS: dict[str, list[str | bytes]] = {
    "a PowerShell command": [
        "Invoke-WebRequest -UseBasicParsing -Uri 'https://x' `\n-Method POST",
        "$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\nInvoke-WebRequest -Uri 'https://x'",
        "$headers = @{\n  'X-A' = 'b'\n}\nInvoke-RestMethod -Uri https://x -Headers $headers",
        "Invoke-RestMethod -Headers @{ 'X-A'='b' } -Uri https://x",
        "irm https://x",
        "curl -Method POST -Uri https://x -Headers @{ 'X-A'='b' }",
    ],
    "a wget command": ["wget --header='X-A: b' https://x", "$ wget https://x", "me@host:~$ wget https://x"],
    "an HTTPie command": [
        "http POST https://x X-A:b",
        "https merchant.example/x a=b",
        "http --json :8080/x",
        "$ http GET https://x",
    ],
    "a file of Bruno": ["meta {\n  name: x\n}\n\npost {\n  url: https://x\n}", "post {\n  url: https://x\n}"],
    "an Insomnia export in YAML": ["type: collection.insomnia.rest/5.0\nname: x", "_type: export\n__export_format: 4"],
    "a session of Charles in XML": ["<?xml version='1.0'?>\n<charles-session>"],
    "HTML or XML": ["<!DOCTYPE html><html>", '<?xml version="1.0"?>\n<items burpVersion="1">'],
    "a network capture (pcap)": [b"\xd4\xc3\xb2\xa1\0\0", b"\n\r\r\n\0\0"],
    "compressed with gzip": [b"\x1f\x8b\x08\0"],
    "a picture or a PDF file": [b"\x89PNG\r\n\0", b"%PDF-1.4"],
    "binary data": [b"chls\0\1"],
    "a file of mitmproxy": [b"9999:9:websocket;0:~"],
    "an RTF document": [r"{\rtf1\ansi POST /x}"],
    r"a request whose line ends are written as \n": [
        r"POST /x HTTP/1.1\r\nHost: a\r\n\r\n{}",
        r'"POST /x HTTP/1.1\nHost: a\n\n{}"',
    ],
    "a request with a number, a time or a name before each line": [
        "  1\tPOST /x HTTP/1.1\n  2\tHost: a",
        "2026-01-22 12:00:00 INFO POST /x HTTP/1.1\n2026-01-22 12:00:00 INFO Host: a",
        "[2026-01-22 12:00:00] POST /x HTTP/1.1\n[2026-01-22 12:00:00] Host: a",
        "Jan 22 12:00:00 host app[1]: POST /x HTTP/1.1\nJan 22 12:00:00 host app[1]: Host: a",
        "<34>1 2026-01-22T12:00:00Z host app - - - POST /x HTTP/1.1\n<34>1 2026-01-22T12:00:00Z host app - - - Host: a",
        "web-1  | POST /x HTTP/1.1\nweb-1  | Host: a",
    ],
    "a request with tabs in its headers": ["POST /x HTTP/1.1\nHost\ta\n"],
    "a request whose method is in lower case": ["post /x HTTP/1.1\nHost: a\n"],
    "the output of tcpdump": ["12:00:01.000 IP 10.0.0.1.1 > 10.0.0.2.8080: Flags [P.]"],
    "only a URL": ["https://merchant.example/x\n"],
    "an OpenAPI document": ["openapi: 3.0.3\ninfo:"],
    "only headers": [
        "Host: a\nX-SIGNATURE: b\n\n{}",
        '{"X-TIMESTAMP": "2026", "X-SIGNATURE": "b"}',
        "{'X-TIMESTAMP': '2026'}",
        ":authority:\nmerchant.example\n:method:\nPOST\n",
    ],
    "an answer": [ANSWER, "< HTTP/1.1 401 Unauthorized\n< Date"],
    "the body of an answer": [SNAP_ANSWER, json.dumps(json.loads(SNAP_ANSWER), indent=2)],
    "the body of a request": [BODY, '{"partnerServiceId": "1"}'],
    "a line of this server's log": [
        '{"client_key": "A", "event": "token.refused", "level": "warning", "request_id": "x"}',
        'web-1  | {"reason":"x","event":"call.refused"}',
        "2026-01-22T05:00:01Z [warning  ] token.refused   reason=clock.behind",
    ],
    "a line of an access log": ['10.0.0.1 - - [22/Jan/2026:12:00:01 +0700] "POST /x HTTP/1.1" 401 -'],
    "a log file of Docker": ['{"log":"POST /x HTTP/1.1\\n","stream":"stdout","time":"2026-01-22T12:00:00Z"}'],
    "a Postman environment": ['{"id":"x","name":"e","values":[{"key":"a"}]}'],
    "the output of curl --trace": ["=> Send header, 200 bytes (0xc8)\n0000: POST", "== Info: Trying"],
    "a CSV file": ["uuid,type,method\n1,2,3", '"id","token_id"'],
    "program code": ["import requests\nrequests.post()", "<?php\n$ch = curl_init();", "const axios = require('axios')"],
}


@pytest.mark.parametrize(
    ("content", "what"), [(content, what) for what, contents in CAPTURE_IS.items() for content in contents]
)
def test_a_form_that_is_not_read_is_named(content: str | bytes, what: str) -> None:
    """One line says what the capture is, and how to get a form that is read."""
    with pytest.raises(UsageError) as error:
        parse_capture(content if isinstance(content, bytes) else content.encode())
    (line,) = error.value.mistakes
    assert line.startswith(f"the capture is {what}; ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("curl https://x -H \u2018X-A: b\u2019", "as a curl command: it has curly quotes in place of straight quotes"),
        ("curl \u201chttps://x\u201d", "as a curl command: it has curly quotes in place of straight quotes"),
        ("curl https://x -H \u2018it's\u2019", "as a curl command: it has curly quotes in place of straight quotes"),
        ("curl \u2014request POST https://x", "as a curl command: it has a long dash in place of --"),
        (
            "POST /b2b HTTP/1.1\nHost: a\nX\u2013CLIENT\u2013KEY: b\n\n{}",
            "the header name X\u2013CLIENT\u2013KEY has a character that no header name may have; write hyphens as -",
        ),
        ("POST /b2b HTTP/1.1\nHost: a\nX-SIGNATURE : b\n\n{}", "and no blank before the colon"),
        ("curl https://x -H 'X-A: b", "as a curl command: a quotation mark is not closed"),
        ("fetch(url, {method: 'POST'})", "as a fetch call: its URL and its options must be JSON"),
        ('fetch("http://x", {"headers": 1})', "as a fetch call: its URL and its options must be JSON"),
        (
            _postman({"header": [{"key": "X-SIGNATURE", "value": "{{signature}}"}], "url": URL}),
            "as a Postman collection: it has the variable {{signature}} without a value",
        ),
        (
            json.dumps(_insomnia(headers=[{"name": "A", "value": "{% response 'body' %}"}])),
            "as an Insomnia export: it has the variable {% response 'body' %} without a value",
        ),
        ('{"info": {}, "item": []}', "as a Postman collection: it has no request"),
        (
            json.dumps({"info": {}, "item": ["a" * LARGEST_EXPORT]}),
            "a Postman collection: it is larger than 2097152 bytes",
        ),
        ('{"info": {}, "item": 1}', "as a Postman collection: item has a wrong type or value"),
        (_charles({"encoded": "?"}), "as a session of Charles: "),
        (json.dumps(_received(created_at="9999-12-31T23:00:00Z")), "created_at: the year must be from 1971 to 9998"),
        ("{}", "as HAR or as an export: it is JSON of another form, or incomplete; write the request as raw HTTP"),
        (json.dumps({"method": "POST", "url": URL, "headers": HEADERS, "body": BODY}), "it is JSON of another form"),
        ('{"log":', "as HAR: Invalid JSON"),
        ('{"log": {}}', "as HAR: log.entries is missing"),
        ('{"log": {"entries": []}}', "as HAR: log.entries is empty, so there is no request"),
        ('[{"log": 1}]', "as HAR: the file has a wrong type or value"),
        (_zip({"a.txt": "x"}), "as a session archive of Fiddler: it is a ZIP file without requests"),
        (_zip({"raw/1_c.txt": RAW})[:-9], "as a session archive of Fiddler: "),
        (
            _zip({"raw/1_c.txt": "A" * (8 * 1024 * 1024 + 1)}),
            "as a session archive of Fiddler: it has more than 8388608",
        ),
        ("some words", "as raw HTTP, a curl command or HAR"),
    ],
)
def test_a_mistake_in_a_form_is_named(content: str | bytes, said: str) -> None:
    """The line names the form and the mistake in it."""
    with pytest.raises(UsageError) as error:
        parse_capture(content if isinstance(content, bytes) else content.encode())
    (line,) = error.value.mistakes
    assert line.startswith("the request cannot be read ")
    assert said in line


@pytest.mark.parametrize(
    "content",
    [
        *(value for value in READ.values() if isinstance(value, str)),
        f"wget --header='X-SIGNATURE: {SECRET}'",
        f'{{"event": "token.refused", "x": "{SECRET}"}}',
        f"fetch(url, {{'X-SIGNATURE': '{SECRET}'}})",
    ],
)
def test_no_error_repeats_a_secret(content: str) -> None:
    """Whatever part of a capture is lost, the error repeats neither a signature nor any other value of it."""
    said = [_said(part) for cut in range(0, len(content), 37) for part in (content[:cut], content[cut:])]
    assert any(said)
    assert [each for each in said if SECRET[:12] in each] == []


def _said(content: str) -> str:
    try:
        parse_capture(content.encode())
    except UsageError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("behind", [f"\n\n{RAW}", "\n\n### next\nGET http://x/", "\n\n###\n\nGET http://x/"])
def test_only_the_first_request_is_read(behind: str) -> None:
    """Of several requests in raw HTTP, the first is read, and a note says so."""
    (captured,) = parse_capture(f"{RAW}{behind}".encode())
    assert captured.request.body.decode() == BODY
    assert [note.kind for note in captured.notes] == [NoteKind.MORE_REQUESTS]


_CURL = f"curl {URL} -X POST -d '{BODY}'"
_FETCH = f'fetch("{URL}", {json.dumps({"method": "POST", "body": BODY})})'


@pytest.mark.parametrize("command", [_CURL, _FETCH])
@pytest.mark.parametrize("other", [_CURL, f"$ {_CURL}", _FETCH, f"await {_FETCH}"])
def test_only_the_first_command_is_read(command: str, other: str) -> None:
    """Of several commands, the first is read, and a note says so."""
    (captured,) = parse_capture(f"{command}\n\n{other}\n".encode())
    assert captured.request.body.decode() == BODY
    assert [note.kind for note in captured.notes] == [NoteKind.MORE_REQUESTS]


@pytest.mark.parametrize("command", [_CURL, _FETCH])
@pytest.mark.parametrize(("answer", "at"), [(ANSWER, ANSWERED), (SNAP_ANSWER, None)])
def test_an_answer_behind_a_command_is_read(command: str, answer: str, at: datetime | None) -> None:
    """The status and the Date of the answer are known. The answer is no part of the command."""
    (captured,) = parse_capture(f"{command}\n\n--- Response ---\n{answer}".encode())
    assert (captured.request.body.decode(), captured.status, captured.at) == (BODY, 401, at)
    assert captured.notes == ()


@pytest.mark.parametrize("form", [RAW, _CURL, _FETCH])
def test_the_quotation_marks_of_an_e_mail_are_removed(form: str) -> None:
    """Each line of a quotation begins with `> `. The request is the same without it."""
    quoted = "".join(f"> {line}\n" if line else ">\n" for line in form.split("\n"))
    (captured,) = parse_capture(quoted.encode())
    assert captured.request.body.decode() == BODY


def test_a_fence_inside_a_body_is_no_block() -> None:
    """A request that begins before the first fence is read as it is."""
    (captured,) = parse_capture(f"{HEAD}\n\n```\n{BODY}\n```".encode())
    assert captured.request.body.decode() == f"```\n{BODY}\n```"


@pytest.mark.parametrize("token", [{"auth": {"type": "bearer", "bearer": [{"key": "token", "value": "T"}]}}, {}])
def test_the_token_of_an_api_client_becomes_a_header(token: dict[str, object]) -> None:
    """Postman adds Authorization to the request that it sends."""
    (captured,) = parse_capture(_postman({"url": URL, **token}).encode())
    assert captured.request.all("Authorization") == (["Bearer T"] if token else [])


def test_a_fetch_call_without_options_is_a_get() -> None:
    """The options may be left out."""
    assert parse_capture(b'fetch("https://x/y")') == [
        CapturedRequest(parse_capture(b"GET /y HTTP/1.1\nHost: x")[0].request)
    ]
