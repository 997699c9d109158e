"""The contract of placing, filling, refusing and cancelling orders."""

from pathlib import Path

from engine.core.events import ExecKind, Executed, OrderAccepted, OrderEnded, OrderNotFound, OrderReport
from engine.core.money import to_money
from engine.exchanges.base import Accepted, Rejected
from tests.contracts.stage import Stage, accepted, entry, fills, hold, leave, position, quantity, refused
from tests.contracts.venue import WALLET, Venue
from tests.unit.exchanges.bench import SYMBOL

ORDER = ExecKind.ORDER


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

    def test_an_entry_against_a_position_turns_it_and_brings_its_own_stop(self, tmp_path: Path) -> None:
        for side in (1, -1):

            async def story(venue: Venue, side: int = side) -> None:
                await hold(venue, 2 * side, stop=100 - 20 * side, target=100 + 20 * side)
                await accepted(venue, entry("turn", -5 * side, stop=100 + 30 * side))
                await venue.bar(100 + 10 * side, 100 + 10 * side, 100 + 10 * side, 100 + 10 * side)
                assert sum(qty for _, qty, _ in fills(venue)) == -5 * side
                report = await venue.exchange.account(0)
                held = report.positions[0]
                assert (held.qty, held.entry_cost) == (-3 * side, to_money(3 * (100 + 10 * side)))
                assert (held.stop, held.target) == (100 + 30 * side, 0)
                fees = to_money("0.1") + to_money(5 * (100 + 10 * side)) // 2_000
                assert report.wallet == WALLET + to_money(20) - fees

            self.play(tmp_path / str(side), story)

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
