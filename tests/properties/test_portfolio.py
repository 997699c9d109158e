"""The books are a fold over distinct executions: order, doubling and slicing of messages do not matter."""

from dataclasses import replace
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from engine.core import events as e
from engine.core.facts import AccountOpened, TradeClosed
from engine.core.money import to_money
from engine.core.portfolio import Portfolio
from engine.core.state import State
from tests.support.desk import BTC, T0, WALLET, Bench, instrument
from tests.support.desk import facts as facts_of


def execution(number: int, qty: int, price: int, fee: int) -> e.Executed:
    return e.Executed(f"x{number}", "", "", BTC, qty > 0, price, abs(qty), fee, e.ExecKind.MANUAL, T0 + number)


FILLS = st.lists(
    st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 30_000), st.integers(-1_000, 10**9)), max_size=30
)


def fold(executions: list[e.Executed]) -> State:
    state = State()
    state.apply(AccountOpened(WALLET, T0))
    state.apply(e.InstrumentChanged(instrument(), T0))
    for event in executions:
        state.apply(event)
    return state


@given(FILLS)
def test_the_wallet_is_cash_flow_less_what_is_held_at_cost(fills: list[tuple[int, int, int]]) -> None:
    books = fold([execution(number, *fill) for number, fill in enumerate(fills)]).portfolio
    unit = instrument().unit
    cash = -sum(qty * price * unit + fee for qty, price, fee in fills)
    held = books.positions.get(BTC)
    assert sum(qty for qty, _, _ in fills) == (held.qty if held else 0)
    at_cost = (held.cost if held.long else -held.cost) if held else 0
    assert books.wallet == WALLET + cash + at_cost
    assert books.wallet == books.opening + sum(books.net.values())


@given(FILLS, st.data())
def test_a_repeated_execution_changes_nothing(fills: list[tuple[int, int, int]], data: st.DataObject) -> None:
    events = [execution(number, *fill) for number, fill in enumerate(fills)]
    doubled = list(events)
    for event in events:
        if data.draw(st.booleans()):
            doubled.insert(data.draw(st.integers(doubled.index(event) + 1, len(doubled))), event)
    assert fold(doubled) == fold(events)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(1, 20_000), st.randoms())
def test_fills_of_one_order_may_come_in_any_order(parts: list[int], price: int, random: Random) -> None:
    events = [execution(number, qty, price + number, qty * 7) for number, qty in enumerate(parts)]
    events = [replace(event, at_ms=T0) for event in events]
    shuffled = list(events)
    random.shuffle(shuffled)
    one, other = fold(events).portfolio.positions[BTC], fold(shuffled).portfolio.positions[BTC]
    same = ("qty", "cost", "entered", "entry_value", "fees", "low", "high")
    assert [getattr(one, name) for name in same] == [getattr(other, name) for name in same]


@given(FILLS)
def test_round_trips_and_what_is_held_add_up_to_the_wallet(fills: list[tuple[int, int, int]]) -> None:
    bench = Bench(symbols=(BTC,))
    for number, fill in enumerate(fills):
        bench.step(execution(number, *fill))
    trades = [fact.trade for fact in facts_of(bench.effects, TradeClosed)]
    held = bench.ws.positions.get(BTC)
    open_result = held.gross - held.fees - held.funding if held else 0
    assert bench.state.portfolio.wallet == WALLET + sum(to_money(trade.net) for trade in trades) + open_result
    assert all(trade.mae <= 0 <= trade.mfe for trade in trades)
    assert all(trade.quantity > 0 and trade.entry > Decimal(0) for trade in trades)


@given(st.lists(st.integers(-(10**10), 10**10)))
def test_transfers_are_no_result(amounts: list[int]) -> None:
    books = Portfolio()
    books.open_account(WALLET)
    for amount in amounts:
        books.transfer(amount)
    assert books.wallet == books.opening + books.transfers
    assert books.net == {}
