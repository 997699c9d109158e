"""The journal on a real file: order, durability, checkpoints, several desks in one file."""

import asyncio
from pathlib import Path

from engine.core.facts import Fact
from storage.store import Store
from tests.integration.storage.desk import beginning, closing_facts, desk, opening, round_trip, sql, with_desk


def test_an_acknowledged_group_is_read_back_in_order_after_reopening(tmp_path: Path) -> None:
    groups = [beginning(), opening(1), closing_facts(1), round_trip(2)]

    async def write(store: Store) -> list[int]:
        return list(await asyncio.gather(*(store.journal.submit(group, []) for group in groups)))

    numbers = with_desk(tmp_path, write)
    expected = [fact for group in groups for fact in group]
    assert numbers == [2, 8, 13, 24]

    async def read(store: Store) -> list[Fact]:
        return (await store.journal.load()).facts

    assert with_desk(tmp_path, read) == expected


def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    async def write(store: Store) -> int:
        return await store.journal.submit(beginning(), [])

    assert [with_desk(tmp_path, write) for _ in range(3)] == [2, 4, 6]


def test_twenty_concurrent_writers_lose_nothing(tmp_path: Path) -> None:
    async def write(store: Store) -> list[int]:
        async def one(writer: int) -> list[int]:
            return [await store.journal.submit(opening(writer * 100 + step), []) for step in range(10)]

        return [number for numbers in await asyncio.gather(*map(one, range(20))) for number in numbers]

    numbers = with_desk(tmp_path, write)
    assert sorted(numbers) == [6 * count for count in range(1, 201)]
    assert sql(tmp_path, "SELECT count(*), max(seq) FROM journal") == [(1200, 1200)]
    assert sql(tmp_path, "SELECT count(*) FROM orders") == [(200,)]


def test_a_load_begins_after_the_newest_checkpoint(tmp_path: Path) -> None:
    async def work(store: Store) -> tuple[bytes | None, int, int]:
        for number in range(1, 6):
            seq = await store.journal.submit(opening(number), [])
            await store.journal.checkpoint(b"state %d" % number, seq)
        await store.journal.submit(closing_facts(5), [])
        loaded = await store.journal.load()
        return loaded.checkpoint, loaded.checkpoint_seq, len(loaded.facts)

    assert with_desk(tmp_path, work) == (b"state 5", 30, 5)
    assert sql(tmp_path, "SELECT seq FROM checkpoints ORDER BY seq") == [(18,), (24,), (30,)]


def test_bulk_history_is_the_same_as_submitted_history_without_its_alerts(tmp_path: Path) -> None:
    groups = [beginning(), *(round_trip(number) for number in range(150))]

    async def work(store: Store) -> list[Fact]:
        await store.journal.bulk((group, ()) for group in groups)
        return (await store.journal.load()).facts

    assert with_desk(tmp_path, work) == [fact for group in groups for fact in group]
    assert sql(tmp_path, "SELECT count(*) FROM outbox") == [(0,)]
    assert sql(tmp_path, "SELECT count(*) FROM fills") == [(450,)]


def test_two_desks_in_one_file_see_only_their_own(tmp_path: Path) -> None:
    async def work(store: Store) -> tuple[int, int, int]:
        last = await store.journal.submit(round_trip(1), [])
        return last, len((await store.journal.load()).facts), await store.queries.count_trades()

    assert with_desk(tmp_path, work) == (11, 11, 1)
    assert with_desk(tmp_path, work, mode="demo") == (11, 11, 1)
    assert sql(tmp_path, "SELECT mode, count(*) FROM trades GROUP BY mode") == [("demo", 1), ("paper", 1)]


def test_a_closed_store_says_so_instead_of_hanging(tmp_path: Path) -> None:
    async def main() -> str:
        async with desk(tmp_path) as store:
            pass
        error = store.journal.submit(beginning(), []).exception()
        return str(error)

    assert asyncio.run(main()) == "the store is closed"


def test_what_is_queued_at_close_is_written(tmp_path: Path) -> None:
    async def main() -> int:
        async with desk(tmp_path) as store:
            future = store.journal.submit(beginning(), [])
        return await future

    assert asyncio.run(main()) == 2
