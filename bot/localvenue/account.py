"""One account: who it belongs to, its matching engine, its records, its files, and the messages not yet pushed."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from bot.localvenue.board import Board
from bot.localvenue.book import Book
from bot.localvenue.model import Leg, Order
from bot.localvenue.rows import order_push
from bot.localvenue.store import Store
from engine.core.market import Instrument
from engine.core.money import Money, Steps, rate_to_e8
from engine.exchanges.base import Rejected
from engine.exchanges.simulated import Request, SimulatedExchange, Terms

TAKER_RATE = Decimal("0.00055")
MAKER_RATE = Decimal("0.0002")
MAINTENANCE_PPM = 5_000
# The matching engine is one-way: in hedge mode the short side of a symbol is a market of its own.
SHORT_SIDE = "SHORTSIDE"
_SPACE = uuid.UUID("5d0b2f0e-6a53-4d57-9b60-5a3a51c0f7b1")
_TERMS = Terms(
    taker_e8=rate_to_e8(TAKER_RATE),
    maker_e8=rate_to_e8(MAKER_RATE),
    maintenance_ppm=MAINTENANCE_PPM,
    ioc_quotes=1 << 40,
)

type Message = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who an account belongs to and what its key may do."""

    uid: int
    name: str
    key: str
    secret: str
    mode: str
    read_only: bool
    ips: tuple[str, ...]


class Account:
    """State and the small moves of it; what a request or a price does is in the modules beside."""

    def __init__(self, identity: Identity, board: Board, *, wallet: Money, store: Store | None) -> None:
        self.identity = identity
        self.board = board
        self.store = store
        self.book = Book()
        self.sim = new_engine(board, wallet)
        self.outbox: list[Message] = []
        self.active: set[str] = set()
        self.moved_legs: dict[tuple[str, int], None] = {}
        self.wallet_moved = False
        self.push: Callable[[Account, list[Message]], None] = _nobody

    def instrument(self, symbol: str) -> Instrument:
        """Return a symbol's trading rules."""
        return self.board.listing[symbol]

    def is_hedged(self, symbol: str) -> bool:
        """Whether a symbol is in hedge mode."""
        return symbol in self.book.settings.hedged

    def slots(self, symbol: str) -> tuple[int, ...]:
        """Return the position indexes of a symbol."""
        return (1, 2) if self.is_hedged(symbol) else (0,)

    def legs(self, symbol: str) -> list[Leg]:
        """Return the position slots of a symbol."""
        return [self.book.leg(symbol, idx) for idx in self.slots(symbol)]

    def leg_of(self, name: str) -> Leg:
        """Return the slot behind a market of the matching engine."""
        if name.endswith(SHORT_SIDE):
            return self.book.leg(name.removesuffix(SHORT_SIDE), 2)
        return self.book.leg(name, 1 if self.is_hedged(name) else 0)

    def liquidation(self, leg: Leg) -> Decimal:
        """Return the liquidation price of a leg, 0 when flat."""
        return self.sim.liquidation_price(name_of(leg.symbol, leg.idx)) * self.instrument(leg.symbol).tick

    def new_id(self) -> str:
        """Return a fresh id, unlike any other of this venue."""
        return str(uuid.uuid5(_SPACE, f"{self.identity.key}-{self.book.number()}"))

    def touch(self, order: Order, at_ms: int) -> None:
        """Record that an order is new or changed, and tell."""
        order.updated_ms = max(order.updated_ms, at_ms)
        self.book.put(order)
        self.outbox.append(("order", order_push(order, self.instrument(order.symbol))))
        self.moved(order.symbol, order.position_idx)

    def moved(self, symbol: str, idx: int) -> None:
        """Remember to tell about a position."""
        self.moved_legs[(symbol, idx)] = None

    def enter(self, order: Order, at_ms: int) -> Rejected | None:
        """Hand what is left of an order to the matching engine under a key of its own; None when it was taken."""
        instrument = self.instrument(order.symbol)
        key = self.new_id()
        request = Request(
            link_id=key,
            symbol=name_of(order.symbol, order.position_idx),
            buy=order.buy,
            qty=instrument.steps(order.qty - order.filled),
            limit=0 if order.order_type == "Market" else instrument.ticks(order.price),
            reduce_only=order.reduce_only,
            leverage=int(self.book.leg(order.symbol, order.position_idx).leverage),
        )
        self.refresh(order.symbol)
        outcome = self.sim.place(request, at_ms)
        if isinstance(outcome, Rejected):
            return outcome
        self.book.rekey(order, key)
        return None

    def refresh(self, symbol: str) -> None:
        """Let the matching engine know the present prices of a symbol; quiet symbols are not fed every tick."""
        quote = self.board.quotes[symbol]
        if symbol not in self.active:
            for name in names_of(symbol, self.slots(symbol)):
                self.sim.on_quote(name, quote.at_ms, quote.last, bid=quote.bid, ask=quote.ask, mark=quote.mark)

    def relist(self, instrument: Instrument) -> None:
        """Let the matching engine know changed rules; its grids stay."""
        for idx in (0, 2):
            self.sim.set_instrument(replace(instrument, symbol=name_of(instrument.symbol, idx)))

    def steps(self, leg: Leg) -> Steps:
        """Return the size of a leg in steps."""
        return self.instrument(leg.symbol).steps(leg.size)

    def now_ms(self, market_ms: int) -> int:
        """Return the time of what happens now: never before what has happened."""
        return max(market_ms, self.sim.now_ms)

    def flush(self) -> None:
        """Push the messages that wait."""
        if self.outbox:
            messages, self.outbox = self.outbox, []
            self.push(self, messages)


def name_of(symbol: str, idx: int) -> str:
    """Return the matching engine's market of a position slot."""
    return symbol + SHORT_SIDE if idx == 2 else symbol


def names_of(symbol: str, slots: Iterable[int]) -> list[str]:
    """Return the matching engine's markets of position slots."""
    return [name_of(symbol, idx) for idx in slots]


def new_engine(board: Board, wallet: Money) -> SimulatedExchange:
    """Return a matching engine without a past."""
    instruments = [board.listing[symbol] for symbol in board.listing]
    shorts = [replace(instrument, symbol=name_of(instrument.symbol, 2)) for instrument in instruments]
    return SimulatedExchange([*instruments, *shorts], wallet=wallet, terms=_TERMS)


def _nobody(_account: Account, _messages: list[Message]) -> None:
    return
