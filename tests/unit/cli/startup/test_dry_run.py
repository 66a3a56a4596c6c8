"""`serve --check`: it reports everything that would prevent a start."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from handlers.cli import main
from handlers.cli.startup import dry_run, running_server
from handlers.server.openapi import application, documents
from tests.engines import REDIS_SERVERS, RedisServer
from tests.merchant import Merchant, write_settings
from tests.nicepay import Nicepay, new_key
from tests.pages import page
from tests.trail_files import write_key
from tests.users import OPERATOR, OPERATORS_GROUP, SERVER_GROUP, SERVER_USER, acting_as, give_all, open_folder

SQLITE = '[state]\nurl = "sqlite:///state.db"'


def _check(settings: Path) -> int:
    return main(["serve", "--check", "--config", str(settings)])


@pytest.fixture(autouse=True)
def _free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNAP_TOKEN__SERVER__PORT", "0")


@pytest.fixture
def error_lines(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    """Gives the lines of standard error without their prefix, and checks that standard output is empty."""

    def lines() -> list[str]:
        out, err = capsys.readouterr()
        prefix = f"snap-token: {settings_file}: "
        assert out == ""
        assert all(line.startswith(prefix) for line in err.splitlines())
        return [line.removeprefix(prefix) for line in err.splitlines()]

    return lines


def test_a_check_of_valid_settings_succeeds(
    tmp_path: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a server would start, the check says so with status 0, and leaves no file behind."""
    settings = write_settings(tmp_path, nicepay, extra=f"[internal]\nport = 0\n{SQLITE}")
    files = set(tmp_path.iterdir())
    assert _check(settings) == 0
    assert capsys.readouterr() == (f"{settings}: good\n", "")
    assert set(tmp_path.iterdir()) == files


def test_warnings_do_not_fail_the_check(tmp_path: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]) -> None:
    """Each warning is one line on standard error, and the settings are still good."""
    settings = write_settings(tmp_path, nicepay, Nicepay("SHORT", new_key(1024)))
    assert _check(settings) == 0
    warning = "clients[1].public_keys: a key of 1024 bits is weak; ask for a key of 2048 bits or more"
    assert capsys.readouterr() == (f"{settings}: good\n", f"snap-token: warning: {settings}: {warning}\n")


def test_all_mistakes_are_reported_at_once(
    tmp_path: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch, error_lines: Callable[[], list[str]]
) -> None:
    """Two addresses in use and a state store that does not answer are three lines. The exit status is 2."""
    monkeypatch.setattr(running_server, "_TIMEOUT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as other:
        ports = [each.getsockname()[1] for each in (taken, other)]
        monkeypatch.setenv("SNAP_TOKEN__SERVER__PORT", str(ports[0]))
        extra = f'[internal]\nport = {ports[1]}\n[state]\nurl = "unix:///nowhere.sock?db=0"'
        assert _check(write_settings(tmp_path, nicepay, extra=extra)) == 2
    in_use = "Address already in use (is this server running already?)"
    public, internal, state = error_lines()
    assert (
        public == f"cannot listen on 127.0.0.1:{ports[0]}: {in_use}; set server.host and server.port to a free address"
    )
    assert internal.startswith(f"cannot listen on 127.0.0.1:{ports[1]}: {in_use}; set internal.host and ")
    assert state.startswith("state.url: the state store cannot be used: ConnectionError: ")
    assert state.endswith("; make it reachable and writable, or set another state.url")


def test_the_address_of_a_running_server_is_no_mistake(
    settings_file: Path, merchant: Merchant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside a running server of ours, the settings are good. A line says which address it uses."""
    address = merchant.origin.removeprefix("http://")
    monkeypatch.setenv("SNAP_TOKEN__SERVER__PORT", address.partition(":")[2])
    assert _check(settings_file) == 0
    note = f"{settings_file}: a running server uses {address}; stop it before another one starts"
    assert capsys.readouterr() == (f"{note}\n{settings_file}: good\n", "")


def test_a_read_only_redis_is_refused(
    tmp_path: Path, nicepay: Nicepay, emptied_redis: Callable[[str], RedisServer], capsys: pytest.CaptureFixture[str]
) -> None:
    """A Redis that refuses writes, for example a replica, cannot be the state store."""
    redis = emptied_redis(REDIS_SERVERS[0])
    settings = write_settings(tmp_path, nicepay, extra=f'[state]\nurl = "{redis.url}?db=0"')
    assert _check(settings) == 0
    with Redis.from_url(redis.url) as client:
        client.replicaof("127.0.0.1", "1")
        try:
            assert _check(settings) == 2
        finally:
            client.replicaof("NO", "ONE")
    *_, finding = capsys.readouterr().err.splitlines()
    assert finding.startswith(f"snap-token: {settings}: state.url: the state store cannot be used: ReadOnlyError: ")


RIGHTS = "~snap-token:* +@read +@write +@connection +@transaction +eval +info +config|get"
"""The rights of a Redis user that the page on several instances lists."""


@pytest.mark.parametrize("less", ["resetkeys", "-@read", "-@write", "-@transaction", "-eval"])
def test_a_redis_user_needs_each_right(
    tmp_path: Path, nicepay: Nicepay, emptied_redis: Callable[[str], RedisServer], less: str
) -> None:
    """A user with the rights in the page is enough, and one that lacks a necessary right is refused."""
    assert f" {RIGHTS}" in page("several-instances", "en")
    redis = emptied_redis(REDIS_SERVERS[0])
    settings = write_settings(tmp_path, nicepay, extra=f'[state]\nurl = "redis://app:secret@127.0.0.1:{redis.port}/0"')
    with Redis.from_url(redis.url) as client:
        client.execute_command("ACL SETUSER", "app", "on", ">secret", *RIGHTS.split())
        try:
            assert _check(settings) == 0
            client.execute_command("ACL SETUSER", "app", less)
            client.execute_command("CLIENT KILL", "USER", "app")
            assert _check(settings) == 2
        finally:
            client.execute_command("ACL DELUSER", "app")


def test_an_existing_state_file_is_kept(tmp_path: Path, nicepay: Nicepay) -> None:
    """An existing state file is written and read, and remains the same file."""
    settings = write_settings(tmp_path, nicepay, extra=SQLITE)
    assert main(["revoke", "--config", str(settings), "--client", nicepay.client_key]) == 0
    before = (tmp_path / "state.db").stat().st_ino
    assert _check(settings) == 0
    assert (tmp_path / "state.db").stat().st_ino == before


def test_a_file_of_another_program_is_refused(
    tmp_path: Path, nicepay: Nicepay, error_lines: Callable[[], list[str]]
) -> None:
    """If another program's file is at the path of the state file, the error names the path."""
    state = tmp_path / "state.db"
    state.write_bytes(b"something else" * 100)
    state.chmod(0o600)
    assert _check(write_settings(tmp_path, nicepay, extra=SQLITE)) == 2
    (finding,) = error_lines()
    assert finding.startswith(f"state.url: {state} cannot be used: ")


@pytest.mark.parametrize("there", [False, True], ids=["new", "old"])
def test_a_state_folder_that_cannot_be_written_is_refused(
    nicepay: Nicepay, capsys: pytest.CaptureFixture[str], *, there: bool
) -> None:
    """If the server's user cannot write in the folder of the state file, the check fails, with or without the file."""
    with open_folder() as folder:
        settings = write_settings(folder, nicepay, extra=SQLITE)
        give_all(folder, SERVER_USER, SERVER_GROUP)
        if there:
            assert main(["revoke", "--config", str(settings), "--client", nicepay.client_key]) == 0
            capsys.readouterr()
        os.chown(folder, 0, 0)
        with acting_as(SERVER_USER, SERVER_GROUP):
            assert _check(settings) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"snap-token: {settings}: state.url: ")
        assert "Permission denied" in line or "readonly database" in line or "unable to open" in line


def test_a_capture_folder_that_cannot_be_written_is_refused(
    nicepay: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check fails if another user owns the capture folder, and passes if the own user owns it."""
    with open_folder(SERVER_USER, SERVER_GROUP) as folder:
        captures = folder / "captures"
        captures.mkdir(mode=0o755)
        settings = write_settings(folder, nicepay, extra='[debug]\ncapture_dir = "captures"')
        give_all(folder, SERVER_USER, SERVER_GROUP)
        with acting_as(SERVER_USER, SERVER_GROUP):
            assert _check(settings) == 0
        capsys.readouterr()
        os.chown(captures, OPERATOR, OPERATORS_GROUP)
        with acting_as(SERVER_USER, SERVER_GROUP):
            assert _check(settings) == 2
        expected = f"debug.capture_dir: no file can be written in {captures}: Permission denied"
        assert capsys.readouterr() == ("", f"snap-token: {settings}: {expected}\n")


def test_the_folder_of_the_audit_trail_is_tried_and_not_made(
    nicepay: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check passes if the server can make the folder or write to it, and fails if another user owns it."""
    with open_folder(SERVER_USER, SERVER_GROUP) as folder:
        write_key(folder / "audit.pem")
        settings = write_settings(folder, nicepay, extra='[audit]\ndir = "audit"\nkey_file = "audit.pem"')
        give_all(folder, SERVER_USER, SERVER_GROUP)
        audit = folder / "audit"
        _check(settings)  # Imports everything, because another user may not be allowed to read the folder of Python.
        with acting_as(SERVER_USER, SERVER_GROUP):
            assert _check(settings) == 0
        assert not audit.exists()
        audit.mkdir(mode=0o755)
        os.chown(audit, SERVER_USER, SERVER_GROUP)
        with acting_as(SERVER_USER, SERVER_GROUP):
            assert _check(settings) == 0
        capsys.readouterr()
        assert list(audit.iterdir()) == []
        os.chown(audit, OPERATOR, OPERATORS_GROUP)
        with acting_as(SERVER_USER, SERVER_GROUP):
            assert _check(settings) == 2
        expected = f"audit.dir: no file can be written in {audit}: Permission denied"
        assert capsys.readouterr() == ("", f"snap-token: {settings}: {expected}\n")


def test_a_check_by_root_names_the_server_s_user(nicepay: Nicepay, capsys: pytest.CaptureFixture[str]) -> None:
    """If root runs the check, a warning says to run it again as the owner of the files."""
    with open_folder() as folder:
        settings = write_settings(folder, nicepay)
        give_all(folder, SERVER_USER, SERVER_GROUP)
        assert _check(settings) == 0
        who = f"root ran this check, and root can use every file; run it again as the server's user, {SERVER_USER}"
        assert capsys.readouterr().err == f"snap-token: warning: {settings}: {who}\n"


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        (None, "FileNotFoundError: [Errno 2] No such file or directory: "),
        ("a: ]", "ParserError: "),
        ("openapi: 3.0.3\ninfo: {title: a, version: '1'}", "InvalidSpecification: 'paths' is a required property"),
        ("operationId: nothing", "nothing: operationId: has no function"),
    ],
    ids=["missing", "no YAML", "no OpenAPI", "of another version"],
)
def test_a_damaged_document_is_an_error(
    settings_file: Path,
    error_lines: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    document: str | None,
    cause: str,
) -> None:
    """If a document of the installation is damaged, one line has the cause and the advice. The exit status is 2."""
    file = settings_file.with_name("document.yaml")
    if document:
        good = documents.DOCUMENT.read_text().replace("operationId: issueAccessToken", document)
        file.write_text(good if document.startswith("operationId") else document)
    monkeypatch.setattr(application, "DOCUMENT", file)
    assert _check(settings_file) == 2
    (finding,) = error_lines()
    assert finding.startswith(f"{file} cannot be served: {cause}")
    assert finding.endswith("; install snap-token-server again") == ("operationId" not in cause)


def test_a_check_has_no_services() -> None:
    """The applications of a check have no services, so that none of them can answer a request by mistake."""
    with pytest.raises(NotImplementedError):
        dry_run.no_services()
