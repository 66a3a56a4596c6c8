"""The folders in which the server writes: whether it can write there, and how much room is left."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from handlers.cli.self_check.finding import Finding, error, findings_or, from_message, good, warning
from handlers.cli.startup import dry_run
from handlers.config.settings import Settings

MEBIBYTE = 2**20
LEAST_ROOM, ADVISED_ROOM = 100 * MEBIBYTE, 1024 * MEBIBYTE
"""Free bytes for this user. Less than the first is an error, less than the second a warning."""


def check_folders(settings: Settings) -> list[Finding]:
    """Whether files can be written in the folders that the settings name. The file of the check is never visible."""
    findings = [
        from_message("error", "files.folders", mistake)
        for attempt in dry_run.folder_attempts(settings)
        for mistake in dry_run.mistakes_of(attempt)
    ]
    names = ", ".join(_named_folders(settings))
    text = f"the server can write to {names}" if names else "the settings name no folder to write to"
    return findings_or(findings, good("files.folders", text))


def _named_folders(settings: Settings) -> Mapping[str, Path]:
    """The folders that keys of the settings name. The server makes a missing `audit.dir` at its start."""
    folders = {"debug.capture_dir": settings.debug.capture_dir, "audit.dir": settings.audit and settings.audit.dir}
    return {name: folder for name, folder in folders.items() if folder}


def check_room(settings: Settings, least: int = LEAST_ROOM, advised: int = ADVISED_ROOM) -> list[Finding]:
    """How much room the disks of these folders and of the state file have."""
    folders = dict(_named_folders(settings))
    if settings.state.url.file:
        folders["state.url"] = settings.state.url.file.parent
    rooms = {name: os.statvfs(folder if folder.exists() else folder.parent) for name, folder in folders.items()}
    findings = [finding for name, room in rooms.items() for finding in of_room(name, room, least, advised)]
    text = ", ".join(f"{name} has {_mebibytes(room):,} MiB" for name, room in rooms.items())
    return findings_or(findings, good("files.room", text or "the server writes no files"))


def of_room(name: str, room: os.statvfs_result, least: int, advised: int) -> Iterator[Finding]:
    """Whether a disk has room for more bytes and for more files. `name` is the setting that leads to the disk."""
    free = room.f_bavail * room.f_frsize
    found = f"the disk of {name} has {_mebibytes(room):,} MiB left for this user"
    if free < least:
        yield error("files.room", found, f"make {least // MEBIBYTE:,} MiB or more free")
    elif free < advised:
        yield warning("files.room", found, f"make {advised // MEBIBYTE:,} MiB or more free")
    if room.f_files and not room.f_favail:
        yield error("files.room", f"the disk of {name} has no inode left for a new file", "delete files there")


def _mebibytes(room: os.statvfs_result) -> int:
    return room.f_bavail * room.f_frsize // MEBIBYTE
