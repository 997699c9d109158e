"""SQLite cursors that do their work in one turn of the driver's thread: all rows, in order, whatever is asked for."""

import asyncio
import sqlite3
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
    await cursor.executemany("INSERT INTO t VALUES (?)", [(number,) for number in range(1, count + 1)])
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


def test_what_is_gathered_goes_with_the_next_question_or_the_commit(tmp_path: Path) -> None:
    async def work(connection: OneHopConnection) -> list[int]:
        await numbers(connection, 1)
        connection.gathers = True
        cursor, trips = connection.cursor(), []
        for statement in ("BEGIN IMMEDIATE", "INSERT INTO t VALUES (2)", "SAVEPOINT a", "RELEASE a"):
            await cursor.execute(statement)
        trips.append(connection.in_transaction)
        await cursor.execute("SELECT count(*) FROM t")
        found = (await cursor.fetchone())[0]
        trips.append(connection.in_transaction)
        await cursor.execute("INSERT INTO t VALUES (3)")
        await connection.commit()
        assert trips == [False, True]
        await cursor.execute("SELECT count(*) FROM t")
        return [found, (await cursor.fetchone())[0]]

    assert in_connection(tmp_path / "x.db", work) == [2, 3]


def test_a_gathered_insert_that_fails_fails_at_the_commit_and_a_rollback_forgets_what_waits(tmp_path: Path) -> None:
    async def work(connection: OneHopConnection) -> int:
        await numbers(connection, 1)
        connection.gathers = True
        cursor = connection.cursor()
        await cursor.execute("BEGIN IMMEDIATE")
        await cursor.executemany("INSERT INTO t VALUES (?)", [(5,), (1,)])
        with pytest.raises(sqlite3.IntegrityError):
            await connection.commit()
        await connection.rollback()
        await cursor.execute("INSERT INTO t VALUES (9)")
        await connection.rollback()
        await connection.commit()
        await cursor.execute("SELECT count(*) FROM t")
        count: int = (await cursor.fetchone())[0]
        return count

    assert in_connection(tmp_path / "x.db", work) == 1
