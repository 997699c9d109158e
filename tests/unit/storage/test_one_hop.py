"""SQLite cursors that do their work in one turn of the driver's thread: all rows, in order, whatever is asked for."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from storage.one_hop import FIRST_ROWS, OneHopConnection, connected


def in_connection[R](path: Path, work: Callable[[OneHopConnection], Awaitable[R]]) -> R:
    async def main() -> R:
        connection = await connected(path)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(main())


async def numbers(connection: OneHopConnection, count: int) -> None:
    cursor = connection.cursor()
    await cursor.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)")
    numbered = "WITH c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n <= ?) SELECT n FROM c WHERE n <= ?"
    await cursor.execute(f"INSERT INTO t {numbered}", (count, count))
    assert cursor.rowcount == count
    assert cursor.description is None
    await connection.commit()


@pytest.mark.parametrize("count", [0, 1, FIRST_ROWS - 1, FIRST_ROWS, FIRST_ROWS + 1, 3 * FIRST_ROWS])
def test_all_rows_come_once_and_in_order_however_long_the_result(tmp_path: Path, count: int) -> None:
    async def work(connection: OneHopConnection) -> tuple[list[tuple[int]], list[tuple[int]], object]:
        await numbers(connection, count)
        cursor = connection.cursor()
        await cursor.execute("SELECT n FROM t ORDER BY n")
        return await cursor.fetchall(), await cursor.fetchall(), await cursor.fetchone()

    rows, again, none = in_connection(tmp_path / "x.db", work)
    assert [row[0] for row in rows] == list(range(1, count + 1))
    assert (again, none) == ([], None)


def test_a_long_result_can_be_read_in_parts_and_left_in_the_middle(tmp_path: Path) -> None:
    async def work(connection: OneHopConnection) -> list[int]:
        await numbers(connection, 3 * FIRST_ROWS)
        cursor = connection.cursor()
        await cursor.execute("SELECT n FROM t ORDER BY n")
        first = await cursor.fetchone()
        parts = [await cursor.fetchmany(700) for _ in range(3)]
        await cursor.close()
        # A statement that was still being read would keep its snapshot, and the table.
        await connection.cursor().execute("DROP TABLE t")
        return [row[0] for row in [first, *(row for part in parts for row in part)]]

    assert in_connection(tmp_path / "x.db", work) == list(range(1, 2_102))


def test_a_returning_insert_gives_its_rows_and_an_error_is_the_drivers_own(tmp_path: Path) -> None:
    async def work(connection: OneHopConnection) -> tuple[list[tuple[int]], int | None]:
        await numbers(connection, 1)
        cursor = connection.cursor()
        await cursor.execute("INSERT INTO t VALUES (?) RETURNING n", (7,))
        rows, number = await cursor.fetchall(), cursor.lastrowid
        with pytest.raises(sqlite3.IntegrityError):
            await cursor.execute("INSERT INTO t VALUES (?)", (7,))
        assert await cursor.fetchall() == []
        return rows, number

    assert in_connection(tmp_path / "x.db", work) == ([(7,)], 7)


def test_a_transaction_begins_with_its_first_statement_and_without_one_there_is_nothing_to_undo(tmp_path: Path) -> None:
    async def work(connection: OneHopConnection) -> list[bool]:
        await numbers(connection, 1)
        cursor, within = connection.cursor(), []
        await cursor.execute("BEGIN")
        within.append(connection.in_transaction)
        await connection.rollback()
        await cursor.execute("SELECT n FROM t")
        within.append(connection.in_transaction)
        await cursor.execute("BEGIN")
        await cursor.execute("SELECT n FROM t")
        within.append(connection.in_transaction)
        await connection.rollback()
        return [*within, connection.in_transaction]

    assert in_connection(tmp_path / "x.db", work) == [False, False, True, False]


def test_what_was_opened_for_somebody_who_was_cancelled_meanwhile_is_closed(tmp_path: Path) -> None:
    begun, on = threading.Event(), threading.Event()
    made: list[sqlite3.Connection] = []

    def slowly() -> sqlite3.Connection:
        begun.set()
        on.wait(10)
        made.append(sqlite3.connect(tmp_path / "x.db", check_same_thread=False))
        return made[0]

    async def main() -> None:
        connection = OneHopConnection(slowly, FIRST_ROWS)

        async def opening() -> None:
            await connection

        task = asyncio.create_task(opening())
        await asyncio.to_thread(begun.wait)
        task.cancel()
        await asyncio.wait([task])
        on.set()
        await asyncio.to_thread(connection._thread.join)

    asyncio.run(main())
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        made[0].execute("SELECT 1")


def test_a_connection_that_is_given_up_while_it_closes_keeps_nobody_waiting(tmp_path: Path) -> None:
    async def main() -> bool:
        connection = await connected(tmp_path / "x.db", check_same_thread=False)
        closing = asyncio.create_task(connection.close())
        await asyncio.sleep(0)
        # What a pool does when it is cancelled there.
        connection.stop()
        closing.cancel()
        await asyncio.wait([closing], timeout=5)
        return closing.done()

    assert asyncio.run(main())
