"""Writes what a command has done to the audit trail."""

import os
import pwd

from handlers.audit.appender import Appender, AppendError
from handlers.audit.first_write import make_folder
from handlers.audit.record import Record
from handlers.cli.errors import UsageError
from handlers.cli.files.server_user import acting_as_owner, server_user_file
from handlers.config.audit_table import Audit
from handlers.config.regular_files import call_with_timeout
from handlers.config.settings import Settings
from handlers.server.process.assembly import system_clock, trail_options


def record_change(settings: Settings, event: str, **fields: object) -> None:
    """Write what the command has done, and the user who ran it. Do nothing if the settings have no audit trail.

    Call it after the change: a revocation must not wait for a full disk.

    Raises:
        UsageError: the trail cannot be written.
    """
    audit = settings.audit
    if audit is None:
        return
    record = Record(event, system_clock(), {**fields, "user": _user()})
    try:
        # Files that root creates must belong to the server's user.
        with acting_as_owner(server_user_file(settings.file)):
            call_with_timeout(audit.dir, lambda: _append(audit, record))
    except (AppendError, OSError) as error:
        cause = getattr(error, "strerror", None) or str(error) or "the disk does not answer"
        message = f"the change is made, but not recorded: the audit trail in {audit.dir} cannot be written: {cause}"
        raise UsageError(message) from error


def _append(audit: Audit, record: Record) -> None:
    make_folder(audit.dir, audit.group)
    appender = Appender(trail_options(audit), system_clock)
    appender.append([record])
    appender.sign()


def _user() -> str:
    """The name of the user who runs this command, or the number if it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
