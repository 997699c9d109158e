"""The account's past over real HTTP: every page of every window, once, attributed; a stopped run goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.localvenue.config import AccountSpec
from bot.localvenue.model import Execution
from bot.sync import Sync, standing
from engine.clock import SystemClock
from engine.core.events import ExecKind, Executed, InstrumentChanged
from engine.core.facts import AccountOpened, OrderIntended, TradeClosed
from engine.core.ids import link_id
from engine.core.market import DAY_MS
from engine.core.money import from_money
from engine.core.orders import Purpose
from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit.caller import Caller
from engine.exchanges.bybit.codes import Action
from engine.exchanges.bybit.connection import Connection, Credentials
from engine.exchanges.bybit.endpoints import CREATE
from engine.exchanges.bybit.hosts import Hosts
from engine.limiter import Lane
from engine.presets import account
from engine.universe import UNIVERSE
from storage.store import Store
from storage.sync import PastRow, WindowRow
from tests.integration.storage.desk import closing_trade, ticket

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

    async def by_desk(self, decision: str, purpose: Purpose = Purpose.ENTRY, **more: str) -> None:
        """Place an order with an id of ours, as profile cft: an entry buys, an exit sells."""
        name = link_id(TAG, "cft", purpose, 0, decision)
        side = "Buy" if purpose is Purpose.ENTRY else "Sell"
        # The least there is: more may be filled at several levels of the book.
        order = {"category": "linear", "symbol": SYMBOL, "side": side, "orderType": "Market", "qty": "0.1", **more}
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
            assert (first.known, first.new, first.external) == (0, 131, 130)
            assert len(first.missing) == 1
            again = await at.sync.backfill(1)
            assert (again.executions, again.known, again.new) == (131, 131, 0)
            counts = await at.store.sync.counts()
            assert counts["executions", "cft"] == 1
            assert counts["executions", "external"] == 130
            found = await standing(at.store.sync)
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


def test_a_window_with_a_row_that_cannot_be_read_is_asked_for_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path) as at:
            await at.by_hand(2)
            later = f"{at.venue.url}/sim/clock", {"advance_s": 9 * 86_400}
            async with aiohttp.ClientSession() as session, session.post(later[0], json=later[1]) as done:
                assert done.status == 200
            # Its answer tells the time.
            await at.by_desk("one")
            (account,) = at.venue.core.accounts.values()
            rows = account.book.executions
            first = rows[0]
            rows[0] = replace(first, side="Sideways")
            found = await at.sync.backfill(1)
            assert (found.executions, found.unreadable) == (2, 1)
            assert "Sideways" in found.trouble
            rows[0] = first
            again = await at.sync.backfill(1)
            assert (again.executions, again.known, again.unreadable) == (3, 2, 0)

    asyncio.run(main())


def test_now_reads_only_what_came_since(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path) as at:
            await at.by_hand(2)
            assert (await at.sync.now()).new == 2
            await at.by_hand(2)
            later = await at.sync.now()
            assert (later.known, later.new) == (2, 2)
            assert later.windows <= 6

    asyncio.run(main())


async def _filled(at: Scene, number: int) -> list[Execution]:
    book = next(iter(at.venue.core.accounts.values())).book
    async with asyncio.timeout(10):
        while len(book.executions) < number:  # noqa: ASYNC110  # the venue matches in its own time
            await asyncio.sleep(0.01)
    return book.executions


async def _book(at: Scene, filled: list[Execution], *, wrong_by: str = "0") -> None:
    """Write a round trip of two executions into our books."""
    made = [_executed(row) for row in filled]
    gross = (filled[1].price - filled[0].price) * filled[0].qty
    trip = replace(
        closing_trade(1),
        symbol=SYMBOL,
        position_id=made[0].link_id,
        entry_ms=filled[0].at_ms,
        exit_ms=filled[1].at_ms,
        gross=gross + Decimal(wrong_by),
        fees=from_money(filled[0].fee + filled[1].fee),
    )
    sol = at.connection.instruments[SYMBOL]
    order = replace(
        ticket(1), link_id=made[0].link_id, position_id=made[0].link_id, symbol=SYMBOL, qty=made[0].qty, stop=None
    )
    facts = [AccountOpened(1, 1), InstrumentChanged(sol, 1), OrderIntended(order, 1), *made, TradeClosed(trip, 2)]
    await at.store.journal.submit(facts, [])


def _executed(row: Execution) -> Executed:
    spec = UNIVERSE[SYMBOL]
    return Executed(
        exec_id=row.exec_id,
        link_id=row.link_id,
        order_id=row.order_id,
        symbol=SYMBOL,
        buy=row.side == "Buy",
        price=int(row.price / spec.tick),
        qty=int(row.qty / spec.step),
        fee=row.fee,
        kind=ExecKind.ORDER if row.link_id else ExecKind.STOP,
        at_ms=row.at_ms,
    )


async def _later(at: Scene, milliseconds: int) -> None:
    url = f"{at.venue.url}/sim/clock"
    async with aiohttp.ClientSession() as session, session.post(url, json={"advance_s": milliseconds / 1000}) as done:
        assert done.status == 200, await done.text()


def test_closed_results_that_differ_from_our_trades_are_named(tmp_path: Path) -> None:
    async def main(wrong_by: str) -> tuple[int, list[str]]:
        async with scene(tmp_path / wrong_by) as at:
            await at.connection.instruments.refresh()
            await at.by_desk("in")
            await _filled(at, 1)
            await at.by_desk("out", Purpose.EXIT)
            await _book(at, await _filled(at, 2), wrong_by=wrong_by)
            sync = Sync(at.caller, at.store, account(tag=TAG), lambda: at.connection.time.now_ms() + 2 * 60_000)
            found = await sync.backfill(1)
            assert (found.executions, found.known, found.external, found.missing) == (2, 2, 0, [])
            return found.compared, [str(one.theirs - one.ours) for one in found.differences if one.theirs is not None]

    assert asyncio.run(main("0")) == (1, [])
    compared, differences = asyncio.run(main("0.5"))
    assert (compared, [Decimal(one) for one in differences]) == (1, [Decimal("-0.5")])


def test_a_stop_of_the_exchange_and_its_closed_result_belong_to_the_position_s_profile(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path) as at:
            await at.connection.instruments.refresh()
            await at.by_desk("in", stopLoss=str(_price(at, "0.99")))
            entry = (await _filled(at, 1))[0]
            facts = [AccountOpened(1, 1), InstrumentChanged(at.connection.instruments[SYMBOL], 1)]
            order = replace(ticket(1), link_id=entry.link_id, symbol=SYMBOL, qty=_executed(entry).qty, stop=None)
            await at.store.journal.submit([*facts, OrderIntended(order, 1), _executed(entry)], [])
            # Much later than stamps may differ by.
            await _later(at, 60_000)
            await _fall(at, _price(at, "0.98"))
            stop = (await _filled(at, 2))[1]
            assert (stop.link_id, stop.stop_order_type) == ("", "StopLoss")
            # Our books hold the position still: they have not heard of the stop.
            found = await Sync(at.caller, at.store, account(tag=TAG), at.venue.core.now_ms).backfill(1)
            assert (found.known, found.new, found.external) == (1, 1, 0)
            counts = await at.store.sync.counts()
            assert counts == {("executions", "cft"): 2, ("orders", "cft"): 2, ("closed", "cft"): 1}

    asyncio.run(main())


def _price(at: Scene, share: str) -> Decimal:
    tick = UNIVERSE[SYMBOL].tick
    return int(at.venue.core.board.quotes[SYMBOL].last * Decimal(share)) * tick


async def _fall(at: Scene, price: Decimal) -> None:
    body = {"symbol": SYMBOL, "last": str(price)}
    async with aiohttp.ClientSession() as session, session.post(f"{at.venue.url}/sim/prices", json=body) as done:
        assert done.status == 200, await done.text()


def test_an_order_that_stays_open_for_weeks_is_read_once_it_is_over(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path) as at:
            sync = Sync(at.caller, at.store, account(tag=TAG), at.venue.core.now_ms)
            low = _price(at, "0.3")
            await at.by_desk("rests", orderType="Limit", price=str(low))
            await _later(at, 8 * DAY_MS)
            assert (await sync.backfill(1)).orders == 0
            await _fall(at, low - UNIVERSE[SYMBOL].tick)
            await _filled(at, 1)
            found = await sync.now()
            assert (found.orders, found.executions) == (1, 1)

    asyncio.run(main())


def test_a_closing_order_that_is_still_filled_is_kept_as_one_row(tmp_path: Path) -> None:
    def row(size: str, at_ms: int) -> PastRow:
        some = {"kind": "closed", "order_id": "o", "link_id": "", "symbol": SYMBOL, "side": "Sell", "made_by": ""}
        return PastRow(
            **some,
            row_id=f"o/{size}",
            quantity=Decimal(size),
            price=None,
            fee=None,
            pnl=Decimal(size),
            owner="cft",
            at_ms=at_ms,
        )

    async def main() -> None:
        async with scene(tmp_path) as at:
            seen = {"kind": "closed", "start_ms": 1, "end_ms": 9, "complete": False, "rows": 1, "unreadable": 0}
            for size, at_ms in (("1", 5), ("3", 7)):
                await at.store.sync.keep(WindowRow(**seen, done_ms=at_ms), [row(size, at_ms)])
            assert await at.store.sync.closed(["o"]) == {"o": Decimal(3)}

    asyncio.run(main())


def test_the_journal_does_not_wait_for_a_large_window(tmp_path: Path) -> None:
    rows = [
        PastRow(
            kind="executions",
            row_id=f"e{number}",
            order_id="o",
            link_id="",
            symbol=SYMBOL,
            side="Buy",
            quantity=Decimal(1),
            price=Decimal(1),
            fee=Decimal(0),
            pnl=None,
            made_by="",
            owner="external",
            at_ms=1,
        )
        for number in range(5_000)
    ]
    window = WindowRow(kind="executions", start_ms=1, end_ms=2, complete=True, rows=5_000, unreadable=0, done_ms=3)

    async def main() -> None:
        async with scene(tmp_path) as at:
            keeping = asyncio.create_task(at.store.sync.keep(window, rows))
            await asyncio.sleep(0)
            await at.store.journal.submit([AccountOpened(1, 1)], [])
            ids = {row.row_id for row in rows}
            assert len(await at.store.sync.kept("executions", ids)) < 2_000
            await keeping
            assert len(await at.store.sync.kept("executions", ids)) == 5_000

    asyncio.run(main())
