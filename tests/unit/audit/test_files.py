"""The names of the trail's files."""

from datetime import UTC, datetime
from pathlib import Path

from handlers.audit.files import TrailFile, files_in, jakarta_day, trail_files


def test_the_day_of_a_file_is_the_day_in_jakarta() -> None:
    """At 17:00 UTC the next day begins in Jakarta."""
    assert jakarta_day(datetime(2026, 11, 29, 16, 59, 59, tzinfo=UTC)) == "20261129"
    assert jakarta_day(datetime(2026, 11, 29, 17, tzinfo=UTC)) == "20261130"


def test_files_are_numbered_over_the_whole_trail() -> None:
    """The number of a file is one more than that of the file before, also on another day, and beyond six digits."""
    now = datetime(2026, 11, 29, 5, tzinfo=UTC)
    assert TrailFile.next_after(None, now).name == "audit-20261129-000001.jsonl"
    assert TrailFile.next_after(TrailFile(7, "20261128"), now).name == "audit-20261129-000008.jsonl"
    assert TrailFile.parse(TrailFile(1_000_000, "20261129").compressed_name) == TrailFile(1_000_000, "20261129")


def test_files_come_in_the_order_of_their_numbers_and_once_each(tmp_path: Path) -> None:
    """A file that is there twice, plain and compressed, is one file. Other names are no files of the trail."""
    names = ["audit-20261129-000002.jsonl", "audit-20261129-000002.jsonl.gz", "audit-20261130-000001.jsonl.gz"]
    for name in [*names, "lock", "audit-20261129-2.jsonl", "audit-20261129-000003.jsonl.gz.new", "notes.txt"]:
        (tmp_path / name).touch()
    files = [TrailFile(1, "20261130"), TrailFile(2, "20261129")]
    assert files_in(tmp_path) == trail_files(names) == files
