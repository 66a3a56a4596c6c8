"""The log: one format for every line of the process, and no secrets in tracebacks."""

import io
import json
import logging
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import structlog
import time_machine

from handlers.server.observability import configure
from tests.merchant import NOON

Drain = Callable[[], None]
FORGERIES = [
    "\t",
    "\n",
    '\n{"event": "token.issued"}',
    "\r",
    "\0",
    "\x1b[2J",
    "\x7f",
    "\x85",
    "\x9b1;1H",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\U000e0001",
]
FORGED = "odd\n2026-01-22T05:00:01Z [info     ] token.issued\x1b[1A"
COLOUR = re.compile(r"\x1b\[\d*m")
"""What the readable form is coloured with."""
SECRET = "a signature that no log may hold"


class _Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def stream() -> io.StringIO:
    """The log of the process, not on a terminal."""
    stream = io.StringIO()
    configure.set_up(stream)()
    return stream


@pytest.fixture
def terminal() -> io.StringIO:
    """The log of the process on a terminal."""
    terminal = _Terminal()
    configure.set_up(terminal)
    return terminal


def _fail() -> None:
    kept = SECRET
    raise RuntimeError(len(kept))


def _fail_saying(text: str) -> None:
    raise RuntimeError(text)


def _log_failure(log: structlog.typing.FilteringBoundLogger | logging.Logger) -> None:
    try:
        _fail()
    except RuntimeError:
        log.exception("it.failed")


@time_machine.travel(NOON, tick=False)
def test_a_line_is_json(stream: io.StringIO) -> None:
    """A line is one JSON object with the event, its fields, the level and the time in UTC."""
    structlog.get_logger().info("token.issued", client_key="IONPAYTEST", text="a value")
    assert stream.getvalue().count("\n") == 1
    line = json.loads(stream.getvalue())
    assert datetime.fromisoformat(line.pop("timestamp")) == NOON
    assert line == {"event": "token.issued", "level": "info", "client_key": "IONPAYTEST", "text": "a value"}


def test_a_line_is_readable_on_a_terminal(terminal: io.StringIO) -> None:
    """On a terminal a line is readable text with the level, the event and its fields."""
    structlog.get_logger().warning("token.refused", reason="clock.ahead")
    line = terminal.getvalue()
    assert all(word in line for word in ("warning", "token.refused", "reason", "clock.ahead"))
    assert not line.startswith("{")


def test_libraries_log_in_the_same_form(stream: io.StringIO) -> None:
    """A warning of the standard library's logging has the format of our own lines."""
    logging.getLogger("a.library").warning("%d is odd", 3)
    line = json.loads(stream.getvalue())
    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() == timedelta()
    assert line == {"event": "3 is odd", "level": "warning"}


def test_libraries_log_in_the_same_form_on_a_terminal(terminal: io.StringIO) -> None:
    """On a terminal a library's warning has the format of our own lines."""
    for log in (logging.getLogger("a.library"), structlog.get_logger()):
        log.warning("an event")
    first, second = (line.split(" ", 1)[1].rstrip() for line in terminal.getvalue().splitlines())
    assert first == second


def test_libraries_log_only_warnings_and_errors(stream: io.StringIO) -> None:
    """Library messages below a warning are not logged."""
    logging.getLogger("a.library").info("nothing special")
    assert stream.getvalue() == ""


def test_the_last_set_up_counts(stream: io.StringIO) -> None:
    """A second set-up sends every line to the new stream, and none to the old one."""
    second = io.StringIO()
    configure.set_up(second)
    logging.getLogger("a.library").warning("one")
    structlog.get_logger().warning("two")
    assert [json.loads(line)["event"] for line in second.getvalue().splitlines()] == ["one", "two"]
    assert stream.getvalue() == ""


def test_a_file_is_written_by_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread writes lines to a file. After `drain` and at exit all lines are written."""
    at_exit: list[Drain] = []
    monkeypatch.setattr("atexit.register", at_exit.append)
    with (tmp_path / "log").open("w") as file:
        drain = configure.set_up(file)
        structlog.get_logger().warning("ours")
        drain()
        assert [json.loads(line)["event"] for line in (tmp_path / "log").read_text().splitlines()] == ["ours"]
        logging.getLogger("a.library").warning("theirs")
        for each in at_exit:
            each()
    lines = (tmp_path / "log").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["ours", "theirs"]


def test_without_standard_error_lines_go_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process with a closed standard error logs nothing, and does not fail."""
    monkeypatch.setattr("sys.stderr", None)
    monkeypatch.setattr("atexit.register", lambda _drain: None)
    configure.set_up()
    assert structlog.get_logger().warning("ours") is None


def test_lines_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """By default lines go to standard error, and none to standard output."""
    configure.set_up()
    structlog.get_logger().warning("ours")
    logging.getLogger("a.library").warning("theirs")
    out, err = capsys.readouterr()
    assert (out, [json.loads(line)["event"] for line in err.splitlines()]) == ("", ["ours", "theirs"])


@pytest.mark.parametrize("log", [structlog.get_logger(), logging.getLogger("a.library")], ids=["ours", "a library's"])
@pytest.mark.parametrize("kind", ["stream", "terminal"])
def test_tracebacks_carry_no_local_variables(
    request: pytest.FixtureRequest, kind: str, log: structlog.typing.FilteringBoundLogger | logging.Logger
) -> None:
    """A traceback has the error and the function, in both formats, and no local variable."""
    output: io.StringIO = request.getfixturevalue(kind)
    _log_failure(log)
    assert all(word in output.getvalue() for word in ("it.failed", f"RuntimeError: {len(SECRET)}", "in _fail"))
    assert SECRET not in output.getvalue()


def test_a_text_that_is_not_unicode_is_logged_escaped(stream: io.StringIO) -> None:
    """A lone surrogate, which UTF-8 cannot encode, is logged as an escape."""
    structlog.get_logger().warning("odd", path="\ud800")
    assert json.loads(stream.getvalue())["path"] == r"\ud800"


def test_other_types_are_logged_by_repr(stream: io.StringIO) -> None:
    """A value of any other type is logged by its `repr`."""
    structlog.get_logger().warning("odd", value={1, 2}, by_number={1: "one"})
    line = json.loads(stream.getvalue())
    assert (line["value"], line["by_number"]) == ("{1, 2}", {"1": "one"})


@pytest.mark.parametrize("kind", ["stream", "terminal"])
@pytest.mark.parametrize("text", FORGERIES, ids=ascii)
def test_nothing_that_is_logged_steers_a_terminal_or_forges_a_line(
    request: pytest.FixtureRequest, kind: str, text: str
) -> None:
    """Any text in an event, a field, a list or an error stays on one line and is printable."""
    output: io.StringIO = request.getfixturevalue(kind)
    for log in (structlog.get_logger(), logging.getLogger("a.library")):
        log.warning(text)
    structlog.get_logger().warning("odd", field=text, several=[text], named={text: text}, raw=text.encode("utf-16"))
    written = COLOUR.sub("", output.getvalue())
    assert written.count("\n") == 3
    assert all(line.isprintable() for line in written.split("\n"))


@pytest.mark.parametrize("text", FORGERIES, ids=ascii)
def test_a_field_of_json_is_printable_when_it_is_read(stream: io.StringIO, text: str) -> None:
    """A field that is parsed from JSON has no control character either."""
    structlog.get_logger().warning("odd", field=f"a{text}b")
    field = json.loads(stream.getvalue())["field"]
    assert field.isprintable()
    assert field == f"a{text.encode('unicode_escape').decode()}b"


@pytest.mark.parametrize("kind", ["stream", "terminal"])
def test_the_text_of_an_error_forges_no_line(request: pytest.FixtureRequest, kind: str) -> None:
    """A traceback keeps its line breaks. The text of the error is indented and has no control characters."""
    output: io.StringIO = request.getfixturevalue(kind)
    try:
        _fail_saying(FORGED)
    except RuntimeError:
        structlog.get_logger().exception("it.failed")
    written = COLOUR.sub("", output.getvalue())
    reported = json.loads(written)["exception"] if kind == "stream" else written
    assert "\n  2026-01-22T05:00:01Z [info     ] token.issued\\x1b[1A" in reported
    assert "\x1b" not in written
