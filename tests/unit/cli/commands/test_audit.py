"""`snap-token audit`."""

import csv
import io
import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from stat import S_IMODE

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from handlers.audit.checkpoint import CheckpointKey
from handlers.audit.public_keys import parse_public_key
from handlers.cli import main
from handlers.snap.token import fingerprint
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.trails import PRIVATE_KEY, PUBLIC_PEM, Trail, trail

Captured = pytest.CaptureFixture[str]
FORMULA = '=HYPERLINK("http://example.org")'


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """The file of the public key."""
    file = tmp_path / "audit.key.pub"
    file.write_bytes(PUBLIC_PEM)
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a genuine trail of three files, one of them compressed."""
    folder = tmp_path / "audit"
    trail().write(folder, compressed=1)
    return folder


def _forge(folder: Path) -> None:
    file = folder / "audit-20261129-000002.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"request_id":"1-2"', b'"request_id":"1-9"'))


FORGED = "audit-20261129-000002.jsonl line 4 (number 13) was altered: the next line has another hash for it"


def test_a_key_pair_is_made(tmp_path: Path, capsys: Captured) -> None:
    """`audit keygen` creates an Ed25519 key of mode 0600 and its public key, and prints its fingerprint."""
    private, public = tmp_path / "audit.key", tmp_path / "audit.key.pub"
    assert main(["audit", "keygen", str(private)]) == 0
    key = load_pem_private_key(private.read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    assert b"BEGIN PRIVATE KEY" in private.read_bytes()
    assert parse_public_key(public.read_bytes()) == key.public_key()
    assert [S_IMODE(file.stat().st_mode) for file in (private, public)] == [0o600, 0o644]
    made = CheckpointKey.parse(private.read_bytes())
    assert capsys.readouterr() == (f"{made.fingerprint}  SHA-256 of the public key in {public}\n", "")


@pytest.mark.parametrize("existing", ["audit.key", "audit.key.pub"])
def test_keys_are_never_overwritten(tmp_path: Path, existing: str, capsys: Captured) -> None:
    """If one of the two files exists, it stays, and the other one is not created."""
    (tmp_path / existing).write_text("old")
    assert main(["audit", "keygen", str(tmp_path / "audit.key")]) == 2
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {existing: "old"}
    assert f"{existing} exists and is left as it is" in capsys.readouterr().err


def test_a_whole_trail_is_verified(folder: Path, public: Path, capsys: Captured) -> None:
    """`audit verify` tells files, lines, period, checkpoints and verdict, with exit status 0."""
    assert main(["audit", "verify", str(folder), "--public-key", str(public)]) == 0
    assert capsys.readouterr() == (
        """\
files        3, from audit-20261129-000001.jsonl.gz to audit-20261129-000003.jsonl
lines        25 verified
from         2026-11-29 10:00:00 WIB, number 1
to           2026-11-29 10:00:15 WIB, number 25
checkpoints  5, signatures verified
end          1 line is not signed yet; add --earlier to see whether lines were cut off after the last one
verdict      whole
""",
        "",
    )


def test_a_trail_without_a_public_key_is_said_to_be_unsigned(folder: Path, capsys: Captured) -> None:
    """Without a public key the verdict says that no signature was verified."""
    assert main(["audit", "verify", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "checkpoints  5, signatures NOT verified\n" in out
    assert "verdict      the chain is whole, but no signature was verified; add --public-key\n" in out


def test_a_broken_trail_is_named(folder: Path, public: Path, capsys: Captured) -> None:
    """The verdict on a broken trail names file, line, number and what is wrong, with exit status 1."""
    _forge(folder)
    assert main(["audit", "verify", str(folder), "--public-key", str(public)]) == 1
    out = capsys.readouterr().out
    assert f"verdict      BROKEN: {FORGED}\n" in out
    assert "lines        12 verified before the broken one\n" in out
    assert "\nend " not in out


def test_a_trail_that_is_broken_at_its_first_line_has_no_period(folder: Path, capsys: Captured) -> None:
    """If no line is right, the output says so."""
    (folder / "audit-20261129-000001.jsonl.gz").unlink()
    assert main(["audit", "verify", str(folder)]) == 1
    assert "lines        0 verified before the broken one\nfrom         -\nto           -\n" in capsys.readouterr().out
    assert main(["audit", "verify", str(folder), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["last"] is None
    assert main(["audit", "verify", str(folder), "--part"]) == 0


def test_a_trail_without_a_checkpoint_is_unsigned(tmp_path: Path, capsys: Captured) -> None:
    """All lines of a young trail are not signed yet, and notes are shown."""
    made = Trail()
    made.open()
    made.event("token.issued")
    made.write(tmp_path)
    with next(tmp_path.iterdir()).open("ab") as file:
        file.write(b"{")
    assert main(["audit", "verify", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "end          2 lines are not signed yet" in out
    assert "note         audit-20261129-000001.jsonl ends with half a line" in out


def test_the_verdict_is_also_json(folder: Path, public: Path, capsys: Captured) -> None:
    """--json prints everything that the screen has, and the hashes of the last line and checkpoint."""
    assert main(["audit", "verify", str(folder), "--public-key", str(public), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    last = (folder / "audit-20261129-000003.jsonl").read_bytes().splitlines()[-1]
    assert result["last"] == {
        "file": "audit-20261129-000003.jsonl",
        "line": 7,
        "number": 25,
        "time": "2026-11-29T03:00:15.000000Z",
        "hash": sha256(last).hexdigest(),
    }
    assert (result["verdict"], result["signatures_verified"], result["fault"]) == ("whole", True, None)
    assert (result["files"], result["lines"], result["checkpoints"], result["notes"]) == (3, 25, 5, [])
    assert (result["first"]["number"], result["last_checkpoint"]["number"]) == (1, 24)


def test_a_fault_is_also_json(folder: Path, capsys: Captured) -> None:
    """--json names the fault with file, line, number and message."""
    _forge(folder)
    assert main(["audit", "verify", str(folder), "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["verdict"] == "broken"
    assert result["fault"] == {
        "file": "audit-20261129-000002.jsonl",
        "line": 4,
        "number": 13,
        "message": "was altered: the next line has another hash for it",
    }


def test_a_trail_that_was_cut_off_is_found_by_an_earlier_result(tmp_path: Path, folder: Path, capsys: Captured) -> None:
    """--earlier finds that the newest lines are missing. Without it nobody can see that."""
    assert main(["audit", "verify", str(folder), "--json"]) == 0
    earlier = tmp_path / "earlier.json"
    earlier.write_text(capsys.readouterr().out)
    assert main(["audit", "verify", str(folder), "--earlier", str(earlier)]) == 0
    unknown = "nothing shows whether lines that are younger than the earlier result were cut off"
    assert f"end          1 line is not signed yet; {unknown}\n" in capsys.readouterr().out
    (folder / "audit-20261129-000003.jsonl").unlink()
    assert main(["audit", "verify", str(folder)]) == 0
    assert main(["audit", "verify", str(folder), "--earlier", str(earlier)]) == 1
    assert "is missing: the trail once had number 25, so lines were cut off its end" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"last": null}',
        '{"last": {"number": "1", "hash": ""}}',
        '{"last": {"number": 1, "hash": ""}}',
        *(f'{{"last": {{"number": {number}, "hash": "{"0" * 64}"}}}}' for number in ("1e3", "true", "0", "-1", '"1"')),
    ],
)
def test_another_file_is_no_earlier_result(tmp_path: Path, folder: Path, text: str, capsys: Captured) -> None:
    """A file that is not the output of `verify --json` is refused."""
    earlier = tmp_path / "earlier.json"
    earlier.write_text(text)
    assert main(["audit", "verify", str(folder), "--earlier", str(earlier)]) == 2
    message = f"snap-token: {earlier} is not the output of snap-token audit verify --json\n"
    assert capsys.readouterr() == ("", message)


@pytest.mark.parametrize("command", ["verify", "show"])
def test_a_folder_must_have_a_trail(tmp_path: Path, command: str, capsys: Captured) -> None:
    """A missing folder, a file, and a folder without a trail are mistakes of one line."""
    (tmp_path / "file").touch()
    for name, message in (
        ("missing", "cannot be read: No such file or directory"),
        ("file", "cannot be read: Not a directory"),
        ("", "has no file of an audit trail; their names are like audit-20260122-000001.jsonl"),
    ):
        folder = tmp_path / name
        assert main(["audit", command, str(folder)]) == 2
        assert capsys.readouterr() == ("", f"snap-token: {folder} {message}\n")


def test_a_public_key_must_be_one(tmp_path: Path, folder: Path, capsys: Captured) -> None:
    """A file without an Ed25519 public key is a mistake."""
    assert (
        main(["audit", "verify", str(folder), "--public-key", str(tmp_path / "audit/audit-20261129-000002.jsonl")]) == 2
    )
    assert "audit-20261129-000002.jsonl: it must contain an Ed25519 public key in PEM" in capsys.readouterr().err


def test_lines_are_shown_as_a_table(folder: Path, public: Path, capsys: Captured) -> None:
    """`audit show` shows the matching lines in Jakarta time, and says that the trail is whole."""
    options = ["--event", "call.genuine", "--from", "2026-11-29", "--to", "2026-11-29T10:00:10+07:00"]
    assert main(["audit", "show", str(folder), "--public-key", str(public), *options]) == 0
    out, err = capsys.readouterr()
    head, *rows = out.splitlines()
    assert head.split("  ")[0] == "time (WIB)"
    assert [row.split()[:4] for row in rows] == [
        ["2026-11-29", f"10:00:{second}", "call.genuine", "IONPAYTEST"] for second in ("05", "10")
    ]
    assert err == "snap-token: 2 lines; the trail: whole\n"


def test_lines_of_a_broken_trail_are_shown_with_a_warning(folder: Path, capsys: Captured) -> None:
    """If the trail is broken, the lines are shown, the fault is named, and the exit status is 1."""
    _forge(folder)
    assert main(["audit", "show", str(folder), "--request-id", "1-9"]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert err == f"snap-token: 1 line; the trail: BROKEN: {FORGED}; do not rely on lines from there on\n"


@pytest.mark.parametrize(("how", "empty"), [("table", ""), ("json", "[]\n")])
def test_no_line_may_match(folder: Path, how: str, empty: str, capsys: Captured) -> None:
    """If no line matches, the command says so, with exit status 0. It names the values that the trail does not have."""
    verdict = "the chain is whole, but no signature was verified; add --public-key"
    for unknown, options in (
        ("", ["--event", "token.issued", "--outcome", "genuine"]),
        ("", ["--request-id", ""]),
        (", and no line of the trail has NOBODY", ["--client", "NOBODY"]),
        (", and no line of the trail has token.isued or true", ["--event", "token.isued", "--outcome", "true"]),
    ):
        assert main(["audit", "show", str(folder), *options, "--format", how]) == 0
        assert capsys.readouterr() == (empty, f"snap-token: no line matches{unknown}; the trail: {verdict}\n")


def test_lines_are_shown_as_json(folder: Path, capsys: Captured) -> None:
    """--format json prints an array of the lines, each with all of its members and its place."""
    assert main(["audit", "show", str(folder), "--outcome", "genuine", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [(line["number"], line["trail_file"], line["trail_line"]) for line in shown] == [
        (7, "audit-20261129-000001.jsonl.gz", 7),
        (16, "audit-20261129-000002.jsonl", 7),
        (25, "audit-20261129-000003.jsonl", 7),
    ]


def test_csv_has_no_formula(tmp_path: Path, capsys: Captured) -> None:
    """A cell of CSV that a spreadsheet would take for a formula begins with an apostrophe, and stays on its line."""
    made = Trail()
    made.open()
    made.event("call.refused", client=FORMULA, external_id="-1+1", path="@x", reason="a\r\nb", colour=["red"])
    made.write(tmp_path)
    assert main(["audit", "show", str(tmp_path), "--event", "call.refused", "--format", "csv"]) == 0
    out = capsys.readouterr().out
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["client"], row["external_id"], row["path"]) == (f"'{FORMULA}", "'-1+1", "'@x")
    assert (row["number"], row["reason"], row["other"]) == ("2", r"a\r\nb", '{"colour":["red"]}')
    assert len(out.splitlines()) == 2


def test_the_table_shows_no_control_characters(tmp_path: Path, capsys: Captured) -> None:
    """Text that a caller chose cannot change the terminal."""
    made = Trail()
    made.open()
    made.event("call.refused", client="\x1b[2J", path="/a\nb")
    made.write(tmp_path)
    assert main(["audit", "show", str(tmp_path), "--event", "call.refused"]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith(r"/a\nb")


def _token_trail(folder: Path) -> str:
    token = Fernet(Fernet.generate_key()).encrypt(b"IONPAYTEST").decode()
    made = Trail()
    made.open()
    for event in ("token.issued", "call.genuine"):
        made.event(event, client="IONPAYTEST", token=fingerprint(token))
        made.event(event, client="IONPAYTEST", token="0" * 64)
    made.event("tokens.revoked", client="IONPAYTEST")
    made.write(folder)
    return token


@pytest.mark.parametrize("form", ["{}", " {}\n", "Bearer {}\r\n"])
def test_the_life_of_a_token_is_shown(
    tmp_path: Path, form: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--token-file - reads a token from standard input, and shows to whom it was issued, its calls and its end."""
    token = _token_trail(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(form.format(token).encode())))
    assert main(["audit", "show", str(tmp_path), "--token-file", "-", "--format", "json"]) == 0
    captured = capsys.readouterr()
    assert [line["event"] for line in json.loads(captured.out)] == ["token.issued", "call.genuine", "tokens.revoked"]
    assert token not in captured.out + captured.err


@pytest.mark.parametrize(
    "text",
    ["", "0" * 100, "gAAAAA", "gAAAAA" + 92 * "A" + "!", "gAAAAA" + 95 * "A", '{"accessToken":"gAAAAA"}', "gAAAAAé"],
)
def test_other_text_is_no_token(tmp_path: Path, folder: Path, text: str, capsys: Captured) -> None:
    """A text that cannot be a token of this server is a mistake, and is not repeated."""
    file = tmp_path / "token"
    file.write_text(text)
    assert main(["audit", "show", str(folder), "--token-file", str(file)]) == 2
    message = "snap-token: --token-file must contain an access token of this server and nothing else\n"
    assert capsys.readouterr() == ("", message)


@pytest.fixture
def config(tmp_path: Path, folder: Path, nicepay: Nicepay) -> Path:
    """Settings whose audit trail is the genuine one."""
    private = tmp_path / "audit.key"
    private.write_bytes(PRIVATE_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    private.chmod(0o600)
    return write_settings(tmp_path, nicepay, extra=f'[audit]\ndir = "{folder.name}"\nkey_file = "audit.key"')


def test_the_settings_name_folder_and_key(config: Path, capsys: Captured) -> None:
    """With --config, the folder and the public key come from the settings."""
    assert main(["audit", "show", "--config", str(config), "--request-id", "1-2"]) == 0
    assert capsys.readouterr().err == "snap-token: 1 line; the trail: whole\n"


def test_the_settings_must_have_a_trail(tmp_path: Path, nicepay: Nicepay, capsys: Captured) -> None:
    """Settings without an audit trail are a mistake."""
    config = write_settings(tmp_path, nicepay)
    assert main(["audit", "show", "--config", str(config)]) == 2
    assert capsys.readouterr().err == f"snap-token: {config} has no table [audit], so there is no audit trail\n"


@pytest.mark.parametrize("both", [True, False])
def test_a_trail_is_named_once(config: Path, folder: Path, capsys: Captured, *, both: bool) -> None:
    """Either the folder or the settings name the trail."""
    named = [str(folder), "--config", str(config)] if both else []
    assert main(["audit", "show", *named]) == 2
    assert capsys.readouterr().err == "snap-token: name the trail with either its folder or --config\n"


def test_a_period_must_not_be_empty(folder: Path, capsys: Captured) -> None:
    """--from must not be later than --to."""
    assert main(["audit", "show", str(folder), "--from", "2026-11-30", "--to", "2026-11-29"]) == 2
    assert capsys.readouterr() == ("", "snap-token: --from is later than --to\n")


def test_errors_of_the_output_are_not_errors_of_the_trail(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the reader of the output has closed it, the exit status is that of a closed pipe."""

    def closed(_text: str) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("sys.stdout.write", closed)
    assert main(["audit", "show", str(folder)]) == 141


def test_a_disk_that_cannot_be_read_is_not_blamed_on_the_output(folder: Path, capsys: Captured) -> None:
    """An error in the middle of a file names that file. The kernel refuses to read address 0 of a process."""
    newest = folder / "audit-20261129-000003.jsonl"
    newest.unlink()
    newest.symlink_to("/proc/self/mem")
    for command in ("verify", "show"):
        assert main(["audit", command, str(folder)]) == 2
        assert capsys.readouterr().err == f"snap-token: {newest} cannot be read: Input/output error\n"


def test_the_notes_that_are_left_out_are_counted(tmp_path: Path, capsys: Captured) -> None:
    """If there are more notes than are shown, the summary and the JSON say how many."""
    made = trail(files=1)
    for _ in range(13):
        made.now -= timedelta(minutes=5)
        made.event("token.issued")
    made.write(tmp_path / "audit")
    assert main(["audit", "verify", str(tmp_path / "audit")]) == 0
    assert capsys.readouterr().out.endswith("note         and 3 more notes\n")
    assert main(["audit", "verify", str(tmp_path / "audit"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["more_notes"] == 3
