"""Structured logging: JSON lines to a daily file, readable lines to a terminal, secrets redacted, never blocking."""

import logging
import queue
import sys
import threading
from collections.abc import Iterable, Mapping
from logging.handlers import QueueHandler
from pathlib import Path
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, WrappedLogger

from config.logfile import DailyFile
from config.logformat import json_formatter, shared_processors, terminal_formatter
from config.redaction import Redactor
from config.values import LogLevel

TRACE = 5
_QUEUE_LENGTH = 20_000
_PATIENCE_S = 5.0


class DeskLogger(structlog.stdlib.BoundLogger):
    """The logger of every module: trace, debug, info, warning, error, critical, exception; `bind(key=value)`."""

    def trace(self, event: str, **values: Any) -> None:
        """Log what is too much even for debugging; off unless LOG_LEVEL or a module's level says TRACE."""
        try:
            args, kwargs = self._process_event("trace", event, values)
        except structlog.DropEvent:
            return
        self._logger.log(TRACE, *args, **kwargs)


class LogPipeline:
    """The running pipeline: a queue, one writer thread, the handlers behind it. Stop it last, once."""

    def __init__(
        self, handlers: Iterable[logging.Handler], redactor: Redactor, *, capacity: int = _QUEUE_LENGTH
    ) -> None:
        self.redactor = redactor
        self._handlers = tuple(handlers)
        self._entry = _Entry(capacity)
        self._writer = _Writer(self._entry.records, self._handlers)

    @property
    def dropped(self) -> int:
        """How many records were lost because the queue was full: a stalled disk must not stall the desk."""
        return self._entry.dropped

    def start(self) -> None:
        """Take over the root logger."""
        root = logging.getLogger()
        for handler in tuple(root.handlers):
            if isinstance(handler, _Entry):
                root.removeHandler(handler)
        root.addHandler(self._entry)
        self._writer.start()

    def stop(self) -> None:
        """Write what is queued, then close the handlers; gives up after a few seconds when the writer is stalled."""
        logging.getLogger().removeHandler(self._entry)
        if not self._writer.finish(_PATIENCE_S):
            return
        for handler in self._handlers:
            handler.close()


def get_logger(name: str) -> DeskLogger:
    """The logger of a module; may be called before `configure_logging`."""
    return cast("DeskLogger", structlog.stdlib.get_logger(name))


def configure_logging(
    *,
    level: LogLevel = LogLevel.INFO,
    module_levels: Mapping[str, LogLevel] | None = None,
    folder: Path | None = None,
    secrets: Iterable[str] = (),
    terminal: TextIO | None = None,
    terminal_level: LogLevel = LogLevel.TRACE,
) -> LogPipeline:
    """Start logging to `folder` (none: no file) and to `terminal` (none: stderr); returns the pipeline to be stopped.

    Colours only where the terminal is one, and there nothing below `terminal_level`.
    """
    # Otherwise the library prints a record that cannot be formatted, secrets and all.
    logging.raiseExceptions = False
    redactor = Redactor(secrets)
    stream = terminal or sys.stderr
    handlers: list[logging.Handler] = [logging.StreamHandler(stream)]
    handlers[0].setFormatter(terminal_formatter(redactor, stream))
    handlers[0].setLevel(_number(terminal_level))
    if folder is not None:
        handlers.append(DailyFile(folder))
        handlers[1].setFormatter(json_formatter(redactor))
    _set_levels(level, module_levels or {})
    pipeline = LogPipeline(handlers, redactor)
    pipeline.start()
    return pipeline


class _Entry(QueueHandler):
    def __init__(self, capacity: int) -> None:
        self.records: queue.Queue[Any] = queue.Queue(capacity)
        super().__init__(self.records)
        self.dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        # The base class would flatten the event's values to text; the writer is a thread of this process.
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.records.put_nowait(record)
        except queue.Full:
            self.dropped += 1


class _Writer(threading.Thread):
    def __init__(self, records: queue.Queue[Any], handlers: tuple[logging.Handler, ...]) -> None:
        super().__init__(name="log writer", daemon=True)
        self._records = records
        self._sinks = handlers

    def run(self) -> None:
        while (record := self._records.get()) is not None:
            for sink in self._sinks:
                if record.levelno >= sink.level:
                    sink.handle(record)

    def finish(self, patience_s: float) -> bool:
        try:
            self._records.put(None, timeout=patience_s)
        except queue.Full:
            return False
        self.join(patience_s)
        return not self.is_alive()


def _drop_by_level(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    name = "ERROR" if method == "exception" else method.upper()
    if not logger.isEnabledFor(logging.getLevelNamesMapping()[name]):
        raise structlog.DropEvent
    return event


def _set_levels(level: LogLevel, module_levels: Mapping[str, LogLevel]) -> None:
    logging.getLogger().setLevel(_number(level))
    for module, wanted in module_levels.items():
        logging.getLogger(module).setLevel(_number(wanted))


def _number(level: LogLevel) -> int:
    return TRACE if level is LogLevel.TRACE else int(logging.getLevelNamesMapping()[level])


def _configure_structlog() -> None:
    logging.addLevelName(TRACE, "TRACE")
    structlog.configure(
        processors=[
            _drop_by_level,
            structlog.contextvars.merge_contextvars,
            *shared_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=DeskLogger,
        cache_logger_on_first_use=True,
    )


# On import, so that a logger made before `configure_logging`, or in a worker process, is the same kind of logger.
_configure_structlog()
