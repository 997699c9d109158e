"""Whatever is lost, doubled, late or cut off: one order per decision, bounded exposure, equal books in the end."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.core import events as e
from engine.core.commands import CloseAll, ClosePosition, Resume
from engine.core.money import to_money
from engine.core.orders import OVER, OrderStatus
from engine.core.profile import SizeMode, Sizing
from tests.properties.desk_machine import FATES, Rig
from tests.support.desk import BTC, ETH, T0, account, assert_replays, profile

SYMBOLS = (BTC, ETH)
SIZE = 15
MOST = 1
RANK = {OrderStatus.CREATED: 0, OrderStatus.SUBMITTED: 1, OrderStatus.UNKNOWN: 2, OrderStatus.ACKNOWLEDGED: 3}
RANK |= {OrderStatus.PARTIALLY_FILLED: 4} | dict.fromkeys(OVER, 5)
symbols, numbers = st.sampled_from(SYMBOLS), st.integers(0, 30)


class DeskMachine(RuleBasedStateMachine):
    """One profile of 15 steps an entry, at most one position."""

    def __init__(self) -> None:
        super().__init__()
        sizing = Sizing(mode=SizeMode.QUANTITY, amount=to_money("1.5"))
        self.rig = Rig(account(profile(sizing=sizing, max_positions=MOST), max_exposure=1, hand_cooldown_ms=0), SYMBOLS)
        self.ranks: dict[str, int] = {}
        self.commands = 0

    @rule(symbol=symbols, long=st.booleans(), fate=st.sampled_from(FATES))
    def signal(self, symbol: str, long: bool, fate: str) -> None:
        self.commands += 1
        self.rig.step(Resume(command_id=f"r{self.commands}", by="a", wall_ms=T0))
        self.rig.fate = fate
        self.rig.signal(symbol, long=long)

    @rule(symbol=symbols, percent=st.sampled_from([1, 30, 50, 100]), fate=st.sampled_from(FATES))
    def close(self, symbol: str, percent: int, fate: str) -> None:
        self.rig.fate = fate
        self.commands += 1
        command = ClosePosition(command_id=f"c{self.commands}", by="a", wall_ms=T0, symbol=symbol, percent=percent)
        self.rig.step(command)
        self.rig.step(command)

    @rule(fate=st.sampled_from(FATES))
    def close_all(self, fate: str) -> None:
        self.rig.fate = fate
        self.commands += 1
        self.rig.step(CloseAll(command_id=f"a{self.commands}", by="a", wall_ms=T0))

    @precondition(lambda self: self.rig.mail)
    @rule(index=numbers, again=st.booleans())
    def message(self, index: int, again: bool) -> None:
        self.rig.deliver(index, again=again)

    @precondition(lambda self: self.rig.mail)
    @rule()
    def newest_first(self) -> None:
        self.rig.deliver(-1)

    @precondition(lambda self: self.rig.mail)
    @rule(index=numbers)
    def lose(self, index: int) -> None:
        self.rig.lose(index)

    @precondition(lambda self: self.rig.working())
    @rule(index=numbers, qty=st.sampled_from([1, 7, SIZE]))
    def fill(self, index: int, qty: int) -> None:
        names = self.rig.working()
        self.rig.venue.fill(names[index % len(names)], qty)

    @precondition(lambda self: self.rig.working())
    @rule(index=numbers)
    def cancel_at_the_exchange(self, index: int) -> None:
        names = self.rig.working()
        self.rig.venue.end(names[index % len(names)])

    @rule(symbol=symbols, kind=st.sampled_from([e.ExecKind.STOP, e.ExecKind.TARGET, e.ExecKind.MANUAL, e.ExecKind.ADL]))
    def force(self, symbol: str, kind: e.ExecKind) -> None:
        self.rig.venue.force(symbol, kind, 4 if kind is e.ExecKind.ADL else None)

    @rule(symbol=symbols, price=st.integers(9_960, 10_040), amount=st.integers(-1_000_000, 1_000_000))
    def world(self, symbol: str, price: int, amount: int) -> None:
        self.rig.move(symbol, price)
        self.rig.venue.pay(symbol, amount)

    @rule(ms=st.sampled_from([1, 250, 2_000, 5_000, 130_000]))
    def wait(self, ms: int) -> None:
        self.rig.pass_time(ms)

    @rule(scheduled=st.booleans())
    def answer(self, scheduled: bool) -> None:
        if scheduled:
            self.rig.questions.add("")
        self.rig.answer()

    @rule()
    def crash(self) -> None:
        assert_replays(self.rig.bench)
        self.ranks.clear()
        self.rig.crash()

    @invariant()
    def one_order_per_decision(self) -> None:
        assert len(self.rig.entries) == len(set(self.rig.entries))
        assert len(self.rig.venue.received) == len(set(self.rig.venue.received))

    @invariant()
    def exposure_is_bounded_by_what_the_exchange_could_hold(self) -> None:
        venue, busy = self.rig.venue, 0
        for symbol in SYMBOLS:
            mine = [o for o in venue.orders.values() if o.ticket.symbol == symbol and not o.ticket.reduce_only]
            possible = abs(venue.holding(symbol).qty) + sum(order.left for order in mine)
            assert possible <= SIZE
            busy += possible > 0
        assert busy <= MOST

    @invariant()
    def no_status_moves_backwards(self) -> None:
        for link_id, order in self.rig.bench.state.book.orders.items():
            rank = RANK[order.status]
            assert rank >= self.ranks.get(link_id, 0)
            self.ranks[link_id] = rank

    @invariant()
    def the_books_are_a_fold_over_distinct_executions(self) -> None:
        recorded = [fact for fact in self.rig.bench.facts if isinstance(fact, e.Executed)]
        assert len({fact.exec_id for fact in recorded}) == len(recorded)
        books = self.rig.bench.state.portfolio
        assert books.wallet == books.opening + sum(books.net.values()) + books.transfers

    def teardown(self) -> None:
        self.rig.settle()
        bench, venue = self.rig.bench, self.rig.venue
        assert_replays(bench)
        assert self.rig.open_orders() == []
        assert {s: p.qty for s, p in bench.ws.positions.items()} == {
            s: h.qty for s, h in venue.holdings.items() if h.qty
        }
        for symbol, position in bench.ws.positions.items():
            assert abs(position.cost - venue.holding(symbol).cost) <= position.size * position.unit
        assert abs(bench.state.portfolio.wallet - venue.wallet) <= to_money("0.01")
        for symbol, position in bench.ws.positions.items():
            assert position.held_stop == venue.holding(symbol).stop


TestOrderMachine = DeskMachine.TestCase
TestOrderMachine.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
