"""An order that fills in parts and is cancelled at any moment: what was filled is held, with a stop for just that."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import events as e
from engine.core.commands import ClosePosition
from engine.core.effects import Effect, SetProtection
from engine.core.facts import TradeClosed
from engine.core.money import to_money
from engine.core.profile import SizeMode, Sizing
from tests.properties.desk_machine import Rig
from tests.support.desk import BTC, account, assert_replays, facts, profile

SIZE = 15
# A part that fills, a message that arrives, time that passes; then the order is cancelled.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("fill"), st.integers(1, SIZE)),
        st.tuples(st.just("mail"), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.sampled_from([1, 200])),
    ),
    max_size=10,
)


class Counted(Rig):
    """Keeps what was asked for in the way of protection."""

    def carry(self, effects: list[Effect]) -> None:
        """Note and carry out."""
        self.asked = [*getattr(self, "asked", []), *(one for one in effects if isinstance(one, SetProtection))]
        super().carry(effects)


def entered(*, long: bool) -> tuple[Counted, str]:
    sizing = Sizing(mode=SizeMode.QUANTITY, amount=to_money("1.5"))
    rig = Counted(account(profile(sizing=sizing), hand_cooldown_ms=0), (BTC,))
    rig.signal(BTC, long=long)
    return rig, rig.entries[0]


def play(rig: Rig, link_id: str, steps: list[tuple[str, int]]) -> None:
    for what, number in steps:
        if what == "fill" and link_id in rig.working():
            rig.venue.fill(link_id, number)
        elif what == "mail":
            rig.deliver(number)
        elif what == "wait":
            rig.pass_time(number)


def quiet(rig: Rig) -> None:
    """End what works, and let every message arrive."""
    for link_id in rig.working():
        rig.venue.end(link_id)
    rig.settle()


@settings(max_examples=200, deadline=None)
@given(st.booleans(), STEPS, STEPS)
def test_what_is_filled_before_the_cancel_is_held_and_stopped_to_the_step(
    long: bool, before: list[tuple[str, int]], after: list[tuple[str, int]]
) -> None:
    rig, link_id = entered(long=long)
    play(rig, link_id, before)
    filled = rig.venue.orders[link_id].filled
    rig.venue.end(link_id)
    play(rig, link_id, after)
    quiet(rig)
    held = rig.bench.ws.positions.get(BTC)
    theirs = rig.venue.holding(BTC)
    assert (held.size if held else 0) == abs(theirs.qty) == filled
    if held is not None:
        assert theirs.stop == held.stop == held.held_stop != 0
        # The exchange's stop is the position's own: it closes what is there, and no order of ours is left over.
        rig.venue.force(BTC, e.ExecKind.STOP)
        quiet(rig)
        assert [fact.trade.reason for fact in facts(rig.bench.effects, TradeClosed)] == ["stop"]
    assert not rig.bench.ws.positions
    assert not rig.open_orders()
    assert_replays(rig.bench)


@settings(max_examples=200, deadline=None)
@given(st.booleans(), st.integers(1, 99), STEPS)
def test_a_close_in_parts_that_is_cut_short_leaves_the_rest_with_its_stop(
    long: bool, percent: int, steps: list[tuple[str, int]]
) -> None:
    rig, link_id = entered(long=long)
    rig.venue.fill(link_id, SIZE)
    rig.settle()
    rig.step(ClosePosition(command_id="c", by="ann", wall_ms=rig.bench.now, symbol=BTC, percent=percent))
    for name in [name for name in rig.working() if name != link_id]:
        play(rig, name, steps)
    quiet(rig)
    held, theirs = rig.bench.ws.positions.get(BTC), rig.venue.holding(BTC)
    assert (held.size if held else 0) == abs(theirs.qty)
    assert held is None or theirs.stop == held.stop == held.held_stop != 0
    assert held is None or held.size >= SIZE - SIZE * percent // 100
    assert all(one.stop and one.target for one in rig.asked)
    assert_replays(rig.bench)
