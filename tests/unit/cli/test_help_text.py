"""The help of the commands fills the terminal's lines."""

import pytest

from handlers.cli import main

STATE_REPAIR = """\
can
still be read.

The old file is kept beside it. Some of its content may be lost, so the servers
are strict for a while: a request that was signed before the repair gets 500 02,
and a"""
EXPLAIN = """\
  --at STR: The time to judge as of, such as 2026-01-22T12:00:05+07:00;
    otherwise that of the HAR entry, by the server's clock if its answer has a
    Date, or now.
"""


@pytest.mark.parametrize(("command", "told"), [("state repair", STATE_REPAIR), ("explain", EXPLAIN)])
def test_lines_end_where_the_terminal_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, told: str
) -> None:
    """At 80 columns the lines of a paragraph and of an option are full, wherever those of the docstring end."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*command.split(), "--help"]) == 0
    out = capsys.readouterr().out
    assert told in out
    assert max(map(len, out.splitlines())) <= 80
