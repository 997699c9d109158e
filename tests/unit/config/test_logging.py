"""The log pipeline: files by day, readable terminal, no secret, no blocking."""

import io
import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from config.logfile import DailyFile
from config.logging import LogPipeline, configure_logging, get_logger
from config.redaction import Redactor
from config.values import LogLevel

type Start = Callable[..., LogPipeline]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the pipeline with a folder below the temporary one; everything is put back afterwards."""
    root = logging.getLogger()
    before, loud = root.level, logging.raiseExceptions
    modules: list[str] = []

    def begin(**arguments: Any) -> LogPipeline:
        modules.extend(arguments.get("module_levels") or {})
        return configure_logging(**{"folder": tmp_path / "logs", "terminal": io.StringIO(), **arguments})

    yield begin
    root.setLevel(before)
    logging.raiseExceptions = loud
    for module in modules:
        logging.getLogger(module).setLevel(logging.NOTSET)


def _lines(folder: Path) -> list[dict[str, object]]:
    (path,) = folder.joinpath("logs").iterdir()
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_event_becomes_one_json_line_of_today(start: Start, tmp_path: Path) -> None:
    pipeline = start()
    get_logger("engine.live").info("order placed", client_id="a1", qty=3)
    pipeline.stop()
    (line,) = _lines(tmp_path)
    moment = datetime.fromisoformat(str(line.pop("ts")))
    assert line == {"level": "info", "logger": "engine.live", "event": "order placed", "client_id": "a1", "qty": 3}
    assert (tmp_path / "logs" / f"desk-{moment:%Y-%m-%d}.log").exists()


def test_other_libraries_are_logged_alike(start: Start, tmp_path: Path) -> None:
    pipeline = start()
    logging.getLogger("aiogram.event").warning("update %s refused", 7)
    pipeline.stop()
    (line,) = _lines(tmp_path)
    assert (line["level"], line["logger"], line["event"]) == ("warning", "aiogram.event", "update 7 refused")


def test_no_handler_lets_a_secret_through(start: Start, tmp_path: Path) -> None:
    terminal = io.StringIO()
    pipeline = start(secrets=['pass"word'], terminal=terminal)
    token = "123456789:" + "t" * 35
    try:
        raise ValueError('login pass"word')
    except ValueError:
        get_logger("storage").exception('cannot open pass"word', url=f"https://host/bot{token}/x")
    logging.getLogger("other").error("key %s", 'pass"word')
    pipeline.stop()
    everything = terminal.getvalue() + json.dumps(_lines(tmp_path))
    assert "word" not in everything
    assert "tttt" not in everything
    assert "ValueError" in str(_lines(tmp_path)[0]["exception"])
    assert "ValueError" in terminal.getvalue()


def test_a_logger_made_before_the_start_works_after_it(start: Start, tmp_path: Path) -> None:
    early = get_logger("early")
    early.debug("before")
    early.trace("before")
    pipeline = start()
    early.info("after")
    pipeline.stop()
    assert [line["event"] for line in _lines(tmp_path)] == ["after"]


def test_levels_apply_by_module(start: Start, tmp_path: Path) -> None:
    pipeline = start(level=LogLevel.WARNING, module_levels={"engine.live": LogLevel.TRACE})
    get_logger("engine.live").trace("step", n=1)
    get_logger("engine.other").info("not wanted")
    get_logger("engine.other").trace("not wanted")
    pipeline.stop()
    assert [(line["level"], line["event"]) for line in _lines(tmp_path)] == [("trace", "step")]


def test_starting_again_does_not_log_twice(start: Start, tmp_path: Path) -> None:
    first = start()
    second = start()
    get_logger("bot").info("started")
    second.stop()
    first.stop()
    assert len(_lines(tmp_path)) == 1


def test_colours_are_for_terminals_only(start: Start) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    plain, coloured = io.StringIO(), Terminal()
    for terminal in (plain, coloured):
        pipeline = start(terminal=terminal, folder=None)
        get_logger("bot").info("started")
        pipeline.stop()
    assert "\x1b[" not in plain.getvalue()
    assert "\x1b[" in coloured.getvalue()


def _record(day: date, text: str) -> logging.LogRecord:
    record = logging.makeLogRecord({"msg": text})
    record.created = datetime(day.year, day.month, day.day, 23, 59, 59, 999_000, tzinfo=UTC).timestamp()
    return record


def test_the_file_changes_at_midnight_utc(tmp_path: Path) -> None:
    file = DailyFile(tmp_path)
    late = _record(date(2026, 1, 31), "late")
    early = _record(date(2026, 1, 31), "early")
    early.created += 0.001
    file.emit(late)
    file.emit(early)
    file.close()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "desk-2026-01-31.log": "late\n",
        "desk-2026-02-01.log": "early\n",
    }


def test_thirty_days_are_kept_and_nothing_else_is_touched(tmp_path: Path) -> None:
    names = [f"desk-2026-01-{day:02}.log" for day in range(1, 32)]
    for name in [*names, "notes.txt", "desk-old.log"]:
        (tmp_path / name).touch()
    file = DailyFile(tmp_path)
    file.emit(_record(date(2026, 1, 31), "now"))
    file.close()
    assert {path.name for path in tmp_path.iterdir()} == {*names[1:], "notes.txt", "desk-old.log"}


def test_a_full_disk_is_reported_once_and_survived(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "logs"
    folder.write_text("a file where the folder should be")
    file = DailyFile(folder)
    for _ in range(3):
        file.emit(_record(date(2026, 1, 1), "lost"))
    folder.unlink()
    file.emit(_record(date(2026, 1, 1), "kept"))
    file.close()
    assert (folder / "desk-2026-01-01.log").read_text() == "kept\n"
    told = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0].split(";")[0] for line in told] == ["log file not written", "log file is written again"]


def test_a_stalled_writer_never_blocks_the_desk() -> None:
    class Stalled(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            taken.set()
            released.wait(10)

    taken, released = threading.Event(), threading.Event()
    pipeline = LogPipeline([Stalled()], Redactor(), capacity=2)
    pipeline.start()
    logging.getLogger("flood").warning("held by the writer")
    assert taken.wait(10)
    for _ in range(5):
        logging.getLogger("flood").warning("again")
    assert pipeline.dropped == 3
    released.set()
    pipeline.stop()


def test_a_record_that_cannot_be_formatted_neither_ends_the_log_nor_shows_a_secret(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline = start(secrets=["sesame"])
    logging.getLogger("other").info("%d", "sesame")
    get_logger("bot").info("large", number=2**70)
    pipeline.stop()
    assert [(line["event"], line["number"]) for line in _lines(tmp_path)] == [("large", 2**70)]
    assert "sesame" not in capsys.readouterr().err


def test_a_terminal_may_show_less_than_the_file(start: Start, tmp_path: Path) -> None:
    terminal = io.StringIO()
    pipeline = start(terminal=terminal, terminal_level=LogLevel.WARNING)
    get_logger("engine.live").info("all well")
    get_logger("engine.live").warning("trouble")
    pipeline.stop()
    assert [line["event"] for line in _lines(tmp_path)] == ["all well", "trouble"]
    assert "trouble" in terminal.getvalue()
    assert "all well" not in terminal.getvalue()
