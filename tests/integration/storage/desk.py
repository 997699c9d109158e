"""A desk's store in a temporary folder, and facts that make sense together."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.core.events import ExecKind, Executed, InstrumentChanged, OrderAccepted, OrderEnded, OrderSent
from engine.core.facts import AccountOpened, Fact, OrderIntended, SignalRecorded, TradeClosed
from engine.core.market import DAY_MS, MINUTE_MS, Instrument
from engine.core.orders import Purpose, Ticket
from engine.core.trades import Trade
from storage.store import Store

BTC = Instrument(symbol="BTCUSDT", tick=Decimal("0.1"), step=Decimal("0.001"), min_qty=1, max_market_qty=100_000)
START = 20_000 * DAY_MS


def url(folder: Path) -> str:
    """Return the address of the database in a folder."""
    return f"sqlite:///{folder}/desk.sqlite3"


@asynccontextmanager
async def desk(folder: Path, **options: Any) -> AsyncIterator[Store]:
    """Open a store and close it."""
    store = await Store.open(url(folder), **{"mode": "paper", "account": "main", "instruments": [BTC], **options})
    try:
        yield store
    finally:
        await store.close()


def with_desk[R](folder: Path, work: Callable[[Store], Awaitable[R]], **options: Any) -> R:
    """Run one piece of work on an open store."""

    async def main() -> R:
        async with desk(folder, **options) as store:
            return await work(store)

    return asyncio.run(main())


def sql(folder: Path, statement: str, *parameters: Any) -> list[Any]:
    """Run one statement past the store."""
    with closing(sqlite3.connect(folder / "desk.sqlite3", isolation_level=None)) as connection:
        return connection.execute(statement, parameters).fetchall()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep everybody else out of the database."""
    with closing(sqlite3.connect(folder / "desk.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def ticket(number: int, *, entry: bool = True) -> Ticket:
    """Return an order of round trip `number`."""
    return Ticket(
        link_id=f"pd00-cft-{'e' if entry else 'x'}0-{number:016x}",
        position_id=f"pos{number}",
        profile="cft",
        symbol="BTCUSDT",
        buy=entry,
        qty=10,
        purpose=Purpose.ENTRY if entry else Purpose.EXIT,
        expected=500_000,
        reason="rule5" if entry else "target",
        decided_ms=at(number),
        stop=490_000 if entry else None,
    )


def at(number: int) -> int:
    """Return the time of round trip `number`."""
    return START + number * MINUTE_MS


def executed(number: int, *, entry: bool = True, qty: int = 10, part: int = 0) -> Executed:
    """Return an execution of an order of round trip `number`."""
    side = "e" if entry else "x"
    price = 500_000 if entry else 501_000
    link = ticket(number, entry=entry).link_id
    name = f"{side}{number}.{part}"
    return Executed(name, link, "o1", "BTCUSDT", entry, price, qty, 275_000_000, ExecKind.ORDER, at(number))


def opening(number: int) -> list[Fact]:
    """Return the facts of an entry in two fills."""
    order, when = ticket(number), at(number)
    return [
        SignalRecorded(
            signal_id=f"s{number}",
            profile="cft",
            symbol="BTCUSDT",
            at_ms=when,
            side="long",
            rule="rule5",
            also=("rule6",),
            price=Decimal("50000.1"),
            values=(("rsi14", 29.5), ("close", 50000.1)),
            outcome="traded",
        ),
        OrderIntended(order, when),
        OrderSent(order.link_id, when),
        OrderAccepted(order.link_id, f"o{number}", when),
        executed(number, qty=4),
        executed(number, qty=6, part=1),
    ]


def closing_trade(number: int) -> Trade:
    """Return the round trip as the engine books it."""
    return Trade(
        position_id=f"pos{number}",
        symbol="BTCUSDT",
        profile="cft",
        account="main",
        mode="paper",
        long=True,
        quantity=Decimal("0.010"),
        entry_ms=at(number),
        exit_ms=at(number),
        expected_entry=Decimal("50000.0"),
        entry=Decimal("50000"),
        expected_exit=None,
        exit=Decimal("50100"),
        initial_stop=Decimal("49000.0"),
        initial_target=None,
        gross=Decimal("1.00000000"),
        fees=Decimal("8.25"),
        funding=Decimal(0),
        risk=Decimal(10),
        mae=Decimal(0),
        mfe=Decimal("1.5"),
        rule="rule5",
        reason="target",
    )


def closing_facts(number: int) -> list[Fact]:
    """Return the facts of the exit."""
    order, when = ticket(number, entry=False), at(number)
    return [
        OrderIntended(order, when),
        OrderSent(order.link_id, when),
        executed(number, entry=False),
        OrderEnded(order.link_id, 10, "filled", when),
        TradeClosed(closing_trade(number), when),
    ]


def round_trip(number: int) -> list[Fact]:
    """Return entry and exit."""
    return [*opening(number), *closing_facts(number)]


def beginning() -> list[Fact]:
    """Return the first facts of a journal."""
    return [AccountOpened(500_000_000_000, START), InstrumentChanged(BTC, START)]
