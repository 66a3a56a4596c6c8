"""`snap-token explain`."""

import io
import json
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from handlers.cli import explain_output, main
from handlers.cli.captured import capture_file
from handlers.cli.captured.captured_request import CapturedRequest
from handlers.cli.commands import explain
from handlers.doctor.request import Request
from tests.merchant import NOON
from tests.mistakes import HOST, NOW, World, call, symmetric, token_request, write_world
from tests.nicepay import CLIENT_KEY, jakarta
from tests.pages import page


@pytest.fixture(scope="module")
def world() -> World:
    """Clients and their keys."""
    return World()


@pytest.fixture
def config(world: World, tmp_path: Path) -> str:
    """The settings that hold them."""
    return str(write_world(tmp_path, world))


@pytest.fixture
def command(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[[bytes, list[str]], tuple[int, str]]:
    """Explains a file with options. Gives the exit status and the text on standard error."""

    def run(content: bytes, options: list[str]) -> tuple[int, str]:
        return main(["explain", "--config", config, *options, _file(tmp_path, content)]), capsys.readouterr().err

    return run


def _raw(request: Request) -> bytes:
    lines = [f"{request.method} {request.target} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers)]
    return "\r\n".join([*lines, "", ""]).encode() + request.body


def _file(folder: Path, content: bytes) -> str:
    file = folder / "request.txt"
    file.write_bytes(content)
    return str(file)


def _har(*requests: Request, status: int | None = None) -> bytes:
    entries = [
        {
            "response": {"status": status},
            "startedDateTime": (NOON + timedelta(seconds=place)).isoformat(),
            "request": {
                "method": each.method,
                "url": f"https://{HOST}{each.target}",
                "headers": [{"name": name, "value": value} for name, value in each.headers],
                "postData": {"text": each.body.decode()},
            },
        }
        for place, each in enumerate(requests)
    ]
    return json.dumps({"log": {"entries": entries}}).encode()


def test_a_genuine_request_has_status_0(
    config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A request is genuine if it is judged for the time of --at."""
    assert main(["explain", "--config", config, "--at", NOW, _file(tmp_path, _raw(token_request(world)))]) == 0
    assert capsys.readouterr().out.startswith(f"genuine (judged as of {NOW})\n")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("form", ["raw", "har"])
def test_a_byte_order_mark_is_ignored(config: str, world: World, tmp_path: Path, encoding: str, form: str) -> None:
    """A byte order mark, and UTF-16 as PowerShell writes it for `>`, can be read."""
    request = token_request(world)
    text = (_raw(request) if form == "raw" else _har(request)).decode()
    mark = "" if encoding == "utf-8-sig" else "\ufeff"
    assert main(["explain", "--config", config, "--at", NOW, _file(tmp_path, f"{mark}{text}".encode(encoding))]) == 0


def test_the_output_of_curl_is_explained(
    config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole output of `curl -v` can be read. The head is found in it, without a body."""
    head = _raw(token_request(world, world.sign(f"{NOW}|{CLIENT_KEY}"))).decode().partition("\r\n\r\n")[0]
    sent = "".join(f"> {line}\r\n" for line in [*head.splitlines(), ""])
    printed = f"*   Trying 127.0.0.1\n{sent}< HTTP/1.1 401 Unauthorized\r\n< \r\n".encode()
    assert main(["explain", "--config", config, "--at", NOW, _file(tmp_path, printed)]) == 1
    assert "\nalso string.reversed\n" in capsys.readouterr().out


def test_both_findings_are_printed(
    config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The signature of a request outside the window is checked too. Without --at the request is judged for now."""
    request = token_request(world, world.sign(f"{NOW}|{CLIENT_KEY}"))
    assert main(["explain", "--config", config, _file(tmp_path, _raw(request))]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("clock.behind (judged as of ")
    assert lines[3] == "also string.reversed"
    assert lines[5].startswith("  do: Sign exactly X-CLIENT-KEY|X-TIMESTAMP")


def test_json_has_four_members(
    config: str, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON has verdict, also, evidence and advice. The request may come from standard input as a curl command."""
    late = jakarta(NOON + timedelta(seconds=312))
    headers = " ".join(f"-H '{name}: {value}'" for name, value in token_request(world).headers)
    command = f"$ curl https://{HOST}/api/v1.0/access-token/b2b {headers} -d 'x'"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(command.encode())))
    assert main(["explain", "--json", "--lang", "id", "--at", late, "--config", config, "-"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert list(data) == ["verdict", "also", "evidence", "advice"]
    assert (data["verdict"], data["also"]) == ("body.not_json", ["clock.behind"])
    assert data["evidence"]["clock.behind"] == {"seconds": 312, "allowed": 300, "judged_at": late}
    assert data["advice"].startswith("Kirim ")


def test_the_explanation_can_be_indonesian(
    config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same findings, in Indonesian."""
    late = jakarta(NOON + timedelta(seconds=312))
    file = _file(tmp_path, _raw(token_request(world)))
    assert main(["explain", "--config", config, "--at", late, "--lang", "id", file]) == 1
    assert f"  X-TIMESTAMP tertinggal 312 detik dari {late}. Batasnya 300 detik.\n" in capsys.readouterr().out


def test_a_har_file_is_judged_for_its_own_time(
    config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last request with SNAP headers is explained, and other requests of the browser are ignored."""
    page = Request("GET", "/", (("Accept", "*/*"),))
    content = b"\xef\xbb\xbf" + _har(page, token_request(world), page)
    assert main(["explain", "--config", config, _file(tmp_path, content)]) == 0
    second = jakarta(NOON + timedelta(seconds=1))
    out, err = capsys.readouterr()
    assert out.startswith(f"genuine (judged as of {second})")
    token_path = "/api/v1.0/access-token/b2b"
    assert err == f"snap-token: the capture has 3 requests; this explains POST {HOST}{token_path} ({second})\n"
    assert main(["explain", "--config", config, _file(tmp_path, _har(page))]) == 1
    out, err = capsys.readouterr()
    assert (out.startswith("path.unknown"), err) == (True, "")


def test_the_name_of_the_chosen_request_has_no_secret(
    config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The chosen request is named without its query and without control characters, in both languages."""
    request = token_request(world)
    hostile = Request("POST", "/a\x1b?secret=x", request.headers, b"")
    assert main(["explain", "--config", config, "--lang", "id", _file(tmp_path, _har(request, hostile))]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"snap-token: ada 2 request; yang diperiksa POST {HOST}/a\\x1b (")
    assert "secret" not in err


def test_an_earlier_external_id_is_a_repeat(
    config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Genuine calls earlier in the file use up their external IDs. Refused calls and token requests do not."""
    forged = call(world, world.sign("forged"))
    assert main(["explain", "--config", config, _file(tmp_path, _har(forged, token_request(world), call(world)))]) == 0
    assert main(["explain", "--config", config, _file(tmp_path, _har(call(world), call(world)))]) == 1
    assert "\ncall.external_id_repeated" in f"\n{capsys.readouterr().out}"


@pytest.mark.parametrize("status", [401, 200, None])
def test_an_unexplained_refusal_is_reported(
    config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], status: int | None
) -> None:
    """If the capture has a refusal that no check explains, this is reported, but not with --at."""
    file = _file(tmp_path, _har(token_request(world), status=status))
    assert main(["explain", "--config", config, file]) == int(status == 401)
    assert capsys.readouterr().out.startswith("answer.refused (" if status == 401 else "genuine (")
    assert main(["explain", "--config", config, "--at", NOW, file]) == 0


def test_the_first_time_an_external_id_is_used_is_found_among_many(
    config: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Earlier calls with the same external ID are judged one at a time. After one second a line counts them."""
    monkeypatch.setattr(explain_output, "_SILENT_SECONDS", -1.0)
    forged = [symmetric(world, secret=b"a secret that nobody knows") for _ in range(3)]
    assert main(["explain", "--config", config, _file(tmp_path, _har(*forged, symmetric(world)))]) == 0
    assert "snap-token: 0 of 3 earlier calls judged\n" in capsys.readouterr().err
    assert (
        main(["explain", "--config", config, _file(tmp_path, _har(*forged, symmetric(world), symmetric(world)))]) == 1
    )
    assert capsys.readouterr().out.startswith("call.external_id_repeated")


def test_a_terminal_shows_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets a progress bar, and all calls are judged."""
    terminal = Console(file=io.StringIO(), force_terminal=True)
    monkeypatch.setattr(explain_output, "Console", lambda **_: terminal)
    captured = [CapturedRequest(Request("GET", "/", ())) for _ in range(3)]
    assert list(explain_output.with_progress(captured)) == captured
    assert "Judging" in terminal.file.getvalue()  # type: ignore[attr-defined]  # it is the StringIO above


def test_a_captured_request_is_found_by_its_id(
    config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--request-id finds a captured request in the folder of debug.capture_dir."""
    folder, request_id = tmp_path / "captures", "0" * 32
    folder.mkdir(0o700)
    (folder / f"{request_id}.har").write_bytes(_har(token_request(world, world.sign(f"{NOW}|{CLIENT_KEY}"))))
    settings = Path(config)
    assert main(["explain", "--config", config, "--request-id", request_id]) == 2
    assert "debug.capture_dir" in capsys.readouterr().err
    settings.write_text(f'[debug]\ncapture_dir = "captures"\n{settings.read_text()}')
    assert main(["explain", "--config", config, "--request-id", request_id]) == 1
    assert capsys.readouterr().out.startswith("string.reversed (")
    assert main(["explain", "--config", config, "--request-id", "1" * 32]) == 2
    assert "has no request with this ID" in capsys.readouterr().err
    for wrong in (["--request-id", "../settings"], ["--request-id", request_id, "-"], []):
        assert main(["explain", "--config", config, *wrong]) == 2
        assert "--request-id" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (b"", [], "the capture is empty"),
        (b"some words", [], "raw HTTP, a curl command or HAR"),
        (b"{", [], "as HAR"),
        (b"curl", [], "as a curl command"),
        (b"GET / HTTP/1.1\n\n", ["--at", "noon"], "--at"),
        (b"GET / HTTP/1.1\n\n", ["--at", "2026-01-22T12:00:00"], "--at"),
        (b"GET / HTTP/1.1\n\n", ["--lang", "de"], "--lang"),
    ],
)
def test_a_usage_error_is_one_line(
    content: bytes, options: list[str], said: str, command: Callable[[bytes, list[str]], tuple[int, str]]
) -> None:
    """A wrong option is one line that says what to do. The exit status is 2."""
    status, err = command(content, options)
    assert (status, err.count("\n")) == (2, 1)
    assert said in err


def test_a_missing_capture_is_an_error(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing capture is an error with its name and the cause."""
    assert main(["explain", "--config", config, "/nowhere"]) == 2
    assert "/nowhere cannot be read: No such file" in capsys.readouterr().err


def test_a_pipe_without_a_writer_times_out(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a pipe has no writer, the command ends by itself within 10 seconds."""
    assert explain.LONGEST_SECONDS < 10
    monkeypatch.setattr(explain, "LONGEST_SECONDS", 0.01)
    os.mkfifo(tmp_path / "pipe")
    assert main(["explain", "--config", config, str(tmp_path / "pipe")]) == 2
    assert capsys.readouterr().err == (
        "snap-token: the time limit of 10 seconds is over; give a capture with only the one request\n"
    )


def test_findings_are_printed_when_the_time_is_over(
    config: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the time is over, the findings are printed and called incomplete. An incomplete check is never genuine."""
    monkeypatch.setattr(explain, "time_limit", lambda *_: nullcontext(lambda: True))
    unfit = _file(tmp_path, _har(symmetric(world, secret=b"a secret that nobody knows")))
    assert main(["explain", "--config", config, unfit]) == 1
    out = capsys.readouterr().out
    assert out.startswith("key.unknown (")
    assert out.endswith("\nsome checks were not made, because 10 seconds are over or the request is far too large\n")
    assert main(["explain", "--config", config, "--json", "--lang", "id", unfit]) == 1
    assert json.loads(capsys.readouterr().out)["untried"].startswith("sebagian pemeriksaan tidak dilakukan")
    assert main(["explain", "--config", config, _file(tmp_path, _har(call(world)))]) == 0
    assert main(["explain", "--config", config, _file(tmp_path, _har(call(world), call(world)))]) == 2


def test_only_the_size_of_a_huge_request_is_checked(
    config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a request that is far too large, only the size is checked, and the output says so."""
    for request in (token_request(world, X_Other="a" * 200_000), call(world, body=b"a" * 1_048_577)):
        assert main(["explain", "--config", config, "--json", _file(tmp_path, _raw(request))]) == 1
        data = json.loads(capsys.readouterr().out)
        assert (data["verdict"], data["also"], "untried" in data) == ("request.too_large", [], True)


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-23:59", "1970-12-31T23:59:59+07:00", ""]
)
def test_a_time_outside_the_calendar_is_an_error(
    at: str, config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A time outside 1971 to 9998 is refused in --at and in a HAR entry."""
    assert main(["explain", "--config", config, "--at", at, _file(tmp_path, _raw(token_request(world)))]) == 2
    assert capsys.readouterr().err.startswith("snap-token: --at must be a time")
    har = json.loads(_har(token_request(world)))
    har["log"]["entries"][0]["startedDateTime"] = at
    assert main(["explain", "--config", config, _file(tmp_path, json.dumps(har).encode())]) == 2
    assert "startedDateTime" in capsys.readouterr().err


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"])
def test_a_date_outside_the_calendar_is_ignored(date: str, config: str, world: World, tmp_path: Path) -> None:
    """If the Date of the response is outside the calendar, the time of the HAR entry is used."""
    har = json.loads(_har(token_request(world)))
    har["log"]["entries"][0]["response"] = {"headers": [{"name": "Date", "value": date}]}
    assert main(["explain", "--config", config, _file(tmp_path, json.dumps(har).encode())]) == 0


def test_a_capture_has_a_limit(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A capture larger than 8 MiB is refused."""
    assert capture_file.LARGEST_CAPTURE == 8 * 1024 * 1024
    monkeypatch.setattr(capture_file, "LARGEST_CAPTURE", 10)
    assert main(["explain", "--config", config, _file(tmp_path, b"x" * 11)]) == 2
    assert "larger than 10 bytes" in capsys.readouterr().err


def test_the_page_shows_what_is_printed(
    config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example in the documentation is the output of this command, line by line."""
    shown = page("troubleshooting").partition(" request.txt\n")[2].partition("```")[0]
    request = token_request(world, world.sign(f"{NOW}|{CLIENT_KEY}"))
    late = "2026-01-22T12:05:13+07:00"
    assert main(["explain", "--config", config, "--at", late, _file(tmp_path, _raw(request))]) == 1
    assert capsys.readouterr().out == shown


DOES_NOT_FIT = {
    "en": "note: Content-Length is 9, but the body has {found} bytes. The whole body was judged.\n",
    "id": "catatan: Content-Length 9, tetapi body-nya {found} byte. Seluruh body diperiksa.\n",
}
REMOVED = {"en": "Chrome and Edge leave it out", "id": "Chrome dan Edge menghapusnya"}


@pytest.mark.parametrize("lang", DOES_NOT_FIT)
def test_a_body_that_does_not_fit_is_judged_whole(
    config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    """A body that does not fit Content-Length is judged whole. The last line says so, and JSON has it as `notes`."""
    request = token_request(world)
    file = _file(tmp_path, _raw(replace(request, headers=(*request.headers, ("Content-Length", "9")))))
    options = ["--config", config, "--at", NOW, "--lang", lang, file]
    said = DOES_NOT_FIT[lang].format(found=len(request.body))
    assert main(["explain", *options]) == 0
    assert capsys.readouterr().out.endswith(said)
    assert main(["explain", "--json", *options]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == [said.partition(": ")[2].rstrip()]


@pytest.mark.parametrize("lang", REMOVED)
def test_a_har_file_without_authorization_says_so(
    config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    """Chromium removes Authorization from a HAR file. The note is only for calls, and only if the header is missing."""
    genuine, token = call(world), token_request(world)
    stripped = replace(genuine, headers=tuple(each for each in genuine.headers if each[0] != "Authorization"))
    for request, creator, has_note in (
        (stripped, "WebInspector", True),
        (stripped, "Firefox", False),
        (genuine, "WebInspector", False),
        (token, "WebInspector", False),
    ):
        har = json.loads(_har(request))
        har["log"]["creator"] = {"name": creator, "version": "537.36"}
        main(["explain", "--config", config, "--lang", lang, _file(tmp_path, json.dumps(har).encode())])
        assert (REMOVED[lang] in capsys.readouterr().out) == has_note


@pytest.mark.parametrize(
    "value",
    [
        *(
            "$(sign.sh)",
            "%SIGNATURE%",
        ),
        *("***", "xxxxxx", "...", "\u2026", "[REDACTED]", "redacted", "[Filtered by proxy]", "'***'"),
    ],
)
def test_a_variable_or_a_masked_value_is_not_judged(
    config: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    """A header that has a variable or a masked value cannot be judged. One line names the header."""
    requests = {
        "X-SIGNATURE": token_request(world, value),
        "Authorization": call(world, Authorization=f"Bearer {value}"),
    }
    for name, request in requests.items():
        assert main(["explain", "--config", config, _file(tmp_path, _raw(request))]) == 2
        said = f"{name} has a variable or a masked value in place of its value; give the request as it was sent"
        assert capsys.readouterr() == ("", f"snap-token: {said}\n")
