"""The services of now, while the files that they come from change."""

import asyncio
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

from handlers.cli.files.atomic_write import replace
from handlers.cli.files.edit_settings import with_client
from handlers.config import regular_files
from handlers.config.settings import Settings
from handlers.config.watched_files import FileStamps, all_stamps_match, any_status_changed, record_files
from handlers.server.observability import configure
from handlers.server.process import reload
from handlers.server.process.reload import ReloadingServices
from handlers.services import Services
from handlers.snap.token import TamperedTokenError
from tests.engines import asynchronous
from tests.merchant import NOON, Clock, services_of, write_settings
from tests.nicepay import Nicepay, new_key

PATIENCE = 20
"""Seconds."""

LOOKS = 5
"""So many without an event are taken for none at all."""


class Log(io.StringIO):
    """Lines that can be waited for, from whatever thread they come."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self.lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def write(self, text: str) -> int:
        for line in text.splitlines():
            self._loop.call_soon_threadsafe(self.lines.put_nowait, json.loads(line))
        return len(text)

    async def next(self, event: str) -> dict[str, Any]:
        """The next line, which tells of this event."""
        async with asyncio.timeout(PATIENCE):
            line = await self.lines.get()
        assert line["event"] == event, line
        return line


class Assembling:
    """Makes services; a test may have it wait, fail, or do something on the way."""

    def __init__(self) -> None:
        self.times = 0
        self.on_the_way: Callable[[], object] = lambda: None

    def __call__(self, settings: Settings) -> Services:
        self.times += 1
        self.on_the_way()
        return services_of(settings, Clock())


class Looks:
    """Counts the looks that find nothing new."""

    def __init__(self, look: Callable[[FileStamps], bool], *, quiet: bool) -> None:
        self._look = look
        self._is_quiet = quiet
        self._quiet = Semaphore(0)

    def __call__(self, files: FileStamps) -> bool:
        if (found := self._look(files)) is self._is_quiet:
            self._quiet.release()
        return found

    async def some(self) -> None:
        """Wait for some more of them, from now on."""
        while self._quiet.acquire(blocking=False):
            pass
        for _ in range(LOOKS):
            assert await asyncio.to_thread(self._quiet.acquire, timeout=PATIENCE)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    """Lets a test wait until the files have been looked at."""
    looks = Looks(any_status_changed, quiet=False)
    monkeypatch.setattr(reload, "any_status_changed", looks)
    return looks


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """FileStamps are looked at a hundred times a second."""
    monkeypatch.setattr(reload, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(reload, "QUIET_SECONDS", 0.01)
    yield
    configure.set_up(io.StringIO())


@pytest.fixture
def assembling() -> Assembling:
    """Makes services without further ado."""
    return Assembling()


@asynccontextmanager
async def _kept(
    file: Path, assembling: Callable[[Settings], Services], meanwhile: Callable[[], object] = lambda: None
) -> AsyncIterator[tuple[ReloadingServices, Log]]:
    """Services that follow their files; something may happen between the first reading and the first look."""
    log = Log()
    configure.set_up(log)
    with record_files() as files:
        settings = Settings.load(file)
    meanwhile()
    services = ReloadingServices(file, settings, assembling)
    async with services.running(files):
        yield services, log


def _put(file: Path, text: str, mode: int = 0o600) -> None:
    """In one step, so that no look meets half of it."""
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
    """Have another key mint."""
    key = Fernet.generate_key()
    _put(file.with_name("token.keys"), key.decode())
    return key


def _mints_with(services: Services, key: bytes) -> bool:
    """Whether it is this key that mints."""
    return bool(Fernet(key).extract_timestamp(services.token_keys.issue("A", NOON)))


@asynchronous
async def test_a_changed_file_is_read(settings_file: Path, assembling: Assembling) -> None:
    """A new token key mints once its file has changed, and a line names the keys by their fingerprints."""
    async with _kept(settings_file, assembling) as (services, log):
        before = services()
        key = _new_key(settings_file)
        line = await log.next("settings.read")
        assert _mints_with(services(), key)
    assert line["token_keys"] == Settings.load(settings_file).token.fingerprints
    with pytest.raises(TamperedTokenError):
        before.token_keys.verify(services().token_keys.issue("A", NOON), NOON)


@asynchronous
async def test_a_file_that_takes_another_s_place_is_read(
    settings_file: Path, assembling: Assembling, stranger: Nicepay
) -> None:
    """Settings that a command has replaced are read, and the file of the client in them is followed from then on."""
    key_file = settings_file.with_name("new.pem")
    key_file.write_text(stranger.public_pem)
    added = with_client(settings_file, {"id": "NEW", "public_keys": ["new.pem"]})
    async with _kept(settings_file, assembling) as (services, log):
        replace(settings_file, added)
        assert (await log.next("settings.read"))["clients"] == 2
        _put(key_file, "no key")
        await log.next("settings.refused")
        assert "NEW" in services().clients


@asynchronous
async def test_a_short_key_is_warned_of_when_it_is_read(settings_file: Path, assembling: Assembling) -> None:
    """A public key that is too short to be good is told of at a change too, not at the start alone."""
    key_file = settings_file.with_name("IONPAYTEST.pem")
    async with _kept(settings_file, assembling) as (_, log):
        _put(key_file, Nicepay("IONPAYTEST", new_key(1024)).public_pem)
        assert (await log.next("client.key_is_short"))["client_key"] == "IONPAYTEST"
        await log.next("settings.read")


@asynchronous
async def test_nothing_is_missed_before_the_first_look(settings_file: Path, assembling: Assembling) -> None:
    """A file that changes after it was read, and before it is followed, is read again."""
    async with _kept(settings_file, assembling, lambda: _new_key(settings_file)) as (_, log):
        await log.next("settings.read")


@asynchronous
async def test_nothing_is_missed_while_reading(settings_file: Path, assembling: Assembling) -> None:
    """A file that changes while the others are still being read is read again."""
    keys: list[bytes] = []

    def change() -> None:
        if assembling.times == 2:
            keys.append(_new_key(settings_file))

    assembling.on_the_way = change
    async with _kept(settings_file, assembling) as (services, log):
        services.reload()
        await log.next("settings.read")
        await log.next("settings.read")
        assert _mints_with(services(), keys[0])


@asynchronous
async def test_a_bad_file_changes_nothing(settings_file: Path, assembling: Assembling, looks: Looks) -> None:
    """A file that is no key is told in one line, however often it is looked at; the old services stay."""
    async with _kept(settings_file, assembling) as (services, log):
        before = services()
        _put(settings_file.with_name("token.keys"), "no key")
        (mistake,) = (await log.next("settings.refused"))["mistakes"]
        await looks.some()
        assert log.lines.empty()
        assert services() is before
        _new_key(settings_file)
        await log.next("settings.read")
    assert mistake.startswith("token.keys_file: ")


@asynchronous
async def test_a_file_that_is_being_written_is_waited_for(
    settings_file: Path, assembling: Assembling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings written in place, part by part, may be good before they are whole: they are read once they stay."""
    parts = ["\n# a part\n", "# another\n", "suspended = true\n"]
    begun = _text(settings_file)

    def write(files: FileStamps) -> bool:
        if parts:
            with settings_file.open("a") as file:
                file.write(parts.pop(0))
        return all_stamps_match(files)

    _put(settings_file, begun + "".join(parts))
    monkeypatch.setattr(reload, "all_stamps_match", write)
    async with _kept(settings_file, assembling) as (services, log):
        os.truncate(settings_file, len(begun))
        assert "clients_changed" not in await log.next("settings.read")
        assert (parts, assembling.times) == ([], 2)
        assert services().clients.find("IONPAYTEST").suspended


@asynchronous
async def test_who_tells_has_not_to_wait(
    settings_file: Path, assembling: Assembling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told to, it reads at once what would have to stay the same first."""
    monkeypatch.setattr(reload, "all_stamps_match", lambda _files: False)
    async with _kept(settings_file, assembling) as (services, log):
        key = _new_key(settings_file)
        services.reload()
        await log.next("settings.read")
        assert _mints_with(services(), key)


@asynchronous
@pytest.mark.parametrize("name", ["token.keys", "IONPAYTEST.pem", "snap-token.toml"])
async def test_a_pipe_in_a_file_s_place_stops_nothing(settings_file: Path, assembling: Assembling, name: str) -> None:
    """A pipe that nobody writes into is refused in time; the file that takes its place is read again."""
    file = settings_file.with_name(name)
    async with _kept(settings_file, assembling) as (services, log):
        before = services()
        aside = _aside_for_a_pipe(file)
        (mistake,) = (await log.next("settings.refused"))["mistakes"]
        assert f"{file} cannot be read: it is a pipe, a device or a socket" in mistake
        assert services() is before
        shutil.move(aside, file)
        await log.next("settings.read")


@asynchronous
async def test_a_file_system_without_an_answer_is_told_once(
    settings_file: Path, assembling: Assembling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that gives no answer is one line, the old services stay; once it answers, everything is read again."""
    file = settings_file.with_name("IONPAYTEST.pem")
    looks = Looks(all_stamps_match, quiet=True)
    monkeypatch.setattr(reload, "all_stamps_match", looks)
    async with _kept(settings_file, assembling) as (_, log):
        with monkeypatch.context() as patched:
            patched.setattr(regular_files, "_hanging", {file})
            _new_key(settings_file)
            (mistake,) = (await log.next("settings.refused"))["mistakes"]
            assert mistake == f"{file} cannot be read: its file system did not answer within 3 seconds"
            await looks.some()
            assert log.lines.empty()
        await log.next("settings.read")


@asynchronous
async def test_a_set_is_taken_as_a_whole(tmp_path: Path, nicepay: Nicepay, assembling: Assembling) -> None:
    """Where one file of several is bad, none is taken; once it is good, all are."""
    file = write_settings(tmp_path, nicepay, Nicepay("SECOND"))
    async with _kept(file, assembling) as (services, log):
        before = services()
        second = tmp_path / "SECOND.pem"
        good = second.read_text()
        _put(second, "no key")
        await log.next("settings.refused")
        key = _new_key(file)
        await log.next("settings.refused")
        assert services() is before
        _put(second, good)
        await log.next("settings.read")
        assert _mints_with(services(), key)


@asynchronous
async def test_what_was_refused_unread_is_followed(settings_file: Path, assembling: Assembling) -> None:
    """A file of keys that is missing, and then is one that others can read, is taken once it is its owner's alone."""
    new = settings_file.with_name("new.keys")
    async with _kept(settings_file, assembling) as (_, log):
        _edit(settings_file, "token.keys", "new.keys")
        assert "cannot be read" in (await log.next("settings.refused"))["mistakes"][0]
        _put(new, Fernet.generate_key().decode(), 0o644)
        assert "chmod 600" in (await log.next("settings.refused"))["mistakes"][0]
        new.chmod(0o600)
        await log.next("settings.read")


@asynchronous
async def test_settings_that_cannot_be_read_are_followed(settings_file: Path, assembling: Assembling) -> None:
    """Settings that vanish are told, and taken up when they are there again."""
    aside = settings_file.with_name("aside")
    async with _kept(settings_file, assembling) as (_, log):
        shutil.move(settings_file, aside)
        await log.next("settings.refused")
        shutil.move(aside, settings_file)
        await log.next("settings.read")


@asynchronous
async def test_what_is_named_no_more_is_not_followed(
    settings_file: Path, assembling: Assembling, nicepay: Nicepay, looks: Looks
) -> None:
    """A file that the settings name no longer may change as it likes."""
    old = settings_file.with_name(f"{nicepay.client_key}.pem")
    old.with_name("new.pem").write_text(old.read_text())
    async with _kept(settings_file, assembling) as (_, log):
        _edit(settings_file, old.name, "new.pem")
        await log.next("settings.read")
        old.unlink()
        await looks.some()
        assert log.lines.empty()


@asynchronous
async def test_everything_is_read_when_told_to(settings_file: Path, assembling: Assembling) -> None:
    """Told to, it reads files that have not changed."""
    async with _kept(settings_file, assembling) as (services, log):
        before = services()
        services.reload()
        await log.next("settings.read")
        assert services() is not before


@asynchronous
async def test_nothing_has_changed_where_it_is_read_again(settings_file: Path, assembling: Assembling) -> None:
    """The line of a reading says what has changed, and nothing of a reading that found the same."""
    async with _kept(settings_file, assembling) as (services, log):
        services.reload()
        line = await log.next("settings.read")
        assert line.keys() == {"event", "level", "timestamp", "clients", "token_keys"}
        services.reload()
        assert await log.next("settings.read") | {"timestamp": line["timestamp"]} == line


@asynchronous
async def test_being_told_while_reading_counts_once(settings_file: Path, assembling: Assembling, looks: Looks) -> None:
    """However often it is told to while it reads, it reads once more and not more often."""
    reading, going_on = asyncio.Event(), Event()
    loop = asyncio.get_running_loop()
    async with _kept(settings_file, assembling) as (services, log):

        def wait() -> None:
            loop.call_soon_threadsafe(reading.set)
            assert going_on.wait(PATIENCE)

        assembling.on_the_way = wait
        services.reload()
        await reading.wait()
        for _ in range(3):
            services.reload()
        going_on.set()
        await log.next("settings.read")
        await log.next("settings.read")
        await looks.some()
        assert log.lines.empty()


@asynchronous
async def test_an_unforeseen_error_changes_nothing(settings_file: Path, assembling: Assembling) -> None:
    """Whatever goes wrong is told with its traceback, the old services stay, and the files are followed on."""
    async with _kept(settings_file, assembling) as (services, log):
        before = services()
        assembling.on_the_way = lambda: 1 / 0
        services.reload()
        assert "ZeroDivisionError" in (await log.next("settings.refused"))["exception"]
        assert services() is before
        assembling.on_the_way = lambda: None
        _new_key(settings_file)
        await log.next("settings.read")
        assert services() is not before


@asynchronous
async def test_an_unforeseen_error_while_reading_is_told_once(
    settings_file: Path, assembling: Assembling, monkeypatch: pytest.MonkeyPatch, looks: Looks
) -> None:
    """What goes wrong while the settings are read is told with its traceback, until a file changes."""
    async with _kept(settings_file, assembling) as (_, log):
        with monkeypatch.context() as patched:
            patched.setattr("tomllib.loads", lambda _text: 1 / 0)
            _edit(settings_file, "300", "100")
            assert "ZeroDivisionError" in (await log.next("settings.refused"))["exception"]
            await looks.some()
            assert log.lines.empty()
        _edit(settings_file, "100", "200")
        await log.next("settings.read")


@asynchronous
async def test_what_needs_a_restart_is_told(settings_file: Path, assembling: Assembling) -> None:
    """A table that is read at start alone is named as long as it is not what it was at the start."""
    async with _kept(settings_file, assembling) as (_, log):
        _edit(settings_file, "[token]", "[server]\nport = 1\n[internal]\n[debug]\nexplain = false\n[token]")
        assert (await log.next("settings.need_restart"))["tables"] == ["server", "internal", "debug"]
        await log.next("settings.read")
        _new_key(settings_file)
        assert (await log.next("settings.need_restart"))["tables"] == ["server", "internal", "debug"]
        await log.next("settings.read")
        _edit(settings_file, "[server]\nport = 1\n[internal]\n[debug]\nexplain = false\n[token]", "[token]")
        await log.next("settings.read")


@asynchronous
async def test_the_end_does_not_wait_for_a_reading(settings_file: Path, assembling: Assembling) -> None:
    """The end of the block waits for no reading that is under way."""
    reading, going_on = asyncio.Event(), Event()
    loop = asyncio.get_running_loop()
    async with _kept(settings_file, assembling) as (services, _):

        def wait() -> None:
            loop.call_soon_threadsafe(reading.set)
            assert going_on.wait(PATIENCE)

        assembling.on_the_way = wait
        services.reload()
        await reading.wait()
    going_on.set()
