"""A desk and an exchange that agree in the end, with everything that goes wrong between them: the machine's moves."""

from copy import deepcopy

from engine.core import events as e
from engine.core.effects import CancelOrder, Effect, PlaceOrder, QueryAccount, QueryOrder, SetProtection
from engine.core.market import MINUTE_MS
from engine.core.orders import Order, OrderStatus, Purpose, Ticket
from engine.core.profile import Account
from engine.core.strategy import Enter
from tests.support.desk import PRICE, WALLET, Bench, instrument
from tests.support.venue import FakeVenue

# What becomes of a request: done and answered, done and the answer lost, lost itself, or refused.
FATES = ("answered", "reply lost", "request lost", "refused")


class Rig:
    """Carries effects to the exchange and its messages back; `fate` says how the next requests fare."""

    def __init__(self, account: Account, symbols: tuple[str, ...]) -> None:
        self.bench = Bench(account, symbols=symbols)
        self.symbols = symbols
        prices = dict.fromkeys(symbols, PRICE)
        instruments = {symbol: instrument(symbol) for symbol in symbols}
        self.venue = FakeVenue(instruments, WALLET, self.bench.now, prices)
        self.fate = "answered"
        self.entries: list[str] = []
        self.questions: set[str] = set()
        for symbol in symbols:
            self.step(e.PriceMoved(symbol, PRICE, PRICE, self.bench.now))

    @property
    def mail(self) -> list[e.Event]:
        """Messages on their way to the desk."""
        return self.venue.news

    def step(self, event: object) -> list[Effect]:
        """Let the desk take in an event and carry out what it asks."""
        effects = self.bench.step(event)
        self.carry(effects)
        return effects

    def carry(self, effects: list[Effect]) -> None:
        """Carry out what the desk asks."""
        venue = self.venue
        for effect in effects:
            match effect:
                case PlaceOrder():
                    self._place(effect)
                case CancelOrder(link_id=link_id) if link_id in venue.orders and self.fate != "request lost":
                    venue.end(link_id)
                case SetProtection(symbol=symbol, stop=stop, target=target, trail=trail) if self.fate != "request lost":
                    if not venue.protect(symbol, stop, target, trail):
                        self.mail.append(e.ProtectionRefused(symbol, "no position", venue.now_ms))
                case QueryOrder(link_id=link_id):
                    self.questions.add(link_id)
                case QueryAccount():
                    self.questions.add("")
                case _:
                    pass

    def _place(self, effect: PlaceOrder) -> None:
        ticket, venue = effect.ticket, self.venue
        if ticket.purpose is Purpose.ENTRY:
            self.entries.append(ticket.link_id)
        else:
            self._check_cover(ticket)
        fate = self.fate
        taken = fate in {"answered", "reply lost"} and venue.place(ticket)
        if fate in {"reply lost", "request lost"}:
            self.mail.append(e.OrderOutcomeUnknown(ticket.link_id, "timeout", venue.now_ms))
        elif taken:
            self.mail.append(e.OrderAccepted(ticket.link_id, venue.orders[ticket.link_id].order_id, venue.now_ms))
        else:
            self.mail.append(e.OrderRejected(ticket.link_id, "1", "refused", venue.now_ms))

    def _check_cover(self, ticket: Ticket) -> None:
        orders = (order for order in self.bench.state.book.open(ticket.symbol) if order.ticket.reduce_only)
        sure = sum(order.open_qty for order in orders if order.status is not OrderStatus.UNKNOWN)
        assert sure <= self.bench.ws.positions[ticket.symbol].size, "closes cover more than is held"

    def pass_time(self, ms: int) -> None:
        """Let both clocks move on."""
        self.bench.now += ms
        self.venue.now_ms = self.bench.now
        self.step(e.TimePassed(self.bench.now, self.bench.now))

    def move(self, symbol: str, price: int) -> None:
        """Let a price move for both."""
        self.venue.prices[symbol] = price
        self.step(e.PriceMoved(symbol, price, price, self.bench.now))

    def signal(self, symbol: str, *, long: bool) -> None:
        """Close a bar on which the strategy wants to enter."""
        self.pass_time(MINUTE_MS)
        price = self.venue.prices[symbol]
        self.step(e.PriceMoved(symbol, price, price, self.bench.now))
        self.carry(self.bench.bar(Enter(long, "go"), price, symbol))

    def deliver(self, index: int, *, again: bool = False) -> None:
        """Deliver one message, out of order as it comes; `again` leaves a copy on its way."""
        if self.mail:
            index %= len(self.mail)
            self.step(self.mail[index] if again else self.mail.pop(index))

    def lose(self, index: int) -> None:
        """Lose a message of the stream; the outcome of a request always returns."""
        lossy = (e.Executed, e.FundingPaid, e.OrderEnded, e.ProtectionReported)
        rows = [n for n, message in enumerate(self.mail) if isinstance(message, lossy)]
        if rows:
            del self.mail[rows[index % len(rows)]]

    def answer(self) -> None:
        """Answer what was asked as the exchange sees it now; the answer travels like any message."""
        questions, self.questions = self.questions, set()
        self.mail.extend(self.venue.row(link_id) if link_id else self.venue.report() for link_id in sorted(questions))

    def crash(self) -> None:
        """Stop dead: messages on their way are lost, the state is what the facts say."""
        self.mail.clear()
        self.questions.clear()
        script = deepcopy(self.bench.scripts)
        effects = self.bench.restart()
        self.bench.scripts.update(script)
        self.carry(effects)
        for symbol in self.symbols:
            price = self.venue.prices[symbol]
            self.step(e.PriceMoved(symbol, price, price, self.bench.now))

    def open_orders(self) -> list[Order]:
        """Return the desk's orders that may still be filled."""
        return list(self.bench.state.book.open())

    def working(self) -> list[str]:
        """Return the exchange's orders that may still be filled."""
        return [link_id for link_id, order in self.venue.orders.items() if not order.over]

    def settle(self) -> None:
        """Let everything arrive: messages, ends of working orders, answers, until both are quiet."""
        self.fate = "answered"
        for _ in range(12):
            for link_id in list(self.venue.orders):
                self.venue.fill(link_id, 10**6)
            self.pass_time(3_000)
            self.questions.add("")
            self.answer()
            while self.mail:
                self.deliver(0)
