"""Structured logs on standard error: JSON lines, or readable lines if standard error is a terminal."""

import atexit
import logging
import os
import sys
from collections.abc import Callable, Sequence
from io import UnsupportedOperation
from typing import TextIO, cast

import structlog
from structlog.typing import Processor

from handlers.server.observability.background_writer import BackgroundWriter
from handlers.server.observability.escape_control_characters import escape_control_characters
from handlers.server.observability.json_line import JSON_LINE
from handlers.server.observability.mask_secrets import SECRET_MASKER

_STDLIB_LEVEL = logging.WARNING

_STEPS: Sequence[Processor] = (
    # Tracebacks have no local variables, because these can contain a signature or a token.
    structlog.processors.format_exc_info,
    # Masking comes before escaping, because it searches for the unescaped characters of a secret.
    SECRET_MASKER,
    escape_control_characters,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def set_up(stream: TextIO | None = None) -> Callable[[], None]:
    """Send every log line of this process and its libraries to the stream, in one format, with secrets masked.

    The default stream is standard error. If it is closed, log lines are discarded.

    Returns:
        A function that waits until all lines so far are written, for a limited time. It is also called at exit, unless
        a signal kills the process.
    """
    stream = stream or sys.stderr
    renderer = _renderer(readable=stream is not None and stream.isatty())
    lines = _background_stream(stream)
    structlog.configure(
        processors=[*_STEPS, renderer],
        logger_factory=structlog.WriteLoggerFactory(lines),
    )
    handler = logging.StreamHandler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_STEPS,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=_STDLIB_LEVEL, force=True)
    drain: Callable[[], None] = getattr(lines, "drain", lines.flush)
    return drain


def _renderer(*, readable: bool) -> Processor:
    if readable:
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return JSON_LINE


def _background_stream(stream: TextIO | None) -> TextIO:
    """A background writer to the stream's file descriptor, drained at exit. A stream without one is used directly."""
    if stream is None:
        writer = BackgroundWriter(os.open(os.devnull, os.O_WRONLY))
    else:
        try:
            writer = BackgroundWriter(stream.fileno())
        except UnsupportedOperation:
            return stream
    atexit.register(writer.drain)
    return cast("TextIO", writer)
