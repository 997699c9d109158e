"""What holds for the simulated exchange whatever is asked of it and whatever the market does."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.core.events import ExecKind, Executed, FundingPaid
from engine.core.market import HOUR_MS, Instrument
from engine.core.money import Money, to_money
from engine.exchanges.sim.ledger import News
from engine.exchanges.simulated import NEVER, Request, SimulatedExchange, Terms

SYMBOLS = ("AAAUSDT", "BBBUSDT")
WALLET: Money = to_money(5_000)
BAR_MS = 4 * HOUR_MS
INSTRUMENTS = tuple(
    Instrument(symbol=s, tick=Decimal("0.5"), step=Decimal("0.1"), min_qty=2, max_market_qty=400) for s in SYMBOLS
)
TERMS = st.builds(
    Terms,
    taker_e8=st.sampled_from([0, 55_000]),
    maker_e8=st.sampled_from([-10_000, 20_000]),
    slippage_ppm=st.sampled_from([0, 100, 30_000]),
    funding_e8=st.sampled_from([0, 12_345, -77_777]),
    latency_ms=st.sampled_from([0, 50, 500]),
    report_ms=st.sampled_from([0, 100]),
    ioc_quotes=st.integers(1, 3),
)


@dataclass(frozen=True)
class Place:
    """An order with levels as distances from the last price (0 = none)."""

    symbol: str
    buy: bool
    qty: int
    limit: int
    reduce_only: bool
    leverage: int
    stop: int
    target: int


@dataclass(frozen=True)
class Cancel:
    back: int


@dataclass(frozen=True)
class Protect:
    symbol: str
    stop: int
    target: int
    trail: int


@dataclass(frozen=True)
class Bar:
    symbol: str
    prices: tuple[int, int, int, int]


@dataclass(frozen=True)
class Quote:
    symbol: str
    last: int
    spread: int
    size: int | None


type Step = Place | Cancel | Protect | Bar | Quote

symbols = st.sampled_from(SYMBOLS)
prices = st.integers(60, 140) | st.integers(92, 108)
distances = st.sampled_from([0, 0, 1, 3, 9, 25])
bars = st.builds(
    lambda symbol, p: Bar(symbol, (p[0], max(p), min(p), p[3])), symbols, st.tuples(prices, prices, prices, prices)
)
orders = st.builds(
    Place,
    symbols,
    st.booleans(),
    st.integers(1, 60),
    st.sampled_from([0, 0, -9, -2, 0, 2, 9]),
    st.booleans(),
    st.sampled_from([1, 5, 25]),
    distances,
    distances,
)
quotes = st.builds(Quote, symbols, prices, st.integers(0, 2), st.sampled_from([None, 1, 7, 30]))
steps = st.lists(
    st.one_of(
        orders,
        orders,
        bars,
        bars,
        quotes,
        st.builds(Protect, symbols, distances, distances, distances),
        st.builds(Cancel, st.integers(1, 4)),
    ),
    min_size=6,
    max_size=40,
)


class Run:
    """Applies steps; keeps each bar's or quote's reach so that fills can be judged."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.exchange = fresh(terms)
        self.now_ms = 0
        self.orders = 0
        self.news: list[News] = []
        self.strays: list[Executed] = []
        for symbol in SYMBOLS:
            self.take(Quote(symbol, 100, 0, None))

    def take(self, step: Step) -> None:
        match step:
            case Place():
                self._place(step)
            case Cancel(back):
                self.exchange.cancel(f"o{self.orders - back}", self.now_ms)
            case Protect(symbol, stop, target, trail):
                self._protect(symbol, stop, target, trail)
            case Bar(symbol, (open_, high, low, close)):
                opened, self.now_ms = self.now_ms, self.now_ms + BAR_MS
                self.exchange.on_bar(symbol, opened, self.now_ms, open_, high, low, close)
                self._hear(low, high)
            case Quote(symbol, last, spread, size):
                self.now_ms += 40
                bid, ask = (last - spread, last + spread) if spread else (0, 0)
                self.exchange.on_quote(symbol, self.now_ms, last, bid=bid, ask=ask, size=size)
                self._hear(last - spread, last + spread)

    def _place(self, step: Place) -> None:
        last = self.exchange.last(step.symbol)
        base = last + step.limit if step.limit else last
        way = 1 if step.buy else -1
        self.orders += 1
        request = Request(
            link_id=f"o{self.orders}",
            symbol=step.symbol,
            buy=step.buy,
            qty=step.qty,
            limit=base if step.limit else 0,
            reduce_only=step.reduce_only,
            leverage=step.leverage,
            stop=base - way * step.stop if step.stop and not step.reduce_only else 0,
            target=base + way * step.target if step.target and not step.reduce_only else 0,
        )
        self.exchange.place(request, self.now_ms)

    def _protect(self, symbol: str, stop: int, target: int, trail: int) -> None:
        held = self.exchange.positions().get(symbol)
        if held is not None:
            way, last = (1 if held.qty > 0 else -1), self.exchange.last(symbol)
            self.exchange.protect(symbol, last - way * stop if stop else 0, last + way * target, self.now_ms)
            self.exchange.trail(symbol, trail, self.now_ms)

    def _hear(self, low: int, high: int) -> None:
        fresh_news = self.exchange.drain(NEVER)
        self.news += fresh_news
        # At most the slippage outside the range, rounded up to a tick.
        ppm = self.terms.slippage_ppm
        low, high = low - -(-low * ppm // 10**6), high - (-high * ppm // 10**6)
        for event in fresh_news:
            if isinstance(event, Executed) and event.kind is not ExecKind.LIQUIDATION:
                # A resting order keeps its limit, which the market may have left behind: only better would be wrong.
                too_low = event.price < low and (event.buy or not event.maker)
                too_high = event.price > high and (not event.buy or not event.maker)
                self.strays += [event] if too_low or too_high else []

    @property
    def executed(self) -> list[Executed]:
        return [e for e in self.news if isinstance(e, Executed)]


def fresh(terms: Terms) -> SimulatedExchange:
    return SimulatedExchange(INSTRUMENTS, wallet=WALLET, terms=terms)


def played(terms: Terms, script: Sequence[Step]) -> Run:
    run = Run(terms)
    for step in script:
        run.take(step)
    return run


def signed(event: Executed) -> int:
    return event.qty if event.buy else -event.qty


@given(TERMS, steps)
def test_money_is_conserved_to_the_last_unit(terms: Terms, script: list[Step]) -> None:
    run = played(terms, script)
    units = {i.symbol: i.unit for i in INSTRUMENTS}
    cash = WALLET
    for event in run.news:
        if isinstance(event, Executed):
            cash -= signed(event) * event.price * units[event.symbol] + event.fee
        elif isinstance(event, FundingPaid):
            cash -= event.amount
    invested = sum(p.entry_cost if p.qty > 0 else -p.entry_cost for p in run.exchange.positions().values())
    assert run.exchange.wallet == cash + invested


@given(TERMS, steps)
def test_positions_are_the_sum_of_their_fills_and_orders_of_theirs(terms: Terms, script: list[Step]) -> None:
    run = played(terms, script)
    positions = run.exchange.positions()
    for symbol in SYMBOLS:
        held = positions[symbol].qty if symbol in positions else 0
        assert held == sum(signed(e) for e in run.executed if e.symbol == symbol)
    for order in run.exchange.account_report(0, run.now_ms).orders:
        assert order.filled == sum(e.qty for e in run.executed if e.link_id == order.link_id)
    assert len({e.exec_id for e in run.executed}) == len(run.executed)


@given(TERMS, steps)
def test_no_fill_lies_outside_what_was_traded_but_for_slippage(terms: Terms, script: list[Step]) -> None:
    assert played(terms, script).strays == []


@given(TERMS, steps)
def test_reduce_only_orders_and_exits_never_open_or_turn_a_position(terms: Terms, script: list[Step]) -> None:
    run = played(terms, script)
    reducing = {o.link_id for o in run.exchange.account_report(0, run.now_ms).orders if o.reduce_only} | {""}
    held = dict.fromkeys(SYMBOLS, 0)
    for event in run.executed:
        before = held[event.symbol]
        held[event.symbol] += signed(event)
        if event.link_id in reducing:
            assert abs(held[event.symbol]) < abs(before)
            assert held[event.symbol] * before >= 0


@given(TERMS, steps)
def test_the_same_story_is_the_same_account(terms: Terms, script: list[Step]) -> None:
    first, second = played(terms, script), played(terms, script)
    assert first.news == second.news
    assert first.exchange.state() == second.exchange.state()


@given(TERMS, steps, st.integers(0, 40))
def test_a_restored_account_has_the_same_future(terms: Terms, script: list[Step], cut: int) -> None:
    whole, halved = Run(terms), Run(terms)
    for number, step in enumerate(script):
        if number == cut:
            stored = json.dumps(halved.exchange.state())
            halved.exchange = fresh(terms)
            halved.exchange.restore(json.loads(stored))
        whole.take(step)
        halved.take(step)
    assert halved.news == whole.news
    assert halved.exchange.state() == whole.exchange.state()


@given(TERMS, steps)
def test_the_changes_line_by_line_rebuild_the_account(terms: Terms, script: list[Step]) -> None:
    run = Run(terms)
    start = json.dumps(run.exchange.state())
    lines = []
    for step in script:
        run.take(step)
        lines.append(json.dumps(run.exchange.changes()))
    rebuilt = fresh(terms)
    rebuilt.restore(json.loads(start), [json.loads(line) for line in lines if line != "null"])
    assert without_prices(rebuilt) == without_prices(run.exchange)
    for symbol in SYMBOLS:
        assert rebuilt.quiet_band(symbol) == run.exchange.quiet_band(symbol)


def without_prices(exchange: SimulatedExchange) -> dict[str, object]:
    """Return the state without what quiet prices move and no change tells: prices, clocks, and news delivered since."""
    state = exchange.state()
    for row in state["markets"]:
        for name in ("last", "mark", "bid", "ask", "at_ms", "funding_ms"):
            del row[name]
    return {name: value for name, value in state.items() if name not in {"now_ms", "news"}}


@given(TERMS, steps, bars)
def test_a_bar_inside_the_quiet_band_changes_nothing_but_the_price(terms: Terms, script: list[Step], bar: Bar) -> None:
    run = played(terms, script)
    band = run.exchange.quiet_band(bar.symbol)
    open_, high, low, close = bar.prices
    if band is None or not (band[0] < low and high < band[1]) or run.exchange.next_funding_ms(bar.symbol) <= run.now_ms:
        return
    run.exchange.changes()
    run.exchange.drain(NEVER)
    exchange, close_ms = run.exchange, run.now_ms + BAR_MS
    # In steps, so that the short cut for quiet bars is not what is being asked.
    exchange.open_bar(bar.symbol, run.now_ms, open_)
    exchange.close_bar(bar.symbol, close_ms, high, low, close)
    assert exchange.drain(NEVER) == []
    assert exchange.changes() is None
    assert exchange.last(bar.symbol) == close
