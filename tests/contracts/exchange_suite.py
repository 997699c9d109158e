"""The contract of every exchange, as tests. A subclass says how to open a venue; the same stories then run against its
exchange.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from engine.core.events import (
    AccountReported,
    ExecKind,
    Executed,
    FundingPaid,
    OrderAccepted,
    OrderEnded,
    OrderNotFound,
    OrderReport,
    PositionReport,
    ProtectionReported,
)
from engine.core.money import to_money
from engine.core.orders import Purpose, Ticket
from engine.exchanges.base import Accepted, Rejected
from tests.contracts.venue import WALLET, Venue
from tests.unit.exchanges.bench import SYMBOL

ORDER, STOP, TARGET = ExecKind.ORDER, ExecKind.STOP, ExecKind.TARGET


def entry(name: str, signed: int, *, stop: int | None = None, target: int | None = None, leverage: int = 1) -> Ticket:
    """Return an entry of signed steps."""
    return _ticket(name, signed, Purpose.ENTRY, stop=stop, target=target, leverage=leverage)


def leave(name: str, signed: int) -> Ticket:
    """Return a reduce-only order of signed steps."""
    return _ticket(name, signed, Purpose.EXIT, stop=None, target=None, leverage=1)


def _ticket(
    name: str, signed: int, purpose: Purpose, *, stop: int | None, target: int | None, leverage: int
) -> Ticket:
    return Ticket(
        link_id=f"pd00-test-{name}",
        position_id="p",
        profile="test",
        symbol=SYMBOL,
        buy=signed > 0,
        qty=abs(signed),
        purpose=purpose,
        expected=100,
        reason="test",
        decided_ms=0,
        leverage=leverage,
        stop=stop,
        target=target,
    )


def fills(venue: Venue) -> list[tuple[ExecKind, int, int]]:
    """Return what was heard of executions: kind, signed quantity, price."""
    return [(e.kind, e.qty if e.buy else -e.qty, e.price) for e in venue.events if isinstance(e, Executed)]


async def position(venue: Venue) -> PositionReport | None:
    """Return the position as the exchange reports it."""
    report = await venue.exchange.account(0)
    return next((p for p in report.positions if p.symbol == SYMBOL), None)


async def quantity(venue: Venue) -> int:
    """Return the signed quantity held, as the exchange reports it."""
    held = await position(venue)
    return held.qty if held else 0


async def accepted(venue: Venue, ticket: Ticket) -> Accepted:
    """Place an order that must be taken."""
    outcome = await venue.exchange.place(ticket)
    assert isinstance(outcome, Accepted), outcome
    return outcome


async def refused(venue: Venue, ticket: Ticket) -> str:
    """Place an order that must be refused; return the code."""
    outcome = await venue.exchange.place(ticket)
    assert isinstance(outcome, Rejected), outcome
    return outcome.code


async def hold(venue: Venue, signed: int, *, stop: int | None = None, target: int | None = None) -> None:
    """Hold a position opened at 100."""
    await venue.bar(100, 100, 100, 100)
    await accepted(venue, entry("hold", signed, stop=stop, target=target))
    await venue.bar(100, 100, 100, 100)
    assert await quantity(venue) == signed
    venue.events.clear()


class Stage:
    """Runs a story against a fresh, connected venue."""

    def venue(self, folder: Path) -> Venue:
        """Open a venue."""
        raise NotImplementedError

    def play(self, folder: Path, story: Callable[[Venue], Awaitable[None]]) -> None:
        """Run a story to its end and release the venue."""

        async def main() -> None:
            venue = self.venue(folder)
            await venue.connect()
            try:
                await story(venue)
            finally:
                await venue.close()

        asyncio.run(main())


class OrderContract(Stage):
    """Placing, filling, refusing, cancelling."""

    def test_a_long_opens_from_flat_at_the_next_price(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await venue.bar(100, 100, 100, 100)
            await accepted(venue, entry("a", 3))
            assert await quantity(venue) == 0
            await venue.bar(101, 102, 100, 101)
            assert fills(venue) == [(ORDER, 3, 101)]
            assert await quantity(venue) == 3

        self.play(tmp_path, story)

    def test_a_short_opens_from_flat_at_the_next_price(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await venue.bar(100, 100, 100, 100)
            await accepted(venue, entry("a", -3))
            await venue.bar(99, 102, 98, 101)
            assert fills(venue) == [(ORDER, -3, 99)]
            assert await quantity(venue) == -3

        self.play(tmp_path, story)

    def test_the_acknowledgement_comes_before_the_fill_and_the_end_after_it(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await venue.bar(100, 100, 100, 100)
            outcome = await accepted(venue, entry("a", 3))
            await venue.bar(100, 100, 100, 100)
            orders = [e for e in venue.events if isinstance(e, OrderAccepted | Executed | OrderEnded)]
            assert [type(e) for e in orders] == [OrderAccepted, Executed, OrderEnded]
            assert {e.link_id for e in orders} == {"pd00-test-a"}
            assert isinstance(orders[1], Executed)
            assert orders[1].order_id == outcome.order_id

        self.play(tmp_path, story)

    def test_an_addition_averages_the_position(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await hold(venue, 2)
            await accepted(venue, entry("more", 1))
            await venue.bar(103, 103, 103, 103)
            held = await position(venue)
            assert held is not None
            assert (held.qty, held.entry_cost) == (3, to_money(303))

        self.play(tmp_path, story)

    def test_a_reduction_keeps_the_average_and_books_the_result(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await hold(venue, -4)
            await accepted(venue, leave("less", 1))
            await venue.bar(90, 90, 90, 90)
            report = await venue.exchange.account(0)
            assert (report.positions[0].qty, report.positions[0].entry_cost) == (-3, to_money(300))
            assert report.wallet == WALLET + to_money(10) - to_money("0.2") - to_money("0.045")

        self.play(tmp_path, story)

    def test_a_reduce_only_order_never_turns_the_position(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await hold(venue, 2)
            await accepted(venue, leave("big", -7))
            await venue.bar(100, 100, 100, 100)
            assert fills(venue) == [(ORDER, -2, 100)]
            assert await quantity(venue) == 0

        self.play(tmp_path, story)

    def test_reduce_only_orders_are_refused_when_there_is_nothing_to_reduce(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await venue.bar(100, 100, 100, 100)
            assert await refused(venue, leave("flat", -1)) == "110017"
            await hold(venue, 2)
            assert await refused(venue, leave("same", 1)) == "110017"

        self.play(tmp_path, story)

    def test_bad_orders_are_refused_with_the_exchange_s_codes(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await venue.bar(100, 100, 100, 100)
            assert await refused(venue, entry("none", 0)) == "10001"
            assert await refused(venue, entry("huge", 1_001)) == "10001"
            assert await refused(venue, entry("poor", 150)) == "110007"
            assert await refused(venue, entry("steep", 1, leverage=51)) == "110013"
            assert await refused(venue, entry("wrong", 1, stop=101)) == "10001"
            assert await refused(venue, entry("wrong2", -1, target=101)) == "10001"
            await venue.bar(1, 1, 1, 1)
            assert await refused(venue, entry("small", 4)) == "110094"
            assert (await venue.exchange.account(0)).wallet == WALLET

        self.play(tmp_path, story)

    def test_an_id_used_twice_is_one_order(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await venue.bar(100, 100, 100, 100)
            first = await accepted(venue, entry("a", 2))
            second = await accepted(venue, entry("a", 2))
            assert first.order_id == second.order_id
            await venue.bar(100, 100, 100, 100)
            assert isinstance(await venue.exchange.place(entry("a", 2)), Accepted)
            await venue.bar(100, 100, 100, 100)
            assert await quantity(venue) == 2

        self.play(tmp_path, story)

    def test_a_thin_book_fills_in_parts_and_cancels_the_rest(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await venue.quote(100)
            await accepted(venue, entry("a", 9))
            for price in (101, 102, 103, 104):
                await venue.quote(price, size=2)
            ended = [e for e in venue.events if isinstance(e, OrderEnded)]
            filled = sum(qty for _, qty, _ in fills(venue))
            assert [e.filled for e in ended] == [filled]
            assert 0 < filled < 9
            assert await quantity(venue) == filled

        self.play(tmp_path, story)

    def test_a_cancel_before_the_fill_leaves_nothing(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await venue.bar(100, 100, 100, 100)
            await accepted(venue, entry("a", 2))
            assert isinstance(await venue.exchange.cancel("pd00-test-a", SYMBOL), Accepted)
            await venue.bar(100, 100, 100, 100)
            assert await quantity(venue) == 0
            assert [e.filled for e in venue.events if isinstance(e, OrderEnded)] == [0]

        self.play(tmp_path, story)

    def test_a_cancel_after_the_fill_is_taken_and_changes_nothing(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await hold(venue, 2)
            assert isinstance(await venue.exchange.cancel("pd00-test-hold", SYMBOL), Accepted)
            assert isinstance(await venue.exchange.cancel("pd00-test-never", SYMBOL), Rejected)
            assert await quantity(venue) == 2

        self.play(tmp_path, story)

    def test_an_order_can_be_asked_about_at_any_time(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await venue.bar(100, 100, 100, 100)
            unknown = await venue.exchange.order("pd00-test-a", SYMBOL, 0)
            assert isinstance(unknown, OrderNotFound)
            await accepted(venue, entry("a", 2))
            waiting = await venue.exchange.order("pd00-test-a", SYMBOL, 0)
            await venue.bar(100, 100, 100, 100)
            done = await venue.exchange.order("pd00-test-a", SYMBOL, 0)
            assert isinstance(waiting, OrderReport)
            assert isinstance(done, OrderReport)
            assert [(r.open, r.filled) for r in (waiting, done)] == [(True, 0), (False, 2)]

        self.play(tmp_path, story)


class ProtectionContract(Stage):
    """Stop, target, funding, liquidation, and what survives."""

    def test_stop_and_target_travel_with_the_entry(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await venue.bar(100, 100, 100, 100)
            await accepted(venue, entry("a", 2, stop=95, target=105))
            await venue.bar(100, 100, 100, 100)
            reported = [e for e in venue.events if isinstance(e, ProtectionReported)]
            assert [(e.stop, e.target) for e in reported] == [(95, 105)]
            held = await position(venue)
            assert held is not None
            assert (held.stop, held.target) == (95, 105)

        self.play(tmp_path, story)

    def test_the_stop_closes_the_whole_position_under_no_id_of_ours(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await hold(venue, 2, stop=95)
            await venue.bar(100, 100, 94, 96)
            assert fills(venue) == [(STOP, -2, 95)]
            assert [e.link_id for e in venue.events if isinstance(e, Executed)] == [""]
            assert await quantity(venue) == 0

        self.play(tmp_path, story)

    def test_the_target_closes_a_short(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await hold(venue, -2, stop=110, target=90)
            await venue.bar(100, 101, 89, 90)
            assert fills(venue) == [(TARGET, 2, 90)]

        self.play(tmp_path, story)

    def test_a_gap_through_the_stop_fills_at_the_open(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await hold(venue, 2, stop=95)
            await venue.bar(90, 106, 89, 100)
            assert fills(venue) == [(STOP, -2, 90)]

        self.play(tmp_path, story)

    def test_a_bar_with_both_takes_the_stop_and_says_so(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await hold(venue, 2, stop=95, target=105)
            await venue.bar(100, 106, 94, 100)
            assert fills(venue) == [(STOP, -2, 95)]
            assert [e.ambiguous for e in venue.events if isinstance(e, Executed)] == [True]

        self.play(tmp_path, story)

    def test_protection_can_be_moved_and_repeating_it_is_harmless(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await hold(venue, 2, stop=95)
            for _ in range(2):
                assert isinstance(await venue.exchange.protect(SYMBOL, 98, 0), Accepted)
            assert isinstance(await venue.exchange.protect(SYMBOL, 100, 0), Rejected)
            await venue.bar(100, 100, 97, 98)
            assert fills(venue) == [(STOP, -2, 98)]
            assert isinstance(await venue.exchange.protect(SYMBOL, 90, 0), Rejected)

        self.play(tmp_path, story)

    def test_a_reduced_position_is_stopped_out_for_what_is_left(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await hold(venue, 5, stop=95)
            await accepted(venue, leave("part", -2))
            await venue.bar(100, 100, 100, 100)
            await venue.bar(100, 100, 90, 95)
            assert fills(venue) == [(ORDER, -2, 100), (STOP, -3, 95)]

        self.play(tmp_path, story)

    def test_longs_pay_positive_funding_and_shorts_receive_it(self, tmp_path: Path) -> None:
        for side in (1, -1):

            async def story(venue: Venue, side: int = side) -> None:
                await hold(venue, 10 * side)
                before = (await venue.exchange.account(0)).wallet
                await venue.settle(10_000)
                paid = [e.amount for e in venue.events if isinstance(e, FundingPaid)]
                assert paid == [side * to_money("0.1")]
                assert (await venue.exchange.account(0)).wallet == before - paid[0]
                assert await quantity(venue) == 10 * side

            self.play(tmp_path / str(side), story)

    def test_a_position_without_a_stop_is_liquidated_at_the_maintenance_margin(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await venue.bar(1_000, 1_000, 1_000, 1_000)
            await accepted(venue, entry("a", 2, leverage=10))
            await venue.bar(1_000, 1_000, 1_000, 1_000)
            await venue.bar(1_000, 1_000, 906, 950)
            assert await quantity(venue) == 2
            await venue.bar(950, 950, 905, 950)
            assert [kind for kind, _, _ in fills(venue)] == [ORDER, ExecKind.LIQUIDATION]
            assert await quantity(venue) == 0

        self.play(tmp_path, story)

    def test_the_owner_s_trades_are_told_without_an_id(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await hold(venue, 2)
            await venue.owner_trades(False, 2)
            assert [(kind, qty) for kind, qty, _ in fills(venue)] == [(ExecKind.MANUAL, -2)]
            assert await quantity(venue) == 0

        self.play(tmp_path, story)

    def test_executions_have_unique_ids_and_can_all_be_asked_for_again(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            for number in range(3):
                await venue.bar(100, 100, 100, 100)
                await accepted(venue, entry(f"in{number}", 2, stop=95))
                await venue.bar(100, 100, 90, 95)
            heard = [e for e in venue.events if isinstance(e, Executed)]
            assert len({e.exec_id for e in heard}) == len(heard) == 6
            assert list((await venue.exchange.account(0)).executions) == heard
            late = await venue.exchange.account(heard[3].at_ms)
            assert list(late.executions) == heard[3:]

        self.play(tmp_path, story)

    def test_a_restart_finds_the_same_account_and_the_same_future(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await hold(venue, 5, stop=95, target=110)
            await accepted(venue, leave("part", -2))
            before = await venue.exchange.account(0)
            await venue.restart()
            after = await venue.exchange.account(0)
            assert _timeless(after) == _timeless(before)
            await venue.bar(100, 100, 100, 100)
            await venue.bar(100, 100, 90, 95)
            assert fills(venue) == [(ORDER, -2, 100), (STOP, -3, 95)]
            assert isinstance(await venue.exchange.place(entry("hold", 5)), Accepted)
            await venue.bar(95, 95, 95, 95)
            assert await quantity(venue) == 0

        self.play(tmp_path, story)


def _timeless(report: AccountReported) -> tuple[object, ...]:
    return report.orders, report.positions, report.executions, report.wallet


class ExchangeSuite(OrderContract, ProtectionContract):
    """The whole contract."""
