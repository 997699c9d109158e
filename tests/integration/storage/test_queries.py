"""What the chat reads: trades, orders, fills, signals, days, events, the equity curve."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.core.market import DAY_MS
from storage.rows import DailyRow, EquityPoint, StopMove
from storage.store import Store
from tests.integration.storage.desk import at, closing_trade, round_trip, with_desk
from tests.integration.storage.test_projections import life


def filled(folder: Path, ask: Any) -> Any:
    async def work(store: Store) -> Any:
        for group in life():
            await store.journal.submit(group, [])
        return await ask(store)

    return with_desk(folder, work)


def test_trades_come_back_as_the_engine_booked_them(tmp_path: Path) -> None:
    trades = filled(tmp_path, lambda store: store.queries.trades())
    assert trades == [closing_trade(4), closing_trade(1)]


def test_trades_are_filtered_counted_and_paged(tmp_path: Path) -> None:
    async def ask(store: Store) -> tuple[Any, ...]:
        await store.journal.bulk((round_trip(number), ()) for number in range(20, 40))
        queries = store.queries
        period = {"since_ms": at(25), "until_ms": at(35), "profile": "cft", "symbol": "BTCUSDT"}
        page = await queries.trades(**period, limit=2, offset=1, newest_first=False)
        return (
            await queries.count_trades(**period),
            [trade.position_id for trade in page],
            await queries.count_trades(symbol="X"),
        )

    assert with_desk(tmp_path, ask) == (10, ["pos26", "pos27"], 0)


def test_the_newest_orders_fills_and_signals_come_first(tmp_path: Path) -> None:
    async def ask(store: Store) -> tuple[Any, ...]:
        queries = store.queries
        return (
            (await queries.orders(1))[0],
            (await queries.fills(1, 1))[0],
            (await queries.signals(5, profile="cft"))[0],
        )

    order, fill, signal = filled(tmp_path, ask)
    assert (order.position_id, order.quantity, order.filled, order.average) == (
        "pos13",
        Decimal("0.01"),
        Decimal("0.01"),
        Decimal(5000),
    )
    assert (fill.exec_id, fill.quantity, fill.fee, fill.side) == ("e13.0", Decimal("0.004"), Decimal("2.75"), "buy")
    assert (signal.signal_id, signal.also, signal.values["rsi14"]) == ("s13", ("rule6",), 29.5)


def test_days_add_up(tmp_path: Path) -> None:
    first, second = filled(tmp_path, lambda store: store.queries.daily())
    assert first == DailyRow(
        day="2024-10-04",
        start_equity=Decimal(5000),
        end_equity=Decimal(5001),
        net=Decimal("-14.5"),
        fees=Decimal("27.5"),
        funding=Decimal("0.04999999"),
        trades=2,
        wins=0,
        losses=2,
        fills=10,
    )
    assert (second.day, second.start_equity) == ("2024-10-05", Decimal(5001))


def test_moves_of_a_stop_are_listed_by_position(tmp_path: Path) -> None:
    moves = filled(tmp_path, lambda store: store.queries.stop_moves("pos3"))
    assert moves == [StopMove(at_ms=at(3), stop=Decimal(50010), target=Decimal(52000), why="breakeven")]


def test_events_of_both_kinds_are_one_list(tmp_path: Path) -> None:
    events = filled(tmp_path, lambda store: store.queries.events(50))
    assert [event.seq for event in events] == sorted((event.seq for event in events), reverse=True)
    assert {(event.kind, event.risk) for event in events} >= {("hold_set", True), ("command", False)}
    assert next(event.detail for event in events if event.subject == "Resume") == "refused: not allowed"


def point(at_ms: int, equity: str) -> EquityPoint:
    value = Decimal(equity)
    return EquityPoint(at_ms=at_ms, wallet=value, equity=value, margin=Decimal(0), unrealised=Decimal("-0.00000001"))


def test_the_equity_curve_is_exact_and_a_second_point_of_an_instant_replaces_the_first(tmp_path: Path) -> None:
    async def ask(store: Store) -> list[EquityPoint]:
        await store.queries.add_equity(point(1, "1.10"), point(2, "5000.123456789012345678"))
        await store.queries.add_equity(point(1, "1E+3"))
        return await store.queries.equity(since_ms=0, until_ms=DAY_MS)

    assert with_desk(tmp_path, ask) == [point(1, "1000"), point(2, "5000.123456789012345678")]
