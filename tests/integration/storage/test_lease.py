"""The lease of an account: one process has it, another takes it after its time, and the first writes nothing more."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.journal import JournalUnavailable
from storage.lease import TTL_MS, LeaseHeldError, LeaseLostError, LeaseRequest
from storage.store import Store
from tests.integration.storage.desk import beginning, sql, url
from tests.unit.bot.hand_clock import HandClock


def asked(clock: HandClock, who: str, *, owner: str = "", key: str = "") -> LeaseRequest:
    return LeaseRequest(owner=owner or who, holder=who, exchange_key=key, wall_ms=clock.wall_ms)


async def opened(folder: Path, lease: LeaseRequest, **more: Any) -> Store:
    return await Store.open(url(folder), **{"mode": "paper", "account": "main", "lease": lease, **more})


def test_a_second_process_is_refused_and_told_who_holds_the_account(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        first = await opened(tmp_path, asked(clock, "process 7 on anna"))
        clock.jump(4)
        with pytest.raises(LeaseHeldError) as caught:
            await opened(tmp_path, asked(clock, "process 8 on bert"))
        assert str(caught.value) == (
            "account main (paper) is run by process 7 on anna since 2027-01-15 08:00:00 UTC, "
            "last sign of life 4 s ago: stop it, or wait until 30 s after its end"
        )
        await first.lease.beat()
        await first.close()

    asyncio.run(main())


def test_a_holder_that_shows_life_keeps_the_lease_for_ever(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        first = await opened(tmp_path, asked(clock, "first"))
        for _ in range(10):
            clock.jump(TTL_MS / 1000 - 1)
            await first.lease.beat()
        with pytest.raises(LeaseHeldError, match="since 2027-01-15 08:00:00"):
            await opened(tmp_path, asked(clock, "second"))
        await first.close()

    asyncio.run(main())


def test_after_its_time_the_lease_is_taken_over_and_the_first_can_neither_beat_nor_write(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        first = await opened(tmp_path, asked(clock, "first"))
        await first.journal.submit(beginning(), [])
        clock.jump(TTL_MS / 1000)
        second = await opened(tmp_path, asked(clock, "second"))
        with pytest.raises(LeaseLostError, match=r"account main \(paper\) was taken over by second"):
            await first.lease.beat()
        with pytest.raises(JournalUnavailable):
            await first.journal.submit(beginning(), [])
        with pytest.raises(LeaseLostError):
            await first.task
        assert len((await second.journal.load()).facts) == len(beginning())
        await second.journal.submit(beginning(), [])
        await first.close()
        await second.close()

    asyncio.run(main())
    assert sql(tmp_path, "SELECT fence FROM leases") == [(2,)]
    assert sql(tmp_path, "SELECT count(*) FROM journal") == [(2 * len(beginning()),)]


def test_a_released_lease_and_one_of_the_same_state_folder_are_taken_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        first = await opened(tmp_path, asked(clock, "first"))
        await first.lease.release()
        await first.close()
        second = await opened(tmp_path, asked(clock, "second"))
        # Killed: the folder's lock says that the process before is no more.
        again = await opened(tmp_path, asked(clock, "second, started again", owner="second"))
        with pytest.raises(LeaseLostError, match="started again"):
            await second.lease.beat()
        await second.close()
        await again.close()

    asyncio.run(main())


def test_the_same_key_under_another_name_is_the_same_account(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        first = await opened(tmp_path, asked(clock, "first", key="k1"))
        with pytest.raises(LeaseHeldError, match="account main"):
            await opened(tmp_path, asked(clock, "second", key="k1"), account="other")
        third = await opened(tmp_path, asked(clock, "third", key="k2"), account="other")
        fourth = await opened(tmp_path, asked(clock, "fourth", key="k1"), mode="demo")
        for store in (first, third, fourth):
            await store.lease.beat()
            await store.close()

    asyncio.run(main())


def test_accounts_beside_each_other_have_a_lease_each(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        first = await opened(tmp_path, asked(clock, "first"))
        await first.beside("sub", lease=asked(clock, "first"))
        other = await opened(tmp_path, asked(clock, "second"), account="third")
        with pytest.raises(LeaseHeldError, match="account sub"):
            await other.beside("sub", lease=asked(clock, "second"))
        with pytest.raises(LeaseHeldError, match="account main"):
            await opened(tmp_path, asked(clock, "second"))
        await other.close()
        await first.close()

    asyncio.run(main())


def test_a_lease_that_could_not_be_taken_is_a_finding_and_is_taken_later(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        await (await opened(tmp_path, asked(clock, "maker"))).close()
        clock.jump(TTL_MS / 1000)
        sql(tmp_path, "CREATE TRIGGER full BEFORE UPDATE ON leases BEGIN SELECT raise(ABORT, 'disk full'); END")
        store = await opened(tmp_path, asked(clock, "first"))
        assert any("the lease could not be taken yet: disk full" in finding for finding in store.findings)
        sql(tmp_path, "DROP TRIGGER full")
        await store.lease.beat()
        with pytest.raises(LeaseHeldError, match="run by first"):
            await opened(tmp_path, asked(clock, "second"))
        await store.close()

    asyncio.run(main())
