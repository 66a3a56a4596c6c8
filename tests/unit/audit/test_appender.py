"""Appending to the trail: one chain, whatever else writes to the folder and whatever a crash left."""

import io
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from errno import EIO
from hashlib import sha256
from pathlib import Path

import pytest

from handlers.audit.appender import Appender, AppendError, TrailOptions
from handlers.audit.public_keys import PublicKeys
from handlers.audit.reading import stored_files
from handlers.audit.record import Record
from handlers.audit.verification import Verification
from tests.merchant import NOON, Clock
from tests.trail_files import chain_of, events, raw_lines
from tests.unit.audit.conftest import KEY

ISSUED = Record("token.issued", NOON, {"client": "IONPAYTEST"})
FIRST = "audit-20260122-000001.jsonl"


def append_many(folder: str, name: str) -> None:
    """What one of several processes does in a test: append lines, one after the other."""
    appender = Appender(TrailOptions(Path(folder), KEY, rotate_bytes=4_000), Clock())
    for index in range(60):
        appender.append([Record("token.issued", NOON, {"client": name, "index": index})])


@contextmanager
def _room(folder: Path, more: int) -> Iterator[None]:
    """In this block no file of this process may grow by more than this number of bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((folder / FIRST).stat().st_size + more, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def _fail(_descriptor: int) -> None:
    raise OSError(EIO, "Input/output error")


def test_a_trail_begins_with_the_line_that_opens_its_first_file(appender: Appender, tmp_path: Path) -> None:
    """The first file has no file before it, its owner writes it, and its group reads it."""
    appender.append([ISSUED, ISSUED])
    opened, *issued = chain_of(tmp_path)
    assert (opened["event"], opened["file"], "file_before" in opened) == ("file.opened", FIRST, False)
    assert [line["client"] for line in issued] == ["IONPAYTEST"] * 2
    assert (tmp_path / FIRST).stat().st_mode & 0o777 == 0o640


def test_the_umask_does_not_change_the_mode(appender: Appender, tmp_path: Path) -> None:
    """The group may read the files, whatever the umask of the server is."""
    before = os.umask(0o077)
    try:
        appender.append([ISSUED])
    finally:
        os.umask(before)
    assert (tmp_path / FIRST).stat().st_mode & 0o777 == 0o640


def test_two_writers_take_turns(options: TrailOptions, clock: Clock, tmp_path: Path) -> None:
    """Each writer continues after the last line of the other."""
    one, other = Appender(options, clock), Appender(options, clock)
    for _ in range(3):
        one.append([ISSUED])
        other.append([ISSUED, ISSUED])
    assert len(chain_of(tmp_path)) == 10


def test_several_processes_write_one_chain(tmp_path: Path) -> None:
    """Three processes write at once, over several files, and no line is lost or out of its place in the chain."""
    code = "import sys; from tests.unit.audit.test_appender import append_many; append_many(*sys.argv[1:])"
    processes = [subprocess.Popen([sys.executable, "-c", code, tmp_path, name]) for name in "ABC"]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    lines = chain_of(tmp_path)
    issued = [(line["client"], line["index"]) for line in lines if line["event"] == "token.issued"]
    assert sorted(issued) == [(name, index) for name in "ABC" for index in range(60)]
    assert len(list(tmp_path.glob("audit-*"))) > 5


def test_a_full_file_is_closed_and_the_next_one_names_it(options: TrailOptions, clock: Clock, tmp_path: Path) -> None:
    """A closed file ends with a signed checkpoint, and the chain goes on in the next file without a gap."""
    appender = Appender(replace(options, rotate_bytes=1_024), clock)
    for _ in range(6):
        appender.append([ISSUED])
    assert events(tmp_path)[-5:] == ["token.issued", "file.closed", "checkpoint", "file.opened", "token.issued"]
    closed, _, opened = chain_of(tmp_path)[-4:-1]
    assert (closed["file"], opened["file_before"], opened["file"]) == (FIRST, FIRST, FIRST.replace("1.", "2."))


def test_a_new_day_in_jakarta_has_a_new_file(appender: Appender, clock: Clock, tmp_path: Path) -> None:
    """At midnight in Jakarta, the next line goes into a file of the new day."""
    appender.append([ISSUED])
    clock.now = NOON.replace(hour=16, minute=59)
    appender.append([ISSUED])
    clock.now = NOON.replace(hour=17)
    appender.append([ISSUED])
    assert [path.name for path in sorted(tmp_path.glob("audit-*"))] == [FIRST, "audit-20260123-000002.jsonl"]
    chain_of(tmp_path)


def test_each_hour_in_which_something_was_written_ends_with_a_checkpoint(
    appender: Appender, clock: Clock, tmp_path: Path
) -> None:
    """The first batch of an hour comes after a checkpoint over the hour before. An idle hour adds nothing."""
    for hours in (0, 0, 1, 3):
        clock.now = NOON + timedelta(hours=hours)
        appender.append([replace(ISSUED, time=clock.now)])
    clock.now += timedelta(hours=1)
    appender.append([])
    clock.now += timedelta(hours=1)
    appender.append([])
    issued, checkpoint = "token.issued", "checkpoint"
    assert events(tmp_path)[1:] == [issued, issued, checkpoint, issued, checkpoint, issued, checkpoint]


def test_signing_twice_adds_one_checkpoint(appender: Appender, tmp_path: Path) -> None:
    """A checkpoint needs no checkpoint."""
    appender.append([ISSUED])
    appender.sign()
    appender.sign()
    assert events(tmp_path) == ["file.opened", "token.issued", "checkpoint"]


@pytest.mark.parametrize("torn", [b'{"previous":"00', b"\0" * 100, b'half\n{"prev', b"a line end is here\n"])
def test_torn_bytes_stay_and_are_named(appender: Appender, options: TrailOptions, tmp_path: Path, torn: bytes) -> None:
    """The next writer after a crash deletes nothing. A line says what was torn, and a checkpoint signs it."""
    appender.append([ISSUED])
    with (tmp_path / FIRST).open("ab") as file:
        file.write(torn)
    Appender(options, Clock()).append([ISSUED])
    content = torn.removesuffix(b"\n")
    *_, issued, line, checkpoint, _ = chain_of(tmp_path)
    assert (issued["event"], line["event"], checkpoint["event"]) == ("token.issued", "line.torn", "checkpoint")
    assert (line["torn_sha256"], line["torn_bytes"]) == (sha256(content).hexdigest(), len(content))
    assert content in (tmp_path / FIRST).read_bytes()


def test_a_line_without_its_line_end_is_completed(appender: Appender, options: TrailOptions, tmp_path: Path) -> None:
    """A crash before the line end loses nothing, so nothing is reported."""
    appender.append([ISSUED])
    file = tmp_path / FIRST
    file.write_bytes(file.read_bytes().removesuffix(b"\n"))
    Appender(options, Clock()).append([ISSUED])
    assert events(tmp_path) == ["file.opened", "token.issued", "token.issued"]


def test_a_file_that_a_crash_left_half_closed_is_closed(options: TrailOptions, clock: Clock, tmp_path: Path) -> None:
    """After a crash between `file.closed` and its checkpoint, the next writer adds the checkpoint and opens a file."""
    appender = Appender(replace(options, rotate_bytes=1_024), clock)
    while "file.closed" not in events(tmp_path):
        appender.append([ISSUED])
    (tmp_path / FIRST.replace("1.", "2.")).unlink()
    *kept, _checkpoint = (tmp_path / FIRST).read_bytes().splitlines(keepends=True)
    (tmp_path / FIRST).write_bytes(b"".join(kept))
    Appender(options, clock).append([ISSUED])
    assert events(tmp_path)[-4:] == ["file.closed", "checkpoint", "file.opened", "token.issued"]


def test_a_file_that_was_closed_before_the_next_one_existed_stays_closed(
    options: TrailOptions, clock: Clock, tmp_path: Path
) -> None:
    """After a crash between two files, the next writer opens the next file."""
    appender = Appender(replace(options, rotate_bytes=1_024), clock)
    while "file.closed" not in events(tmp_path):
        appender.append([ISSUED])
    (tmp_path / FIRST.replace("1.", "2.")).unlink()
    before = (tmp_path / FIRST).read_bytes()
    Appender(options, clock).append([ISSUED])
    assert (tmp_path / FIRST).read_bytes() == before
    assert events(tmp_path)[-2:] == ["file.opened", "token.issued"]


def test_a_partial_write_says_how_many_lines_are_in_the_trail(appender: Appender, tmp_path: Path) -> None:
    """When the disk is full in the middle of a batch, its whole lines count as written, and the rest is torn."""
    appender.append([ISSUED])
    length = len(raw_lines(tmp_path)[-1]) + 1
    with _room(tmp_path, 2 * length + 20), pytest.raises(AppendError, match="File too large") as caught:
        appender.append([ISSUED] * 5)
    assert caught.value.written == 2
    appender.append([ISSUED])
    assert events(tmp_path)[1:] == ["token.issued"] * 3 + ["line.torn", "checkpoint", "token.issued"]


def test_a_folder_that_is_gone_is_an_error_until_it_is_back(appender: Appender, options: TrailOptions) -> None:
    """Nothing is written beside the folder, and the trail goes on when the folder is back."""
    appender.append([ISSUED])
    elsewhere = options.folder.rename(options.folder.with_name("elsewhere"))
    with pytest.raises(AppendError, match="No such file or directory"):
        appender.append([ISSUED])
    elsewhere.rename(options.folder)
    appender.append([ISSUED])
    assert len(chain_of(options.folder)) == 3


def test_removed_lines_leave_a_gap(appender: Appender, tmp_path: Path, log: io.StringIO) -> None:
    """If the files are deleted while the server runs, the numbers go on, so that the loss shows. The log says it."""
    appender.append([ISSUED])
    (tmp_path / FIRST).unlink()
    appender.append([ISSUED])
    opened, issued = map(json.loads, raw_lines(tmp_path))
    assert (opened["number"], issued["number"], opened["file"]) == (3, 4, FIRST.replace("1.", "2."))
    entry = json.loads(log.getvalue())
    assert (entry["event"], entry["last"], entry["written"]) == ("audit.lines_gone", 0, 2)


def test_a_file_that_was_cut_leaves_a_gap_too(appender: Appender, tmp_path: Path, log: io.StringIO) -> None:
    """If lines are cut off the newest file while the server runs, the chain goes on in a new file, behind the gap."""
    appender.append([ISSUED, ISSUED])
    first, *_ = (tmp_path / FIRST).read_bytes().splitlines(keepends=True)
    (tmp_path / FIRST).write_bytes(first)
    appender.append([ISSUED])
    assert [json.loads(line)["number"] for line in raw_lines(tmp_path)] == [1, 4, 5]
    assert json.loads(log.getvalue())["file"] == FIRST


def test_a_newest_file_without_a_line_is_an_error(appender: Appender, tmp_path: Path) -> None:
    """The writer does not guess where the chain stands. The message says what to do."""
    (tmp_path / FIRST).touch()
    with pytest.raises(AppendError, match=f"{FIRST} has no whole line; move it to another folder"):
        appender.append([ISSUED])


def test_a_durable_trail_is_flushed(options: TrailOptions, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `durable`, the lines are on disk when `append` returns. Without it, nothing waits for the disk."""
    flushed: list[int] = []
    appender, durable = Appender(options, clock), Appender(replace(options, durable=True), clock)
    appender.append([ISSUED])
    monkeypatch.setattr(os, "fdatasync", flushed.append)
    appender.append([ISSUED])
    assert not flushed
    durable.append([ISSUED])
    assert len(flushed) == 1


def test_the_files_belong_to_the_group(options: TrailOptions, clock: Clock, tmp_path: Path) -> None:
    """The group of the settings may read the files."""
    group = os.getgid() if os.geteuid() else 4
    Appender(replace(options, group=group), clock).append([ISSUED])
    assert (tmp_path / FIRST).stat().st_gid == group


def test_lines_that_waited_come_after_a_checkpoint(appender: Appender, clock: Clock, tmp_path: Path) -> None:
    """Lines of an hour before, which waited in a machine that slept, for example, come after a checkpoint of now."""
    appender.append([ISSUED])
    appender.sign()
    clock.now = NOON + timedelta(hours=3)
    appender.append([ISSUED, replace(ISSUED, time=clock.now)])
    appender.append([ISSUED])
    times = [(line["event"], line["time"][11:13]) for line in chain_of(tmp_path)[2:]]
    late, now = ("token.issued", NOON.strftime("%H")), clock.now.strftime("%H")
    assert times == [
        ("checkpoint", late[1]),
        ("checkpoint", now),
        late,
        ("checkpoint", now),
        ("token.issued", now),
        ("checkpoint", now),
        late,
    ]


def test_no_batch_has_lines_of_different_hours_without_a_checkpoint(
    appender: Appender, clock: Clock, tmp_path: Path
) -> None:
    """If lines waited while the clock was hours ahead and then went back, the trail is whole all the same."""
    ahead = NOON + timedelta(hours=6)
    clock.now = NOON + timedelta(hours=3)
    appender.append([ISSUED, ISSUED, replace(ISSUED, time=ahead), replace(ISSUED, time=ahead)])
    assert events(tmp_path)[1:] == ["checkpoint", *2 * ["token.issued"], "checkpoint", *2 * ["token.issued"]]
    verification = Verification(PublicKeys.of([KEY.public_key]))
    verification.run(stored_files(tmp_path))
    assert verification.fault is None


@pytest.mark.parametrize("hours", [0, 3])
def test_a_checkpoint_that_could_not_be_flushed_is_no_record(
    options: TrailOptions, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hours: int
) -> None:
    """If the flush of a checkpoint fails, the error counts no record as written, so that the record is not lost."""
    durable = Appender(replace(options, durable=True), clock)
    durable.append([ISSUED])
    clock.now = NOON + timedelta(hours=3)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", _fail)
        with pytest.raises(AppendError, match="Input/output error") as caught:
            durable.append([replace(ISSUED, time=NOON + timedelta(hours=hours))])
    assert caught.value.written == 0
    assert events(tmp_path)[1:] == ["token.issued", "checkpoint"]


def test_lines_that_could_not_be_flushed_are_not_written_twice(
    options: TrailOptions, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the flush fails, the lines are in the file all the same, and the error says so."""
    durable = Appender(replace(options, durable=True), clock)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", _fail)
        with pytest.raises(AppendError, match="Input/output error") as caught:
            durable.append([ISSUED, ISSUED])
    assert caught.value.written == 2
    assert events(tmp_path) == ["file.opened", "token.issued", "token.issued"]
