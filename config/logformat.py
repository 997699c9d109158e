"""From a log record to a finished line: JSON for files, readable text for terminals, no secrets in either."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.redaction import Redactor


class RedactingFormatter(logging.Formatter):
    """Formats with another formatter and hides every secret in the finished line, tracebacks included."""

    def __init__(self, inner: logging.Formatter, redactor: Redactor) -> None:
        super().__init__()
        self._inner = inner
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The finished line without secrets."""
        return self._redactor.redact(self._inner.format(record))


def json_formatter(redactor: Redactor) -> logging.Formatter:
    """One JSON object per record: ts, level, logger, event, then the event's own values."""
    return RedactingFormatter(_formatter(structlog.processors.format_exc_info, _json_line), redactor)


def terminal_formatter(redactor: Redactor, stream: TextIO) -> logging.Formatter:
    """Readable lines, coloured only where the stream is a terminal."""
    # Plain tracebacks: the pretty ones print the values of local variables.
    renderer = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), timestamp_key="ts", exception_formatter=structlog.dev.plain_traceback
    )
    return RedactingFormatter(_formatter(renderer), redactor)


def shared_processors() -> list[Processor]:
    """What every record goes through, from our loggers and from other libraries' alike."""
    return [
        structlog.stdlib.add_logger_name,
        _add_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        _add_time,
        _fix_exception,
        structlog.processors.StackInfoRenderer(),
    ]


def _formatter(*tail: Processor) -> logging.Formatter:
    first = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared_processors(), processors=[first, *tail])


def _add_level(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    record = event.get("_record")
    event["level"] = record.levelname.lower() if record is not None else method.replace("exception", "error")
    return event


def _add_time(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record = event.get("_record")
    moment = datetime.now(UTC) if record is None else datetime.fromtimestamp(record.created, UTC)
    event["ts"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def _fix_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # The writer is another thread, where "the current exception" is not ours.
    if event.get("exc_info") is True:
        event["exc_info"] = sys.exc_info()
    return event


def _json_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    first = {key: event.pop(key) for key in ("ts", "level", "logger", "event") if key in event}
    options = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
    try:
        return orjson.dumps({**first, **event}, default=str, option=options).decode()
    except TypeError:
        # Integers beyond 64 bits and the like: slower, but no record is lost.
        return json.dumps({str(key): value for key, value in {**first, **event}.items()}, default=str)
