"""A small test bench: a simulated account on one symbol with a grid of 1 quote a tick and 1 coin a step, fed minute by
minute.
"""

from dataclasses import replace
from decimal import Decimal

from engine.core.events import ExecKind, Executed, FundingPaid
from engine.core.market import MINUTE_MS, Instrument
from engine.core.money import MONEY_SCALE
from engine.exchanges.base import Accepted, Rejected
from engine.exchanges.sim.ledger import News
from engine.exchanges.simulated import Request, SimulatedExchange, Terms

SYMBOL = "TESTUSDT"
INSTRUMENT = Instrument(symbol=SYMBOL, tick=Decimal(1), step=Decimal(1), min_qty=1, max_market_qty=1_000)
FREE = Terms(taker_e8=0, maker_e8=0, slippage_ppm=0)


class Bench:
    """Bars and quotes advance the clock themselves; `fills` lists (kind, signed quantity, price) as they happened."""

    def __init__(self, terms: Terms = FREE, *, wallet: int = 1_000_000, start_ms: int = MINUTE_MS) -> None:
        self.exchange = SimulatedExchange([INSTRUMENT], wallet=wallet * MONEY_SCALE, terms=terms)
        self.now_ms = start_ms
        self.news: list[News] = []
        self.names = 0

    def bar(self, open_: int, high: int, low: int, close: int) -> None:
        close_ms = self.now_ms + MINUTE_MS
        self.exchange.on_bar(SYMBOL, self.now_ms, close_ms, open_, high, low, close)
        self.now_ms = close_ms
        self.news += self.exchange.drain(self.now_ms)

    def flat_bar(self, price: int = 100) -> None:
        self.bar(price, price, price, price)

    def quote(self, last: int, *, bid: int = 0, ask: int = 0, mark: int = 0, size: int | None = None) -> None:
        self.now_ms += 100
        self.exchange.on_quote(SYMBOL, self.now_ms, last, bid=bid, ask=ask, mark=mark, size=size)
        self.news += self.exchange.drain(self.now_ms)

    def order(self, signed: int, **extra: int | bool) -> Accepted | Rejected:
        self.names += 1
        request = replace(Request(link_id=f"o{self.names}", symbol=SYMBOL, buy=signed > 0, qty=abs(signed)), **extra)
        outcome = self.exchange.place(request, self.now_ms)
        self.news += self.exchange.drain(self.now_ms)
        return outcome

    def held(self, signed: int, *, price: int = 100, **extra: int) -> None:
        """Hold a position that was opened at `price` in a bar without range."""
        self.flat_bar(price)
        outcome = self.order(signed, **extra)
        assert isinstance(outcome, Accepted), outcome
        self.flat_bar(price)
        assert self.position == signed
        self.news.clear()

    @property
    def position(self) -> int:
        report = self.exchange.positions().get(SYMBOL)
        return report.qty if report else 0

    @property
    def executed(self) -> list[Executed]:
        return [event for event in self.news if isinstance(event, Executed)]

    @property
    def fills(self) -> list[tuple[ExecKind, int, int]]:
        return [(e.kind, e.qty if e.buy else -e.qty, e.price) for e in self.executed]

    @property
    def funding(self) -> list[FundingPaid]:
        return [event for event in self.news if isinstance(event, FundingPaid)]
