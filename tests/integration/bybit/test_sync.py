"""The account's past over real HTTP: every page of every window, once, attributed; a stopped run goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.localvenue.config import AccountSpec
from bot.sync import Sync, standing
from engine.clock import SystemClock
from engine.core.ids import link_id
from engine.core.orders import Purpose
from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit.caller import Caller
from engine.exchanges.bybit.codes import Action
from engine.exchanges.bybit.connection import Connection, Credentials
from engine.exchanges.bybit.endpoints import CREATE
from engine.exchanges.bybit.hosts import Hosts
from engine.limiter import Lane
from engine.presets import account
from storage.store import Store

SYMBOL = "SOLUSDT"
TAG = "pt3s"


class Scene:
    """A venue with an account, a connection to it, and an empty store."""

    def __init__(self, venue: LocalVenue, connection: Connection, store: Store) -> None:
        self.venue, self.connection, self.store = venue, connection, store
        self.sync = Sync(connection.caller, store, account(tag=TAG), connection.time.now_ms)

    @property
    def caller(self) -> Caller:
        return self.connection.caller

    async def by_hand(self, times: int) -> None:
        """Let the owner buy and sell by turns."""
        url = f"{self.venue.url}/sim/accounts/{self.venue.credentials()[0]}/trades"
        async with aiohttp.ClientSession() as session:
            for number in range(times):
                body = {"symbol": SYMBOL, "side": "Sell" if number % 2 else "Buy", "qty": "1"}
                async with session.post(url, json=body) as done:
                    assert done.status == 200, await done.text()

    async def by_desk(self, decision: str) -> None:
        """Place an order with an id of ours, as profile cft."""
        name = link_id(TAG, "cft", Purpose.ENTRY, 0, decision)
        order = {"category": "linear", "symbol": SYMBOL, "side": "Buy", "orderType": "Market", "qty": "1"}
        said = await self.caller.ask(Action.PLACE, CREATE, {**order, "orderLinkId": name}, Lane.ENTRY)
        assert said.code in {"0", ""}, said.why

    async def fault(self, path: str, times: int) -> None:
        """Let an endpoint fail."""
        body = {"path": path, "times": times, "kind": "status", "status": 500}
        async with aiohttp.ClientSession() as session, session.post(f"{self.venue.url}/sim/faults", json=body) as done:
            assert done.status == 200, await done.text()


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    venue = LocalVenue(LocalVenueConfig(symbols=(SYMBOL,), accounts=(AccountSpec(),)))
    await venue.start()
    key, secret = venue.credentials()
    hosts = Hosts(rest=venue.url, public=venue.public_url, private=venue.private_url)
    connection = Connection(hosts, SystemClock(), Credentials(key=key, secret=secret))
    store = await Store.open(f"sqlite+aiosqlite:///{folder / 'desk.db'}", mode="demo", account="main")
    try:
        await connection.caller.sync_clock()
        yield Scene(venue, connection, store)
    finally:
        await store.close()
        await connection.close()
        await venue.stop()


def test_every_page_is_read_once_and_told_apart(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path) as at:
            await at.by_hand(130)
            await at.by_desk("one")
            first = await at.sync.backfill(1)
            assert (first.executions, first.orders) == (131, 131)
            # Each second trade of the owner closed; ours stays open.
            assert first.closed == 65
            assert first.external == 130 + 130 + 65
            assert len(first.missing) == 1
            assert first.new == 131 + 131 + 65
            again = await at.sync.backfill(1)
            assert again.new == 0
            counts = await at.store.sync.counts()
            assert counts["executions", "cft"] == 1
            assert counts["executions", "external"] == 130
            found = await standing(at.store)
            assert found.rows == {"executions": 131, "orders": 131, "closed": 65}

    asyncio.run(main())


def test_a_run_that_was_stopped_goes_on_and_complete_windows_are_not_asked_for_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path) as at:
            await at.by_hand(4)
            await at.fault("/v5/order/history", 1_000)
            with pytest.raises(QueryFailedError):
                await at.sync.backfill(1)
            kept = await at.store.sync.windows()
            assert [row.kind for row in kept] == ["executions"]
            async with aiohttp.ClientSession() as session:
                await session.delete(f"{at.venue.url}/sim/faults")
            done = await at.sync.backfill(1)
            assert done.skipped == sum(row.complete for row in kept)
            assert done.executions == 4
            third = await at.sync.backfill(1)
            # Only the window that still runs is asked for again, once for each kind.
            assert third.windows == 3

    asyncio.run(main())


def test_now_reads_only_what_came_since(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path) as at:
            await at.by_hand(2)
            assert (await at.sync.now()).new == 5
            await at.by_hand(2)
            later = await at.sync.now()
            assert later.new == 5
            assert later.windows <= 6

    asyncio.run(main())
