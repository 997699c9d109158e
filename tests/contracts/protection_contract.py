"""The contract of stop, target, funding and liquidation, and of what survives a restart."""

from pathlib import Path

from engine.core.events import AccountReported, ExecKind, Executed, FundingPaid, ProtectionReported
from engine.core.money import to_money
from engine.exchanges.base import Accepted, Rejected
from tests.contracts.stage import Stage, accepted, entry, fills, hold, leave, position, quantity
from tests.contracts.venue import Venue
from tests.unit.exchanges.bench import SYMBOL

ORDER, STOP, TARGET = ExecKind.ORDER, ExecKind.STOP, ExecKind.TARGET


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
