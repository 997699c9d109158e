"""A whole paper desk on live prices: what becomes of a symbol reaches books and paper account, running or stopped."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from bot.account_desk import AccountDesk
from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.tasks import Supervisor
from bot.wiring import open_wiring
from config import Settings
from engine.clock import SystemClock
from engine.core.market import Instrument
from engine.exchanges.paper import PaperExchange

BTC, SOL = "BTCUSDT", "SOLUSDT"


@dataclass(frozen=True, slots=True)
class Paper:
    """A running desk, the paper account behind it, the venue whose prices it reads, and its prices."""

    desk: AccountDesk
    venue: LocalVenue

    @property
    def account(self) -> PaperExchange:
        found = self.desk.desk.exchange
        assert isinstance(found, PaperExchange)
        return found

    @property
    def instrument(self) -> Instrument:
        found = self.desk.desk.trader.workspace.instrument(BTC)
        assert found is not None
        return found

    def both(self) -> tuple[Decimal, Decimal]:
        """What books and paper account hold of the symbol, in coins."""
        counted, books = self.account.truth.instrument(BTC), self.desk.desk.trader.workspace.positions.get(BTC)
        theirs = self.account.truth.positions().get(BTC)
        held = counted.quantity(theirs.qty) if counted is not None and theirs is not None else Decimal(0)
        return (self.instrument.quantity(books.qty) if books is not None else Decimal(0)), held

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something."""
        async with asyncio.timeout(20):
            while True:
                if is_so():
                    return
                await asyncio.sleep(0.02)

    async def warned(self, title: str) -> str:
        """Wait for a grave alert and return its detail."""
        outbox = self.desk.wiring.store.outbox
        async with asyncio.timeout(20):
            while True:
                rows = [row for row in await outbox.pending(100) if row.payload.get("title") == title and row.critical]
                if rows:
                    return str(rows[0].payload["detail"])
                await asyncio.sleep(0.02)

    async def hold(self) -> None:
        """Let the owner buy, and the books know."""
        await self.until(lambda: self.account.truth.last(BTC) > 0)
        self.account.manual_trade(BTC, True, 50)
        await self.until(lambda: self.both() == (Decimal("0.05"), Decimal("0.05")))


async def listed(venue: LocalVenue, **changes: Any) -> None:
    """Change the symbol on the exchange."""
    url = f"{venue.url}/sim/instruments/{BTC}"
    async with aiohttp.ClientSession() as session, session.post(url, json=changes) as done:
        assert done.status == 200, await done.text()


@asynccontextmanager
async def running(venue: LocalVenue, folder: Path) -> AsyncIterator[Paper]:
    state = Settings(
        desk_name="main",
        desk_state_dir=folder,
        telegram_bot_token=SecretStr("1234567:" + "x" * 35),
        bybit_rest_url=venue.url,
        bybit_ws_public_url=venue.public_url,
    )
    wiring, supervisor = await open_wiring(state), Supervisor()
    (alone,) = wiring.accounts
    desk = await AccountDesk.restored(alone, SystemClock(), wake=lambda: None, urgent=lambda _: None)
    await desk.start(supervisor)
    watched = asyncio.create_task(supervisor.run())
    try:
        yield Paper(desk, venue)
    finally:
        supervisor.request_stop()
        await watched
        await desk.close()
        await alone.ground.close()
        await alone.store.close()


def play(*stories: Callable[[Paper], Awaitable[None]], folder: Path, between: dict[str, Any] | None = None) -> None:
    """Run each story in a desk of its own on the same state; between them the symbol changes."""

    async def main() -> None:
        venue = LocalVenue(LocalVenueConfig(symbols=(BTC, SOL), speed=30))
        await venue.start()
        try:
            for number, story in enumerate(stories):
                if number and between:
                    await listed(venue, **between)
                async with running(venue, folder) as paper:
                    await story(paper)
        finally:
            await venue.stop()

    asyncio.run(main())


def test_a_new_tick_and_the_end_of_a_symbol_are_followed_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.exchanges.bybit.feed._REFRESH_S", 0.3)

    async def story(paper: Paper) -> None:
        await paper.hold()
        wallet = paper.account.truth.wallet
        await listed(paper.venue, tickSize="0.01", qtyStep="0.0001")
        await paper.until(lambda: paper.instrument.tick == Decimal("0.01"))
        before = paper.account.truth.last(BTC)
        await paper.until(lambda: paper.account.truth.last(BTC) != before)
        assert paper.both() == (Decimal("0.05"), Decimal("0.05"))
        assert paper.account.truth.wallet == wallet
        assert abs(paper.account.truth.equity() - wallet) < wallet // 10
        await listed(paper.venue, status="Closed")
        await paper.until(lambda: paper.both() == (0, 0))
        detail = await paper.warned(f"{BTC} is closed")
        assert "The open long of 0.0500 is settled by the exchange" in detail

    play(story, folder=tmp_path)


@pytest.mark.parametrize("change", [{"tickSize": "0.01"}, {"qtyStep": "0.01"}, {"qtyStep": "0.0001"}], ids=str)
def test_books_and_paper_account_count_alike_after_grids_changed_between_starts(
    tmp_path: Path, change: dict[str, str]
) -> None:
    async def again(paper: Paper) -> None:
        last = paper.account.truth.last(BTC)
        await paper.until(lambda: paper.account.truth.last(BTC) != last)
        assert paper.both() == (Decimal("0.05"), Decimal("0.05"))
        assert paper.account.truth.instrument(BTC) == paper.instrument

    play(Paper.hold, again, folder=tmp_path, between=change)


def test_a_desk_starts_when_a_symbol_it_holds_on_paper_has_ended_meanwhile(tmp_path: Path) -> None:
    async def again(paper: Paper) -> None:
        await paper.until(lambda: paper.both() == (0, 0))
        assert paper.desk.desk.trader.workspace.state.portfolio.wallet == paper.account.truth.wallet

    play(Paper.hold, again, folder=tmp_path, between={"status": "Closed"})
