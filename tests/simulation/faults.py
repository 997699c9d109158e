"""Everything that may go wrong between desk, exchange, disk and people: each begins it and says how it ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.core.market import MINUTE_MS
from tests.simulation.rig import SimRig, SimWorld
from tests.support.virtual import VirtualClock

WINDOW_S = 20.0


def _none(_rig: SimRig) -> None:
    return


@dataclass(frozen=True, slots=True)
class Fault:
    """`begin` on a running process: False when there is nothing to strike yet. `end` comes after `lasts_s`, on whatever
    process runs then. `struck` tells whether anything suffered.
    """

    begin: Callable[[SimRig], bool | None]
    end: Callable[[SimRig], None] = _none
    lasts_s: float = 0.0
    struck: Callable[[SimWorld], bool] = field(default=lambda _world: True)


def _counted(name: str) -> Fault:
    def begin(rig: SimRig) -> None:
        setattr(rig.world.faults, name, 1)

    def end(rig: SimRig) -> None:
        setattr(rig.world.faults, name, 0)

    return Fault(begin, end, 300, lambda world: not getattr(world.faults, name))


def _line(name: str, count: int = 1) -> Fault:
    def begin(rig: SimRig) -> None:
        setattr(rig.world.line, name, count)

    def end(rig: SimRig) -> None:
        setattr(rig.world.line, name, 0)

    return Fault(begin, end, 300, lambda world: getattr(world.line, name) < count)


def _unprotected(rig: SimRig) -> None:
    rig.world.faults.drop_stops = rig.world.faults.refuse_protection = 1


def _protected(rig: SimRig) -> None:
    rig.world.faults.drop_stops = rig.world.faults.refuse_protection = 0


def _down(rig: SimRig) -> None:
    rig.paper.set_down(True, "maintenance")


def _up(rig: SimRig) -> None:
    rig.paper.set_down(False, "the exchange answers again")


def _muted(rig: SimRig) -> None:
    rig.world.faults.muted = True


def _heard(rig: SimRig) -> None:
    rig.world.faults.muted = False


def _banned(rig: SimRig) -> None:
    rig.world.line.banned = True


def _free(rig: SimRig) -> None:
    rig.world.line.banned = False


def _slow(rig: SimRig) -> None:
    rig.world.line.delay_s = 3.0


def _quick(rig: SimRig) -> None:
    rig.world.line.delay_s = 0.0


def _locked(rig: SimRig) -> None:
    rig.journal.fail_next = 4


def _slices(rig: SimRig) -> None:
    rig.world.line.slice = 60


def _whole(rig: SimRig) -> None:
    rig.world.line.slice = None


def _skewed(rig: SimRig) -> None:
    rig.world.skew_ms = rig.world.random.choice((-6_000, -900, 400, 900, 1_100, 6_000))


def _right(rig: SimRig) -> None:
    rig.world.skew_ms = 0


def _gap(rig: SimRig) -> None:
    for symbol in rig.world.prices:
        rig.world.prices[symbol] = rig.world.prices[symbol] * rig.world.random.choice((96, 104)) // 100


def _first(rig: SimRig) -> tuple[str, int]:
    held = [(symbol, row.qty) for symbol, row in sorted(rig.world.truth.positions().items())]
    return held[0] if held else ("", 0)


def _owner_closes(rig: SimRig) -> bool:
    symbol, qty = _first(rig)
    if qty:
        rig.paper.manual_trade(symbol, qty < 0, abs(qty))
    return bool(qty)


def _owner_adds(rig: SimRig) -> None:
    symbol, qty = _first(rig)
    rig.paper.manual_trade(symbol or "ETHUSDT", qty >= 0, 10)


def _owner_flips(rig: SimRig) -> bool:
    symbol, qty = _first(rig)
    if qty:
        rig.paper.manual_trade(symbol, qty < 0, abs(qty) + 20)
    return bool(qty)


def _liquidated(rig: SimRig) -> bool:
    symbol, qty = _first(rig)
    if qty:
        rig.paper.liquidate(symbol)
    return bool(qty)


def _deleveraged(rig: SimRig) -> bool:
    symbol, qty = _first(rig)
    if qty:
        rig.paper.deleverage(symbol, abs(qty) // 2)
    return bool(qty)


def _funding(rig: SimRig) -> None:
    for number, symbol in enumerate(rig.world.prices):
        at_ms = VirtualClock.wall_ms(rig.clock) // MINUTE_MS * MINUTE_MS + MINUTE_MS * (number + 1)
        rig.paper.set_funding(symbol, at_ms, 10_000)


FAULTS: Mapping[str, Fault] = {
    "lost request": _counted("lose_requests"),
    "lost reply": _counted("lose_replies"),
    "refused order": _counted("refuse_orders"),
    "dropped stop": _counted("drop_stops"),
    "refused stop": Fault(_unprotected, _protected, 300, lambda world: not world.faults.drop_stops),
    "outage": Fault(_down, _up, WINDOW_S),
    "silent stream": Fault(_muted, _heard, WINDOW_S),
    "ban": Fault(_banned, _free, WINDOW_S),
    "delay": Fault(_slow, _quick, WINDOW_S),
    "rate limit": _line("limited"),
    "missing message": _line("miss", 2),
    "doubled message": _line("double", 3),
    "reordered message": _line("reorder", 2),
    "journal locked": Fault(_locked),
    "partial fills": Fault(_slices, _whole, WINDOW_S),
    "clock skew": Fault(_skewed, _right, 60),
    "price gap": Fault(_gap),
    "owner closes": Fault(_owner_closes),
    "owner adds": Fault(_owner_adds),
    "owner flips": Fault(_owner_flips),
    "liquidation": Fault(_liquidated),
    "deleveraging": Fault(_deleveraged),
    "funding": Fault(_funding),
}
