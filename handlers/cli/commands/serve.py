"""`snap-token serve`: run the server."""

import sys
from collections.abc import Callable
from pathlib import Path

import structlog

from handlers.cli.errors import USAGE_ERROR_STATUS, UsageError
from handlers.cli.settings_file import load_settings
from handlers.cli.startup import dry_run, resources, serving, supervising
from handlers.cli.startup.inherited import mend_inheritance
from handlers.config.watched_files import record_files
from handlers.server.observability import configure
from handlers.server.observability.json_line import JSON_LINE
from handlers.server.process import assembly, lifecycle
from handlers.server.process.exit_deadline import exit_deadline


def serve(*, config: Path, check: bool = False) -> int:
    """Run the server until it gets SIGINT or SIGTERM.

    Exit status 2 if the server cannot start. On a terminal, plain lines say why. Otherwise the log has one line of JSON
    that says why.

    Example: snap-token serve --config sandbox/snap-token.toml

    Args:
        config: The settings file.
        check: Do not start the server, only check whether it would start: settings and keys, addresses, the state
            store, the folder for captures, the API documents. Print every mistake and every warning. An address that a
            running server uses is no mistake.
    """
    drain = configure.set_up()
    if check:
        dry_run.check(config)
        return 0
    try:
        _start(config, drain)
    except UsageError as error:
        if sys.stderr.isatty():
            raise
        structlog.get_logger().error("start.failed", mistakes=error.mistakes)
        return USAGE_ERROR_STATUS
    structlog.get_logger().info("server.stopped")
    return 0


def _start(config: Path, drain: Callable[[], None]) -> None:
    mend_inheritance()
    resources.require_libraries()
    with record_files() as files:
        settings = load_settings(config)
    JSON_LINE.use(settings.log.fields)
    assembly.log_setting_warnings(settings)
    with (
        lifecycle.end_quietly_on_signals(),
        exit_deadline(drain) as deadline,
        resources.open_listeners(settings) as listeners,
    ):
        start = serving.Start(settings, files, listeners, drain, deadline)
        if settings.server.workers == 1:
            serving.serve(start, serving.Alone(start))
        else:
            supervising.supervise(start)
