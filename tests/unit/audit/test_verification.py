"""A trail is verified: the first line that is wrong is named."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.audit.files import TrailFile
from handlers.audit.links import Fault
from handlers.audit.public_keys import PublicKeys
from handlers.audit.reading import stored_files
from handlers.audit.record import CHECKPOINT, LINE_TORN, TRAIL_RESUMED, Record
from handlers.audit.verification import CLOCK_TOLERANCE, LONGEST_UNSIGNED, MOST_NOTES, KnownLine, Verification
from tests.trails import PRIVATE_KEY, Lines, Trail, copied, places, rechained, trail, write

KEYS = PublicKeys.of([PRIVATE_KEY.public_key()])
NO_KEY = PublicKeys.of([])
GENUINE = trail().files
FIRST, SECOND, THIRD = GENUINE
PLACES = list(places(GENUINE))

Place = tuple[TrailFile, int]

a_place = st.sampled_from(PLACES[:-1])
"""Any line that has a line after it. Only a line after it can prove a change of the last line."""

compressions = st.integers(0, 2)
"""How many of the three files are compressed. The newest one never is."""

property_test = settings(max_examples=150, deadline=None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of a property."""
    return tmp_path_factory.mktemp("trail")


def _verified(folder: Path, keys: PublicKeys = KEYS, *, part: bool = False) -> Verification:
    verification = Verification(keys, part=part)
    for _ in verification.read(stored_files(folder)):
        pass
    return verification


def _fault(folder: Path, files: dict[TrailFile, Lines], compressed: int = 0, keys: PublicKeys = KEYS) -> Fault:
    write(folder, files, compressed)
    fault = _verified(folder, keys).fault
    assert fault
    return replace(fault, file=fault.file.removesuffix(".gz"))


def _found(folder: Path, files: dict[TrailFile, Lines], compressed: int = 0) -> tuple[str, int]:
    fault = _fault(folder, files, compressed)
    return fault.file, fault.line


def _named(place: Place) -> tuple[str, int]:
    return place[0].name, place[1] + 1


@pytest.mark.parametrize("compressed", [0, 1, 2])
@pytest.mark.parametrize("keys", [KEYS, NO_KEY])
def test_a_genuine_trail_is_whole(tmp_path: Path, compressed: int, keys: PublicKeys) -> None:
    """A trail that nobody changed has no fault, and all its lines and checkpoints are counted."""
    write(tmp_path, GENUINE, compressed)
    verification = _verified(tmp_path, keys)
    assert (verification.fault, verification.notes) == (None, [])
    assert (verification.lines, verification.checkpoints) == (len(PLACES), 5)
    assert verification.first
    assert verification.last
    assert verification.checkpoint
    numbers = [verification.first.number, verification.checkpoint.number, verification.last.number]
    assert numbers == [1, len(PLACES) - 1, len(PLACES)]


@property_test
@given(place=a_place, compressed=compressions, data=st.data())
def test_an_altered_byte_is_found(folder: Path, place: Place, compressed: int, data: st.DataObject) -> None:
    """Any change of any byte of a line is found, and that line is named."""
    files = copied(GENUINE)
    line = bytearray(files[place[0]][place[1]])
    line[data.draw(st.integers(0, len(line) - 1))] ^= data.draw(st.integers(1, 255))
    files[place[0]][place[1]] = bytes(line)
    assert _found(folder, files, compressed) == _named(place)


@property_test
@given(place=a_place, compressed=compressions)
def test_a_removed_line_is_found(folder: Path, place: Place, compressed: int) -> None:
    """If a line is removed, the place where it was is named, also at the ends of files."""
    files = copied(GENUINE)
    del files[place[0]][place[1]]
    assert _found(folder, files, compressed) == _named(place)


@property_test
@given(source=a_place, place=a_place, compressed=compressions)
def test_a_copied_line_is_found(folder: Path, source: Place, place: Place, compressed: int) -> None:
    """If a line is copied to any other place, the copy is named. Of two equal lines the second is the copy."""
    files = copied(GENUINE)
    line = files[source[0]][source[1]]
    is_same = source == place
    files[place[0]].insert(place[1], line)
    assert _found(folder, files, compressed) == _named((place[0], place[1] + is_same))


@property_test
@given(pair=st.lists(a_place, min_size=2, max_size=2, unique=True), compressed=compressions)
def test_swapped_lines_are_found(folder: Path, pair: list[Place], compressed: int) -> None:
    """If two lines change their places, the first of the two places is named."""
    files = copied(GENUINE)
    (one, at), (other, there) = pair
    files[one][at], files[other][there] = files[other][there], files[one][at]
    assert _found(folder, files, compressed) == _named(min(pair))


@property_test
@given(pair=st.lists(a_place, min_size=2, max_size=2, unique=True))
def test_a_moved_line_is_found(folder: Path, pair: list[Place]) -> None:
    """If a line is moved, the first place that changed is named: where it was, or where it is now."""
    files = copied(GENUINE)
    line = files[pair[0][0]].pop(pair[0][1])
    files[pair[1][0]].insert(pair[1][1], line)
    assert _found(folder, files) == _named(min(pair))


@property_test
@given(source=a_place, place=a_place, number=st.booleans(), previous=st.booleans())
def test_a_forged_line_is_found(folder: Path, source: Place, place: Place, *, number: bool, previous: bool) -> None:
    """A forged line is named, also if its number and its hash of the line before are right."""
    files = copied(GENUINE)
    right = orjson.loads(files[place[0]][place[1]])
    forged = {**orjson.loads(files[source[0]][source[1]]), "client": "FORGED"}
    forged |= {"number": right["number"]} if number else {}
    forged |= {"previous": right["previous"]} if previous else {}
    files[place[0]].insert(place[1], orjson.dumps(forged))
    assert _found(folder, files) == _named(place)


@property_test
@given(place=a_place)
def test_a_rewritten_chain_is_found(folder: Path, place: Place) -> None:
    """If somebody changes a line and computes all hashes anew, the next checkpoint has a wrong signature."""
    files = copied(GENUINE)
    altered = orjson.loads(files[place[0]][place[1]]) | {"client": "FORGED"}
    files[place[0]][place[1]] = orjson.dumps(altered)
    fault = _fault(folder, rechained(files))
    assert "; somebody may have rewritten the lines from number" in fault.message
    assert (fault.file, fault.line) >= _named(place)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(), lambda inner: st.lists(inner, max_size=2)
)


@property_test
@given(
    place=a_place, name=st.sampled_from([*orjson.loads(GENUINE[FIRST][5]), "file", "file_before"]), value=json_values
)
def test_a_member_of_any_type_is_found(folder: Path, place: Place, name: str, value: object) -> None:
    """A forged member of any type, also as a second member of its name, is found and never ends the verification."""
    line = GENUINE[place[0]][place[1]]
    forged = line.removesuffix(b"}") + f',"{name}":{json.dumps(value)}}}'.encode()
    files = copied(GENUINE)
    files[place[0]][place[1]] = forged
    assert _found(folder, files) == _named(place)


def _without(file: TrailFile) -> dict[TrailFile, Lines]:
    return {each: lines for each, lines in GENUINE.items() if each != file}


def _renamed(file: TrailFile, name: TrailFile) -> dict[TrailFile, Lines]:
    return _without(file) | {name: GENUINE[file]}


COPY = TrailFile(4, FIRST.day)
OTHER_DAY = TrailFile(THIRD.number, "20261130")


@pytest.mark.parametrize(
    ("files", "file", "message"),
    [
        (_without(FIRST), SECOND, "is not the beginning of a trail: the files or lines before it are missing"),
        (_without(SECOND), THIRD, f"comes after a gap: 1 file is missing between {FIRST.name}"),
        (GENUINE | {COPY: GENUINE[FIRST]}, COPY, f"opens {FIRST.name}: the file was renamed or copied"),
        (_renamed(THIRD, OTHER_DAY), OTHER_DAY, f"opens {THIRD.name}: the file was renamed or copied"),
        (GENUINE | {SECOND: GENUINE[FIRST]}, SECOND, f"opens {FIRST.name}: the file was renamed or copied"),
        (GENUINE | {FIRST: GENUINE[FIRST] + GENUINE[SECOND]}, FIRST, "begins another file in the middle of this one"),
    ],
)
def test_files_that_were_moved_are_found(
    tmp_path: Path, files: dict[TrailFile, Lines], file: TrailFile, message: str
) -> None:
    """A file that was removed, renamed, copied, exchanged or joined with another is found at the seam."""
    fault = _fault(tmp_path, files)
    assert (fault.file, fault.message[: len(message)]) == (file.name, message)


def test_several_missing_files_are_counted(tmp_path: Path) -> None:
    """The message says how many files are missing."""
    files = {file: lines for file, lines in trail(files=5).files.items() if file.number in {1, 5}}
    assert "3 files are missing between" in _fault(tmp_path, files).message


def test_a_second_file_of_a_number_is_found(tmp_path: Path) -> None:
    """Two files with one number, of different days, cannot both be genuine."""
    other = TrailFile(FIRST.number, "20261130")
    lines = [orjson.dumps(orjson.loads(line) | {"file": other.name}) for line in GENUINE[FIRST][:1]]
    fault = _fault(tmp_path, GENUINE | {other: lines})
    assert (fault.file, fault.message[:36]) == (other.name, "is in a second file with the number ")


def test_a_file_that_names_another_file_before_is_found(tmp_path: Path) -> None:
    """A file that was made for another trail does not name the file that is before it here."""
    files = copied(GENUINE)
    files[SECOND][0] = orjson.dumps(orjson.loads(files[SECOND][0]) | {"file_before": COPY.name})
    assert _fault(tmp_path, files).message.startswith(f"names {COPY.name} as the file before")


def test_a_part_of_a_trail_can_be_verified(tmp_path: Path) -> None:
    """Without its first file a trail can be verified as a part, and a change in it is found all the same."""
    files = copied(_without(FIRST))
    write(tmp_path, files)
    assert _verified(tmp_path, part=True).fault is None
    del files[SECOND][2]
    write(tmp_path, files)
    fault = _verified(tmp_path, part=True).fault
    assert fault
    assert (fault.file, fault.line) == (SECOND.name, 3)


def test_lines_that_were_cut_off_a_closed_file_are_found(tmp_path: Path) -> None:
    """If the end of a closed file is missing, the place of the first missing line in that file is named."""
    files = copied(GENUINE)
    del files[FIRST][6:]
    fault = _fault(tmp_path, files)
    assert fault == Fault(FIRST.name, 7, None, "is missing: numbers 7 to 9 were cut off the end of this file")


def test_a_file_that_no_checkpoint_closes_is_found(tmp_path: Path) -> None:
    """If the closing checkpoint is removed and the rest is computed anew, its place is named."""
    files = copied(GENUINE)
    del files[FIRST][-1]
    fault = _fault(tmp_path, rechained(files))
    assert fault == Fault(FIRST.name, 9, None, "is missing: the checkpoint that closes this file was removed")


def test_a_closed_file_ends_with_a_line_end(tmp_path: Path) -> None:
    """The line end of the last line of a closed file counts too."""
    write(tmp_path, GENUINE)
    (tmp_path / FIRST.name).write_bytes((tmp_path / FIRST.name).read_bytes()[:-1])
    fault = _verified(tmp_path).fault
    assert fault
    assert (fault.file, fault.line) == (FIRST.name, len(GENUINE[FIRST]))


def test_lines_that_were_cut_off_the_end_cannot_be_seen(tmp_path: Path) -> None:
    """Nothing in the files shows that the newest lines are missing. The documentation says so."""
    files = copied(GENUINE)
    del files[THIRD][3:]
    write(tmp_path, files)
    assert _verified(tmp_path).fault is None


def test_a_half_written_last_line_is_no_fault(tmp_path: Path) -> None:
    """Half a line at the end of the newest file is a note, because a server may be writing it."""
    write(tmp_path, GENUINE)
    newest = tmp_path / THIRD.name
    newest.write_bytes(newest.read_bytes()[:-10])
    verification = _verified(tmp_path)
    assert (verification.fault, verification.lines) == (None, len(PLACES) - 1)
    assert [note.partition(" ends with half a line")[0] for note in verification.notes] == [THIRD.name]


@pytest.mark.parametrize("content", [b"", b'{"previous":"0', GENUINE[THIRD][0][:-1]])
@pytest.mark.parametrize("files", [{}, {FIRST: GENUINE[FIRST], SECOND: GENUINE[SECOND]}])
def test_a_file_begins_with_a_whole_line(tmp_path: Path, files: dict[TrailFile, Lines], content: bytes) -> None:
    """A file gets its name when its first line is on disk, so an emptied newest file is found."""
    write(tmp_path, files)
    (tmp_path / THIRD.name).write_bytes(content)
    fault = _verified(tmp_path).fault
    assert fault
    assert (fault.file, fault.line) == (THIRD.name, 1)


def test_a_last_line_that_lacks_only_its_line_end_counts(tmp_path: Path) -> None:
    """A last line without its line end is a line, with a note."""
    write(tmp_path, GENUINE)
    newest = tmp_path / THIRD.name
    newest.write_bytes(newest.read_bytes()[:-1])
    verification = _verified(tmp_path)
    assert (verification.fault, verification.lines, len(verification.notes)) == (None, len(PLACES), 1)


@pytest.mark.parametrize("members", [{"lines": 4}, {"hash": "0" * 64}])
def test_a_checkpoint_of_other_lines_is_found(tmp_path: Path, members: dict[str, object]) -> None:
    """A checkpoint must name the hash of the line before it, and the number of lines. This needs no public key."""
    made = trail(files=1)
    checkpoint = made.key.checkpoint(made.last, made.now)
    made.add(Record(CHECKPOINT, made.now, {**checkpoint.fields, **members}))
    assert _fault(tmp_path, made.files, keys=NO_KEY).message.startswith("is a checkpoint of other lines")


def test_another_key_is_named(tmp_path: Path) -> None:
    """A checkpoint of a key that was not given is found, and the message has the fingerprint of that key."""
    other = PublicKeys.of([Ed25519PrivateKey.generate().public_key()])
    fault = _fault(tmp_path, GENUINE, keys=other)
    assert (fault.file, fault.line) == (FIRST.name, 6)
    assert fault.message.startswith(
        f"is signed with a key that was not given; its fingerprint is {Trail().key.fingerprint}"
    )


def test_a_trail_may_have_several_keys(tmp_path: Path) -> None:
    """After the key was replaced, both public keys together verify the trail."""
    new = Ed25519PrivateKey.generate()
    made = trail()
    made.key = type(made.key).of(new)
    made.sign()
    write(tmp_path, made.files)
    both = PublicKeys.of([new.public_key(), PRIVATE_KEY.public_key()])
    assert _verified(tmp_path, both).fault is None
    assert _verified(tmp_path).fault


def test_lines_without_a_checkpoint_for_over_an_hour_are_found(tmp_path: Path) -> None:
    """Somebody who removes the checkpoints of a file and computes the rest anew is found after an hour."""
    made = trail(files=1)
    made.now += LONGEST_UNSIGNED
    made.event("token.issued")
    fault = _fault(tmp_path, made.files)
    assert (fault.number, fault.line) == (8, 8)
    assert fault.message.startswith("comes without the checkpoint of the hour before")


def test_lines_that_waited_after_their_hour_are_no_fault(tmp_path: Path) -> None:
    """After a machine slept, lines of before and of now come in one batch, after a checkpoint of now."""
    made = trail(files=1)
    now = made.now + timedelta(hours=3)
    made.add(made.key.checkpoint(made.last, now))
    made.event("token.issued")
    made.now = now
    made.event("token.issued")
    made.write(tmp_path)
    assert _verified(tmp_path).fault is None


def test_torn_bytes_do_not_stand_for_a_checkpoint(tmp_path: Path) -> None:
    """Somebody without the key cannot hide missing checkpoints behind lines about torn bytes."""
    made = trail(files=1)
    for _ in range(2):
        made.now += LONGEST_UNSIGNED / 2
        made.add(Record(LINE_TORN, made.now, {"torn_sha256": sha256(b"").hexdigest(), "torn_bytes": 0}))
    made.event("token.issued")
    made.write(tmp_path)
    fault = _verified(tmp_path).fault
    assert fault
    assert fault.message.startswith("comes without the checkpoint of the hour before")


def test_a_file_may_be_closed_after_a_pause(tmp_path: Path) -> None:
    """After a night without requests, the first thing that the server does is to sign the lines of the day before."""
    made = trail(files=1)
    made.now += timedelta(days=1)
    made.sign()
    made.close()
    made.write(tmp_path)
    assert _verified(tmp_path).fault is None


def test_a_clock_that_went_back_is_noted(tmp_path: Path) -> None:
    """If time runs backwards by more than a minute, this is a note and no fault, because clocks are corrected."""
    made = trail(files=1)
    made.now -= CLOCK_TOLERANCE
    made.event("token.issued")
    made.now -= CLOCK_TOLERANCE + timedelta(seconds=2)
    made.event("token.issued")
    made.write(tmp_path)
    verification = _verified(tmp_path)
    assert verification.fault is None
    note = f"{FIRST.name} line 9 is 61 seconds older than the line before: it waited, or the clock was set back"
    assert verification.notes == [note]


def test_lines_that_were_lost_are_noted(tmp_path: Path) -> None:
    """A full disk loses lines. This is no alteration, but the reader of the trail must know it."""
    made = trail(files=1)
    made.event(TRAIL_RESUMED, cause="No space left on device", lines_lost=7)
    made.write(tmp_path)
    verification = _verified(tmp_path)
    assert verification.fault is None
    note = f"{FIRST.name} line 8 ends a time in which the trail could not be written; 7 lines were lost"
    assert verification.notes == [note]


def test_there_are_not_many_notes(tmp_path: Path) -> None:
    """The notes about a bad clock stay within one screen."""
    made = trail(files=1)
    for _ in range(MOST_NOTES + 1):
        made.now -= timedelta(minutes=5)
        made.event("token.issued")
    made.write(tmp_path)
    verification = _verified(tmp_path)
    assert (len(verification.notes), verification.more_notes) == (MOST_NOTES, 1)


def _two_copies(folder: Path, change: Callable[[Lines], object] = lambda _: None) -> Verification:
    write(folder, GENUINE)
    plain = (folder / FIRST.name).read_bytes()
    files = copied(GENUINE)
    change(files[FIRST])
    write(folder, files, compressed=1)
    (folder / FIRST.name).write_bytes(plain)
    return _verified(folder)


def test_a_file_may_be_there_twice_for_a_moment(tmp_path: Path) -> None:
    """While the server compresses a file, both copies are there, and count once."""
    verification = _two_copies(tmp_path)
    assert (verification.fault, verification.lines) == (None, len(PLACES))


def test_a_compressed_copy_that_differs_is_found(tmp_path: Path) -> None:
    """A forged compressed file beside the genuine one is found, and the first line that differs is named."""
    fault = _two_copies(tmp_path, lambda lines: lines.pop(4)).fault
    assert fault
    assert (fault.file, fault.line, fault.number) == (FIRST.compressed_name, 5, None)


def test_lines_after_a_fault_are_still_read(tmp_path: Path) -> None:
    """All lines of the trail are read, also those after the fault, but only lines before it count."""
    files = copied(GENUINE)
    del files[FIRST][3]
    write(tmp_path, files)
    verification = Verification(KEYS)
    read = list(verification.read(stored_files(tmp_path)))
    assert (verification.lines, len(read)) == (3, len(PLACES) - 1)


def _against(folder: Path, known: KnownLine) -> Fault | None:
    write(folder, GENUINE)
    verification = Verification(KEYS, known=known)
    verification.run(stored_files(folder))
    return verification.fault


def test_lines_that_were_cut_off_the_end_are_found_by_a_known_line(tmp_path: Path) -> None:
    """Somebody who kept the number and the hash of a line sees that the trail ends before it."""
    fault = _against(tmp_path, KnownLine(len(PLACES) + 1, "0" * 64))
    assert fault
    assert (fault.file, fault.line, fault.number) == (THIRD.name, len(GENUINE[THIRD]) + 1, None)
    assert fault.message == f"is missing: the trail once had number {len(PLACES) + 1}, so lines were cut off its end"


def test_a_known_line_that_is_not_here_is_named(tmp_path: Path) -> None:
    """With a part of a trail, a note says that the earlier result was not compared."""
    write(tmp_path, {THIRD: GENUINE[THIRD]})
    verification = Verification(KEYS, part=True, known=KnownLine(3, "0" * 64))
    verification.run(stored_files(tmp_path))
    note = "the first line in this folder comes after the line of the earlier result, number 3, so it was not compared"
    assert (verification.fault, verification.notes) == (None, [note])


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace(b'"lines":', b'"lines":1,"lines":'),
        lambda line: line.replace(b'"event":"c', b'"event":"\\u0063'),
        lambda line: orjson.dumps(dict(reversed(orjson.loads(line).items())) | {"previous": 1}),
        lambda line: line.replace(b',"hash"', b'.0,"hash"'),
    ],
    ids=["member twice", "escaped", "other order", "other number"],
)
def test_a_last_checkpoint_has_one_form(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    """No byte of the last checkpoint may change, although no line after it has its hash."""
    files = copied(GENUINE)
    files[THIRD] = files[THIRD][:-1]
    assert CHECKPOINT.encode() in files[THIRD][-1]
    changed = change(files[THIRD][-1])
    assert changed != files[THIRD][-1]
    files[THIRD][-1] = changed
    assert _fault(tmp_path, files).line == len(files[THIRD])


def test_a_known_line_must_have_its_hash(tmp_path: Path) -> None:
    """A line with the number of a known line, but with another hash, is found, and needs no signature."""
    line = GENUINE[SECOND][2]
    number = orjson.loads(line)["number"]
    assert _against(tmp_path, KnownLine(number, sha256(line).hexdigest())) is None
    fault = _against(tmp_path, KnownLine(number, "0" * 64))
    assert fault
    assert (fault.file, fault.line, fault.number) == (SECOND.name, 3, number)


def test_a_run_ends_at_the_first_fault(tmp_path: Path) -> None:
    """Files after the first fault are not read, so even a missing file behind it does not matter."""
    files = copied(GENUINE)
    del files[FIRST][3]
    write(tmp_path, files)
    listed = stored_files(tmp_path)
    (tmp_path / THIRD.name).unlink()
    verification = Verification(KEYS)
    verification.run(listed)
    assert verification.fault
    assert verification.fault.line == 4


def test_the_beginning_of_a_file_cannot_be_removed(tmp_path: Path) -> None:
    """A file that has lost its first line is told apart from a file that was renamed."""
    files = copied(GENUINE)
    del files[SECOND][0]
    fault = _fault(tmp_path, files)
    assert (fault.file, fault.line) == (SECOND.name, 1)
    assert fault.message == "is the first of its file, so its event must be file.opened: lines before it were removed"
