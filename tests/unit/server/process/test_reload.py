"""Reloading the services when files change."""

import asyncio
import dataclasses
import io
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from handlers.audit.appender import TrailOptions
from handlers.audit.checkpoint import CheckpointKey
from handlers.audit.writer import TrailWriter
from handlers.cli.files.atomic_write import replace
from handlers.cli.files.edit_settings import with_client
from handlers.config import regular_files
from handlers.config.published_keys import PUBLISHED
from handlers.config.settings import Settings
from handlers.config.watched_files import FileStamps, all_stamps_match, any_status_changed, record_files
from handlers.server.observability import configure
from handlers.server.process import reload
from handlers.server.process.reload import ReloadingServices
from handlers.services import Services
from handlers.snap.codes import SnapError
from handlers.snap.token import TamperedTokenError
from tests.engines import asynchronous
from tests.merchant import NOON, Clock, services_of, write_settings
from tests.metrics import increases, series, values
from tests.nicepay import Nicepay, new_key
from tests.published_key import PRIVATE_FILE, PUBLIC_FILE
from tests.trail_files import chain_of

PATIENCE = 60
"""Seconds."""

CHECKS = 5
"""This many checks without an event mean that no event comes."""


class Log(io.StringIO):
    """Log lines from any thread, which a test can wait for."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self.lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def write(self, text: str) -> int:
        for line in text.splitlines():
            self._loop.call_soon_threadsafe(self.lines.put_nowait, json.loads(line))
        return len(text)

    async def next(self, event: str) -> dict[str, Any]:
        """The next line with this event."""
        async with asyncio.timeout(PATIENCE):
            line = await self.lines.get()
        assert line["event"] == event, line
        return line


def _nothing() -> None:
    """Ignore the end of a reload."""


class Building:
    """Creates services. A test can make it wait, fail, or do something else first."""

    def __init__(self) -> None:
        self.times = 0
        self.on_the_way: Callable[[], object] = lambda: None

    def __call__(self, settings: Settings) -> Services:
        self.times += 1
        self.on_the_way()
        return services_of(settings, Clock())

    def pause(self) -> tuple[asyncio.Event, Event]:
        """Stop the next one. The first event says that it waits, and the second one lets it continue."""
        waiting, released = asyncio.Event(), Event()
        loop = asyncio.get_running_loop()

        def wait() -> None:
            loop.call_soon_threadsafe(waiting.set)
            assert released.wait(PATIENCE)

        self.on_the_way = wait
        return waiting, released


class Checks:
    """Counts the checks that find no change."""

    def __init__(self, look: Callable[[FileStamps], bool], *, quiet: bool) -> None:
        self._look = look
        self._is_quiet = quiet
        self._quiet = Semaphore(0)

    def __call__(self, files: FileStamps) -> bool:
        if (found := self._look(files)) is self._is_quiet:
            self._quiet.release()
        return found

    async def some(self) -> None:
        """Wait for some more checks."""
        while self._quiet.acquire(blocking=False):
            pass
        for _ in range(CHECKS):
            assert await asyncio.to_thread(self._quiet.acquire, timeout=PATIENCE)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Checks:
    """Lets a test wait for a check of the files."""
    checks = Checks(any_status_changed, quiet=False)
    monkeypatch.setattr(reload, "any_status_changed", checks)
    return checks


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The files are checked a hundred times per second."""
    monkeypatch.setattr(reload, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(reload, "QUIET_SECONDS", 0.01)
    yield
    configure.set_up(io.StringIO())


@pytest.fixture
def building() -> Building:
    """Creates services without a pause."""
    return Building()


@asynccontextmanager
async def _reloading(
    file: Path, building: Callable[[Settings], Services], meanwhile: Callable[[], object] = lambda: None
) -> AsyncIterator[tuple[ReloadingServices, Log]]:
    """Services that follow their files. Something can happen between the first reading and the first check."""
    log = Log()
    configure.set_up(log)
    with record_files() as files:
        settings = Settings.load(file)
    meanwhile()
    services = ReloadingServices(file, settings, building)
    async with services.running(files):
        yield services, log


def _put(file: Path, text: str, mode: int = 0o600) -> None:
    """Replace the file in one step, so that no check finds a part of it."""
    draft = file.with_name("draft")
    draft.write_text(text)
    draft.chmod(mode)
    draft.replace(file)


def _text(file: Path) -> str:
    return file.read_text()


def _aside_for_a_pipe(file: Path) -> Path:
    aside = file.rename(file.with_name("aside"))
    os.mkfifo(file, 0o600)
    return aside


def _edit(file: Path, old: str, new: str) -> None:
    _put(file, file.read_text().replace(old, new))


def _new_key(file: Path) -> bytes:
    """Replace the token key."""
    key = Fernet.generate_key()
    _put(file.with_name("token.keys"), key.decode())
    return key


def _mints_with(services: Services, key: bytes) -> bool:
    """Whether this key encrypts new tokens."""
    return bool(Fernet(key).extract_timestamp(services.token_keys.issue("A", NOON)))


@asynchronous
async def test_a_changed_file_is_read(settings_file: Path, building: Building) -> None:
    """A new token key mints after its file changed, and a line has the fingerprints of the keys."""
    async with _reloading(settings_file, building) as (services, log):
        before = services()
        key = _new_key(settings_file)
        line = await log.next("settings.read")
        assert _mints_with(services(), key)
    assert line["token_keys"] == Settings.load(settings_file).token.fingerprints
    with pytest.raises(TamperedTokenError):
        before.token_keys.verify(services().token_keys.issue("A", NOON), NOON)


@asynchronous
async def test_a_replaced_file_is_read(settings_file: Path, building: Building, stranger: Nicepay) -> None:
    """Replaced settings are read, and the key files that they name are watched from then on."""
    key_file = settings_file.with_name("new.pem")
    key_file.write_text(stranger.public_pem)
    added = with_client(settings_file, {"id": "NEW", "public_keys": ["new.pem"]})
    async with _reloading(settings_file, building) as (services, log):
        replace(settings_file, added)
        assert (await log.next("settings.read"))["clients"] == 2
        _put(key_file, "no key")
        await log.next("settings.refused")
        assert "NEW" in services().clients


@asynchronous
async def test_a_short_key_is_warned_of_when_it_is_read(settings_file: Path, building: Building) -> None:
    """The warning about a short public key is logged after a reload too."""
    key_file = settings_file.with_name("IONPAYTEST.pem")
    async with _reloading(settings_file, building) as (_, log):
        _put(key_file, Nicepay("IONPAYTEST", new_key(1024)).public_pem)
        assert (await log.next("client.key_is_short"))["client_key"] == "IONPAYTEST"
        await log.next("settings.read")


@asynchronous
async def test_no_change_is_missed_before_the_first_check(settings_file: Path, building: Building) -> None:
    """A file that changes after reading, and before the watch begins, is read again."""
    async with _reloading(settings_file, building, lambda: _new_key(settings_file)) as (_, log):
        await log.next("settings.read")


@asynchronous
async def test_no_change_is_missed_while_reading(settings_file: Path, building: Building) -> None:
    """A file that changes while the other files are read is read again."""
    keys: list[bytes] = []

    def change() -> None:
        if building.times == 2:
            keys.append(_new_key(settings_file))

    building.on_the_way = change
    async with _reloading(settings_file, building) as (services, log):
        services.reload(_nothing)
        await log.next("settings.read")
        await log.next("settings.read")
        assert _mints_with(services(), keys[0])


@asynchronous
async def test_an_invalid_file_changes_nothing(settings_file: Path, building: Building, checks: Checks) -> None:
    """An invalid key file is logged once, and the old services stay."""
    async with _reloading(settings_file, building) as (services, log):
        before = services()
        _put(settings_file.with_name("token.keys"), "no key")
        (mistake,) = (await log.next("settings.refused"))["mistakes"]
        await checks.some()
        assert log.lines.empty()
        assert services() == dataclasses.replace(before, settings_refused=True)
        _new_key(settings_file)
        await log.next("settings.read")
    assert mistake.startswith("token.keys_file: ")


@asynchronous
async def test_whoever_asked_for_a_reload_learns_of_its_end(settings_file: Path, building: Building) -> None:
    """The end of a reload is reported after its outcome, once, whether it was accepted or refused."""
    ends = asyncio.Queue[str]()
    async with _reloading(settings_file, building) as (services, log):
        services.reload(lambda: ends.put_nowait("accepted"))
        assert await ends.get() == "accepted"
        await log.next("settings.read")
        building.on_the_way = lambda: 1 / 0
        services.reload(lambda: ends.put_nowait("refused"))
        assert await ends.get() == "refused"
        await log.next("settings.refused")
        assert ends.empty()


@asynchronous
async def test_reloads_are_counted(settings_file: Path, building: Building) -> None:
    """The metrics have accepted and refused reloads, and the time of the last accepted one."""
    with increases() as risen:
        async with _reloading(settings_file, building) as (services, log):
            assert services.settings.clients
            services.reload(_nothing)
            await log.next("settings.read")
            building.on_the_way = lambda: 1 / 0
            services.reload(_nothing)
            await log.next("settings.refused")
            _put(settings_file.with_name("token.keys"), "no key")
            services.reload(_nothing)
            await log.next("settings.refused")
    name = "snap_settings_reloads_total"
    assert (risen[series(name, outcome="accepted")], risen[series(name, outcome="refused")]) == (1, 2)
    assert values()[series("snap_settings_loaded_timestamp_seconds")] == services().now().timestamp()


@asynchronous
async def test_the_last_reload_is_a_metric(settings_file: Path, building: Building) -> None:
    """A gauge is 1 from the start on, 0 after a refused reload, and 1 after an accepted one."""
    gauge = series("snap_settings_last_reload_successful")
    async with _reloading(settings_file, building) as (services, log):
        assert values()[gauge] == 1
        building.on_the_way = lambda: 1 / 0
        services.reload(_nothing)
        await log.next("settings.refused")
        assert values()[gauge] == 0
        building.on_the_way = lambda: None
        services.reload(_nothing)
        await log.next("settings.read")
        assert values()[gauge] == 1


@asynchronous
async def test_a_partly_written_file_is_not_applied(
    settings_file: Path, building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings that are written in parts can be valid too early. They are applied when they stop changing."""
    parts = ["\n# a part\n", "# another\n", "suspended = true\n"]
    begun = _text(settings_file)

    def write(files: FileStamps) -> bool:
        if parts:
            with settings_file.open("a") as file:
                file.write(parts.pop(0))
        return all_stamps_match(files)

    _put(settings_file, begun + "".join(parts))
    monkeypatch.setattr(reload, "all_stamps_match", write)
    async with _reloading(settings_file, building) as (services, log):
        os.truncate(settings_file, len(begun))
        assert "clients_changed" not in await log.next("settings.read")
        assert (parts, building.times) == ([], 2)
        assert services().clients.find("IONPAYTEST").suspended


@asynchronous
async def test_a_requested_reload_does_not_wait(
    settings_file: Path, building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A requested reload reads at once, without a second check."""
    monkeypatch.setattr(reload, "all_stamps_match", lambda _files: False)
    async with _reloading(settings_file, building) as (services, log):
        key = _new_key(settings_file)
        services.reload(_nothing)
        await log.next("settings.read")
        assert _mints_with(services(), key)


@asynchronous
@pytest.mark.parametrize("name", ["token.keys", "IONPAYTEST.pem", "snap-token.toml"])
async def test_a_pipe_stops_nothing(settings_file: Path, building: Building, name: str) -> None:
    """A pipe without a writer is refused in time. The file that replaces it is read."""
    file = settings_file.with_name(name)
    async with _reloading(settings_file, building) as (services, log):
        before = services()
        aside = _aside_for_a_pipe(file)
        (mistake,) = (await log.next("settings.refused"))["mistakes"]
        assert f"{file} cannot be read: it is a pipe, a device or a socket" in mistake
        assert services() == dataclasses.replace(before, settings_refused=True)
        shutil.move(aside, file)
        await log.next("settings.read")


@asynchronous
async def test_a_hanging_disk_is_logged_once(
    settings_file: Path, building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that does not answer causes one line. When it answers, all files are read again."""
    file = settings_file.with_name("IONPAYTEST.pem")
    checks = Checks(all_stamps_match, quiet=True)
    monkeypatch.setattr(reload, "all_stamps_match", checks)
    async with _reloading(settings_file, building) as (_, log):
        with monkeypatch.context() as patched:
            patched.setattr(regular_files, "_hanging", {file})
            _new_key(settings_file)
            (mistake,) = (await log.next("settings.refused"))["mistakes"]
            assert mistake == f"{file} cannot be read: its file system did not answer within 3 seconds"
            await checks.some()
            assert log.lines.empty()
        await log.next("settings.read")


@asynchronous
async def test_changes_are_applied_together(tmp_path: Path, nicepay: Nicepay, building: Building) -> None:
    """If one of several changed files is invalid, no change is applied. When all are valid, all are applied."""
    file = write_settings(tmp_path, nicepay, Nicepay("SECOND"))
    async with _reloading(file, building) as (services, log):
        before = services()
        second = tmp_path / "SECOND.pem"
        good = second.read_text()
        _put(second, "no key")
        await log.next("settings.refused")
        key = _new_key(file)
        await log.next("settings.refused")
        assert services() == dataclasses.replace(before, settings_refused=True)
        _put(second, good)
        await log.next("settings.read")
        assert _mints_with(services(), key)


@asynchronous
async def test_a_refused_file_is_watched(settings_file: Path, building: Building) -> None:
    """A key file that is missing, and then readable by others, is applied when only its owner can access it."""
    new = settings_file.with_name("new.keys")
    async with _reloading(settings_file, building) as (_, log):
        _edit(settings_file, "token.keys", "new.keys")
        assert "cannot be read" in (await log.next("settings.refused"))["mistakes"][0]
        _put(new, Fernet.generate_key().decode(), 0o644)
        assert "chmod 600" in (await log.next("settings.refused"))["mistakes"][0]
        new.chmod(0o600)
        await log.next("settings.read")


@asynchronous
async def test_unreadable_settings_are_watched(settings_file: Path, building: Building) -> None:
    """Deleted settings are logged, and applied when they exist again."""
    aside = settings_file.with_name("aside")
    async with _reloading(settings_file, building) as (_, log):
        shutil.move(settings_file, aside)
        await log.next("settings.refused")
        shutil.move(aside, settings_file)
        await log.next("settings.read")


@asynchronous
async def test_an_unused_file_is_not_watched(
    settings_file: Path, building: Building, nicepay: Nicepay, checks: Checks
) -> None:
    """A file that the settings no longer name can change without a reload."""
    old = settings_file.with_name(f"{nicepay.client_key}.pem")
    old.with_name("new.pem").write_text(old.read_text())
    async with _reloading(settings_file, building) as (_, log):
        _edit(settings_file, old.name, "new.pem")
        await log.next("settings.read")
        old.unlink()
        await checks.some()
        assert log.lines.empty()


@asynchronous
async def test_a_requested_reload_reads_unchanged_files(settings_file: Path, building: Building) -> None:
    """A requested reload also reads files that did not change."""
    async with _reloading(settings_file, building) as (services, log):
        before = services()
        services.reload(_nothing)
        await log.next("settings.read")
        assert services() is not before


@asynchronous
async def test_a_reload_changes_the_limits_of_requests(settings_file: Path, building: Building) -> None:
    """The new number is in force, and what was counted before is forgotten."""
    async with _reloading(settings_file, building) as (services, log):
        services().request_limits.require_client("A", None)
        _put(settings_file, "[limits]\nclient_requests_per_minute = 1\n" + _text(settings_file))
        assert (await log.next("settings.read"))["values_changed"] == ["limits.client_requests_per_minute"]
        services().request_limits.require_client("A", None)
        with pytest.raises(SnapError):
            services().request_limits.require_client("A", None)


@asynchronous
async def test_the_line_of_a_reload_lists_changes(settings_file: Path, building: Building) -> None:
    """The log line lists the changes, and lists none after a reload without changes."""
    async with _reloading(settings_file, building) as (services, log):
        services.reload(_nothing)
        line = await log.next("settings.read")
        assert line.keys() == {"event", "level", "timestamp", "clients", "token_keys"}
        services.reload(_nothing)
        assert await log.next("settings.read") | {"timestamp": line["timestamp"]} == line


@asynchronous
async def test_requests_while_reading_cause_one_reload(settings_file: Path, building: Building, checks: Checks) -> None:
    """Any number of requests during a reload cause one more reload."""
    async with _reloading(settings_file, building) as (services, log):
        waiting, released = building.pause()
        services.reload(_nothing)
        await waiting.wait()
        for _ in range(3):
            services.reload(_nothing)
        released.set()
        await log.next("settings.read")
        await log.next("settings.read")
        await checks.some()
        assert log.lines.empty()


@asynchronous
async def test_an_unexpected_error_changes_nothing(settings_file: Path, building: Building) -> None:
    """An unexpected error is logged with its traceback, the old services stay, and the files are watched."""
    async with _reloading(settings_file, building) as (services, log):
        before = services()
        building.on_the_way = lambda: 1 / 0
        services.reload(_nothing)
        assert "ZeroDivisionError" in (await log.next("settings.refused"))["exception"]
        assert services() == dataclasses.replace(before, settings_refused=True)
        building.on_the_way = lambda: None
        _new_key(settings_file)
        await log.next("settings.read")
        assert services() is not before


@asynchronous
async def test_an_unexpected_error_while_reading_is_logged_once(
    settings_file: Path, building: Building, monkeypatch: pytest.MonkeyPatch, checks: Checks
) -> None:
    """An error while reading is logged once with its traceback, until a file changes."""
    async with _reloading(settings_file, building) as (_, log):
        with monkeypatch.context() as patched:
            patched.setattr("tomllib.loads", lambda _text: 1 / 0)
            _edit(settings_file, "300", "100")
            assert "ZeroDivisionError" in (await log.next("settings.refused"))["exception"]
            await checks.some()
            assert log.lines.empty()
        _edit(settings_file, "100", "200")
        await log.next("settings.read")


@asynchronous
async def test_tables_that_need_a_restart_are_logged(settings_file: Path, building: Building) -> None:
    """A table that is read only at start is named at each reload while it differs from the start."""
    async with _reloading(settings_file, building) as (_, log):
        _edit(settings_file, "[token]", "[server]\nport = 1\n[internal]\n[debug]\nexplain = false\n[token]")
        assert (await log.next("settings.need_restart"))["tables"] == ["server", "internal", "debug"]
        await log.next("settings.read")
        _new_key(settings_file)
        assert (await log.next("settings.need_restart"))["tables"] == ["server", "internal", "debug"]
        await log.next("settings.read")
        _edit(settings_file, "[server]\nport = 1\n[internal]\n[debug]\nexplain = false\n[token]", "[token]")
        await log.next("settings.read")


@asynchronous
async def test_the_end_does_not_wait_for_a_reading(settings_file: Path, building: Building) -> None:
    """The end of the block does not wait for a running reading."""
    async with _reloading(settings_file, building) as (services, _):
        waiting, released = building.pause()
        services.reload(_nothing)
        await waiting.wait()
    released.set()


@asynchronous
async def test_a_reload_makes_no_sandbox_of_a_server(settings_file: Path, building: Building) -> None:
    """A server that started outside a sandbox refuses the published test key, even if the new settings enable one."""
    private_key = settings_file.with_name("test-key-private.pem")
    _put(private_key, PRIVATE_FILE.read_text())
    settings = f'[sandbox]\nenabled = true\nprivate_key_file = "{private_key}"\n{_text(settings_file)}'
    async with _reloading(settings_file, building) as (services, log):
        before = services()
        _put(settings_file, settings.replace("IONPAYTEST.pem", str(PUBLIC_FILE)))
        line = await log.next("settings.refused")
        assert services() == dataclasses.replace(before, settings_refused=True)
        _put(settings_file, settings)
        assert (await log.next("settings.need_restart"))["tables"] == ["sandbox"]
    assert line["mistakes"] == [f"clients[0].public_keys[0]: {PUBLISHED}"]


@asynchronous
async def test_a_sandbox_reloads_with_the_published_key(settings_file: Path, building: Building) -> None:
    """A server that started as a sandbox accepts the published test key in a reload."""
    private_key = settings_file.with_name("test-key-private.pem")
    _put(private_key, PRIVATE_FILE.read_text())
    _put(settings_file, f'[sandbox]\nenabled = true\nprivate_key_file = "{private_key}"\n{_text(settings_file)}')
    async with _reloading(settings_file, building) as (_, log):
        _edit(settings_file, "IONPAYTEST.pem", str(PUBLIC_FILE))
        assert "keys_added" in await log.next("settings.read")


@asynchronous
async def test_reloads_are_in_the_audit_trail(settings_file: Path, building: Building) -> None:
    """The trail says which settings were read or refused, with what is in the log. It has no key and no traceback."""
    key = CheckpointKey.of(Ed25519PrivateKey.generate())
    folder = settings_file.with_name("audit")
    folder.mkdir()
    trail = TrailWriter(TrailOptions(folder, key, 100_000), Clock(), continues=False)

    def build(settings: Settings) -> Services:
        return dataclasses.replace(building(settings), audit_trail=trail)

    text = settings_file.read_text()  # noqa: ASYNC240  a small file
    async with trail.running(), _reloading(settings_file, build) as (_, log):
        _put(settings_file, text.replace('id = "IONPAYTEST"', 'id = "OTHER"'))
        read = await log.next("settings.read")
        _put(settings_file, "[server]\nport = 99999\n" + text)
        refused = await log.next("settings.refused")
    _, line_read, line_refused, _ = chain_of(folder)
    assert (line_read["event"], line_read["clients_added"]) == ("settings.read", read["clients_added"])
    assert (line_refused["event"], line_refused["mistakes"]) == ("settings.refused", refused["mistakes"])
