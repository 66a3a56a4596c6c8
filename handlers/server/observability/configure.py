"""Structured logs on standard error: JSON lines, or readable ones when it is a terminal."""

import atexit
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from io import UnsupportedOperation
from typing import Any, TextIO, cast

import orjson
import structlog
from structlog.typing import Processor

from handlers.server.observability.background_writer import BackgroundWriter
from handlers.server.observability.escape_control_characters import escape_control_characters
from handlers.server.observability.mask_secrets import SECRET_MASKER

_STDLIB_LEVEL = logging.WARNING

_STEPS: Sequence[Processor] = (
    # Tracebacks without local variables: those may hold a signature or a token.
    structlog.processors.format_exc_info,
    # Before characters are escaped: a secret is found by its characters as they came.
    SECRET_MASKER,
    escape_control_characters,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def set_up(stream: TextIO | None = None) -> Callable[[], None]:
    """Send every log line of this process, the libraries' included, to the stream in one form.

    Without a stream it is standard error; if that is closed, lines go nowhere. Secrets are masked.

    The function that is returned waits for a bounded time until all lines so far are written. It is also called at
    the end of the process, unless a signal kills it.
    """
    stream = stream or sys.stderr
    renderer = _renderer(readable=stream is not None and stream.isatty())
    lines = _beside_the_work(stream)
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
    return structlog.processors.JSONRenderer(serializer=_serialized)


def _serialized(line: object, **options: Any) -> str:  # noqa: ANN401  structlog's, among them what to do with the rest
    try:
        return orjson.dumps(line, default=options["default"]).decode()
    except TypeError:  # A dictionary whose keys are no texts: slower.
        return json.dumps(line, **options)


def _beside_the_work(stream: TextIO | None) -> TextIO:
    """A writer to the stream's descriptor, emptied at the end; a stream that has none is written as it is."""
    if stream is None:
        writer = BackgroundWriter(os.open(os.devnull, os.O_WRONLY))
    else:
        try:
            writer = BackgroundWriter(stream.fileno())
        except UnsupportedOperation:
            return stream
    atexit.register(writer.drain)
    return cast("TextIO", writer)
