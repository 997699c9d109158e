"""Transactions of the writer: whole or not at all, on a file and on a server's way alike; on a file in one turn."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

from engine.journal import JournalUnavailable
from storage.database import Tuning, parsed
from storage.ledgers import Ledgers
from storage.store import Store
from storage.transactions import FileTransactions, ServerTransactions, Transactions, transactions
from storage.writer import Writer
from tests.integration.storage.desk import opening, sql, with_desk


def on_file(folder: Path) -> Transactions:
    made = transactions(parsed(f"sqlite:///{folder}/desk.sqlite3"), Tuning(lock_wait_ms=50))
    assert isinstance(made, FileTransactions)
    return made


def as_on_server(folder: Path) -> Transactions:
    # The same code path as for a server, on the one database that is always there.
    return ServerTransactions(create_async_engine(f"sqlite+aiosqlite:///{folder}/desk.sqlite3"))


both = pytest.mark.parametrize("made", [on_file, as_on_server])


def numbers(folder: Path) -> list[int]:
    return [number for (number,) in sql(folder, "SELECT n FROM t ORDER BY n")]


def adding(*given: int) -> Callable[[Connection], int]:
    def work(connection: Connection) -> int:
        for number in given:
            connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})
        return len(given)

    return work


def run(folder: Path, made: Callable[[Path], Transactions], work: Callable[[Transactions], Awaitable[object]]) -> None:
    async def main() -> None:
        writing = made(folder)
        try:
            await work(writing)
        finally:
            await writing.close()
            await writing.close()

    sql(folder, "CREATE TABLE t (n INTEGER PRIMARY KEY)")
    asyncio.run(main())


@both
def test_what_fails_leaves_nothing_and_the_next_one_goes_through(
    tmp_path: Path, made: Callable[[Path], Transactions]
) -> None:
    async def work(writing: Transactions) -> None:
        assert await writing.run(adding(1, 2)) == 2
        with pytest.raises(IntegrityError):
            await writing.run(adding(3, 1))
        assert await writing.run(adding(4)) == 1

    run(tmp_path, made, work)
    assert numbers(tmp_path) == [1, 2, 4]


@both
def test_a_renewed_connection_writes_on(tmp_path: Path, made: Callable[[Path], Transactions]) -> None:
    async def work(writing: Transactions) -> None:
        def served() -> None:
            for number in (1, 2):
                writing.renew()
                writing.do(adding(number))

        await writing.serve(served)

    run(tmp_path, made, work)
    assert numbers(tmp_path) == [1, 2]


@both
def test_a_writer_serves_one_piece_of_work_after_the_other_and_goes_on_after_a_failure(
    tmp_path: Path, made: Callable[[Path], Transactions]
) -> None:
    def elsewhere(connection: Connection) -> None:
        connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    async def work(writing: Transactions) -> None:
        # It does not look by itself meanwhile whether writes are taken again.
        writer = Writer(writing, Ledgers(), retry_ms=60_000)
        writer.start()
        assert await writer.run(adding(1, 2)) == 2
        with pytest.raises(ValueError, match="refused a row"):
            await writer.run(adding(3, 1))
        with pytest.raises(JournalUnavailable, match="nowhere"):
            await writer.run(elsewhere)
        assert not writer.writable
        assert await writer.run(adding(4)) == 1
        assert writer.writable
        await writer.close()

    run(tmp_path, made, work)
    assert numbers(tmp_path) == [1, 2, 4]


def test_the_thread_of_a_writer_ends_with_its_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.writer._LOOK_S", 0.02)
    left: list[Writer] = []

    async def begun(writing: FileTransactions) -> None:
        left.append(Writer(writing, Ledgers(), retry_ms=10))
        left[0].start()
        await left[0].run(adding(1))

    sql(tmp_path, "CREATE TABLE t (n INTEGER PRIMARY KEY)")
    writing = on_file(tmp_path)
    assert isinstance(writing, FileTransactions)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(begun(writing))
    # Nobody closes anything, as after a crash of the main thread: the process must still be able to end.
    ended = writing._thread.submit(writing.renew)
    assert not ended.done()
    loop.close()
    ended.result(5)
    writing._thread.shutdown()
    assert numbers(tmp_path) == [1]


def test_a_server_is_asked_only_by_what_is_served(tmp_path: Path) -> None:
    async def work(writing: Transactions) -> None:
        with pytest.raises(RuntimeError, match="nothing is served"):
            writing.do(adding(1))

    run(tmp_path, as_on_server, work)


def test_a_caller_that_is_cancelled_does_not_stop_a_transaction_and_the_end_waits_for_it(tmp_path: Path) -> None:
    begun, on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> int:
        begun.set()
        on.wait(10)
        return adding(1, 2)(connection)

    async def work(writing: Transactions) -> None:
        task = asyncio.create_task(writing.run(slow))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        asyncio.get_running_loop().call_later(0.05, on.set)

    run(tmp_path, on_file, work)
    assert numbers(tmp_path) == [1, 2]


def test_an_end_that_is_cancelled_still_lets_go_of_the_connection(tmp_path: Path) -> None:
    begun, on = threading.Event(), threading.Event()

    def slow(_connection: Connection) -> None:
        begun.set()
        on.wait(10)

    async def main() -> FileTransactions:
        writing = on_file(tmp_path)
        assert isinstance(writing, FileTransactions)
        running = asyncio.create_task(writing.run(slow))
        await asyncio.to_thread(begun.wait)
        ending = asyncio.create_task(writing.close())
        await asyncio.sleep(0)
        ending.cancel()
        await asyncio.wait([ending])
        on.set()
        await running
        return writing

    sql(tmp_path, "CREATE TABLE t (n INTEGER PRIMARY KEY)")
    writing = asyncio.run(main())
    writing._thread.shutdown()
    assert writing._connection is None


def test_a_journal_group_is_durable_after_one_turn_of_another_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(store: Store) -> int:
        await store.journal.submit(opening(1), [])
        loop, turns = asyncio.get_running_loop(), []
        back = loop.call_soon_threadsafe

        def counted(*given: Any, **how: Any) -> asyncio.Handle:
            turns.append(given)
            return back(*given, **how)

        with monkeypatch.context() as patched:
            patched.setattr(loop, "call_soon_threadsafe", counted)
            await store.journal.submit(opening(2), [])
        return len(turns)

    assert with_desk(tmp_path, work) == 1
    assert sql(tmp_path, "SELECT count(*) FROM journal") == [(12,)]
