"""The contract of the trailing stop that the exchange holds, for longs and shorts alike."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from engine.core.events import ExecKind, Executed, ProtectionReported
from engine.exchanges.base import Accepted, Rejected
from tests.contracts.stage import Stage, accepted, entry, fills, hold, leave, position, quantity
from tests.contracts.venue import Venue
from tests.unit.exchanges.bench import SYMBOL

ORDER, STOP, TRAILING = ExecKind.ORDER, ExecKind.STOP, ExecKind.TRAILING
DISTANCE = 5


@dataclass(frozen=True, slots=True)
class Side:
    """A story told for longs, mirrored at 100 for shorts: `at(7)` is 107, or 93."""

    venue: Venue
    sign: int

    def at(self, profit: int) -> int:
        """Return the price at a profit."""
        return 100 + self.sign * profit

    async def hold(self, steps: int = 2, stop: int = -10) -> None:
        """Hold a position opened at 100, with a stop."""
        await hold(self.venue, self.sign * steps, stop=self.at(stop))

    async def trail(self, distance: int = DISTANCE, stop: int = -10) -> None:
        """Set stop and trailing stop, which must be taken."""
        assert isinstance(await self.venue.exchange.protect(SYMBOL, self.at(stop), 0, distance), Accepted)

    async def walk(self, *profits: int) -> None:
        """Let the price stand at these profits, a minute each."""
        for profit in profits:
            price = self.at(profit)
            await self.venue.bar(price, price, price, price)

    def closed(self) -> list[tuple[ExecKind, int, int]]:
        """Return what closed: kind, steps, profit in ticks."""
        return [(kind, -qty * self.sign, (price - 100) * self.sign) for kind, qty, price in fills(self.venue)]


class TrailContract(Stage):
    """Set, follow, trigger, replace, remove, survive."""

    def both(self, folder: Path, story: Callable[[Side], Awaitable[None]]) -> None:
        """Play a story as a long and as a short."""
        for sign in (1, -1):
            self.play(folder / str(sign), lambda venue, sign=sign: story(Side(venue, sign)))

    def test_a_trailing_stop_is_told_and_reported_beside_stop_and_target(self, tmp_path: Path) -> None:
        async def story(side: Side) -> None:
            await side.hold()
            await side.trail()
            await side.walk(0)
            told = [e for e in side.venue.events if isinstance(e, ProtectionReported)]
            assert [(e.stop, e.target, e.trail) for e in told] == [(side.at(-10), 0, DISTANCE)]
            held = await position(side.venue)
            assert held is not None
            assert (held.stop, held.target, held.trail) == (side.at(-10), 0, DISTANCE)

        self.both(tmp_path, story)

    def test_it_stands_behind_the_price_at_once(self, tmp_path: Path) -> None:
        async def story(side: Side) -> None:
            await side.hold()
            await side.trail()
            await side.walk(-4)
            assert side.closed() == []
            await side.walk(-5)
            assert side.closed() == [(TRAILING, 2, -5)]

        self.both(tmp_path, story)

    def test_it_follows_the_best_price_never_moves_back_and_closes_under_no_id_of_ours(self, tmp_path: Path) -> None:
        async def story(side: Side) -> None:
            await side.hold()
            await side.trail()
            await side.walk(4, 12, 9, 8, 11)
            assert side.closed() == []
            await side.walk(8, 7)
            assert side.closed() == [(TRAILING, 2, 7)]
            assert [e.link_id for e in side.venue.events if isinstance(e, Executed)] == [""]
            assert await quantity(side.venue) == 0

        self.both(tmp_path, story)

    def test_a_gap_through_it_fills_at_the_open(self, tmp_path: Path) -> None:
        async def story(side: Side) -> None:
            await side.hold()
            await side.trail()
            await side.walk(12, 3)
            assert side.closed() == [(TRAILING, 2, 3)]

        self.both(tmp_path, story)

    def test_of_stop_and_trailing_stop_the_nearer_one_acts(self, tmp_path: Path) -> None:
        async def fixed(side: Side) -> None:
            await side.hold(stop=-3)
            await side.trail(stop=-3)
            await side.walk(-3)
            assert side.closed() == [(STOP, 2, -3)]

        async def both_jumped_over(side: Side) -> None:
            await side.hold(stop=-8)
            await side.trail(stop=-8)
            await side.walk(-9)
            assert side.closed() == [(TRAILING, 2, -9)]

        self.both(tmp_path / "fixed", fixed)
        self.both(tmp_path / "both", both_jumped_over)

    def test_moving_the_stop_or_asking_again_leaves_it_where_it_is(self, tmp_path: Path) -> None:
        async def story(side: Side) -> None:
            await side.hold()
            await side.trail()
            await side.walk(12)
            await side.trail()
            await side.walk(9)
            await side.trail(stop=-9)
            await side.walk(8)
            assert side.closed() == []
            await side.walk(7)
            assert side.closed() == [(TRAILING, 2, 7)]

        self.both(tmp_path, story)

    def test_another_distance_begins_at_the_present_price(self, tmp_path: Path) -> None:
        async def story(side: Side) -> None:
            await side.hold()
            await side.trail()
            await side.walk(12, 10)
            await side.trail(2)
            await side.walk(9)
            held = await position(side.venue)
            assert held is not None
            assert held.trail == 2
            assert side.closed() == []
            await side.walk(8)
            assert side.closed() == [(TRAILING, 2, 8)]

        self.both(tmp_path, story)

    def test_it_can_be_removed(self, tmp_path: Path) -> None:
        async def story(side: Side) -> None:
            await side.hold()
            await side.trail()
            await side.walk(12)
            await side.trail(0)
            await side.walk(2)
            assert side.closed() == []
            held = await position(side.venue)
            assert held is not None
            assert (held.stop, held.trail) == (side.at(-10), 0)
            await side.walk(-10)
            assert side.closed() == [(STOP, 2, -10)]

        self.both(tmp_path, story)

    def test_it_survives_an_add_and_a_partial_close_and_closes_what_is_there(self, tmp_path: Path) -> None:
        async def story(side: Side) -> None:
            await side.hold(5)
            await side.trail()
            await side.walk(12)
            await accepted(side.venue, entry("more", 3 * side.sign))
            await side.walk(12)
            await accepted(side.venue, leave("part", -2 * side.sign))
            await side.walk(12, 8)
            side.venue.events.clear()
            held = await position(side.venue)
            assert held is not None
            assert (held.qty, held.trail) == (6 * side.sign, DISTANCE)
            await side.walk(7)
            assert side.closed() == [(TRAILING, 6, 7)]

        self.both(tmp_path, story)

    def test_it_ends_with_its_position(self, tmp_path: Path) -> None:
        async def story(side: Side) -> None:
            await side.hold()
            await side.trail()
            await accepted(side.venue, leave("out", -2 * side.sign))
            await side.walk(0)
            assert isinstance(await side.venue.exchange.protect(SYMBOL, 0, 0, DISTANCE), Rejected)
            await accepted(side.venue, entry("anew", 2 * side.sign))
            await side.walk(0)
            held = await position(side.venue)
            assert held is not None
            assert held.trail == 0
            await side.walk(-6)
            assert await quantity(side.venue) == 2 * side.sign

        self.both(tmp_path, story)

    def test_a_restart_loses_nothing_of_its_way(self, tmp_path: Path) -> None:
        async def story(side: Side) -> None:
            await side.hold()
            await side.trail()
            await side.walk(12, 9)
            await side.venue.restart()
            held = await position(side.venue)
            assert held is not None
            assert held.trail == DISTANCE
            await side.walk(8)
            assert side.closed() == []
            await side.walk(7)
            assert side.closed() == [(TRAILING, 2, 7)]

        self.both(tmp_path, story)
