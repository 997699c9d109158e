"""What must hold whatever happens, looked at every virtual second and at the end."""

from collections import Counter

from engine.core.alerts import ExitAlert, ProtectionAlert
from engine.core.facts import OrderIntended, SignalRecorded, TradeClosed
from engine.core.portfolio import EXTERNAL
from tests.scenarios.rig import assert_sound
from tests.simulation.rig import SimRig

# The promise is five seconds; quotes and ticks of the simulation are a second apart.
UNPROTECTED_S = 7.0


class Watcher:
    """Looks at one process after another; what it finds it keeps in the world."""

    def __init__(self) -> None:
        self._bare: dict[str, tuple[float, int]] = {}

    def look(self, rig: SimRig) -> None:
        """Check the promises that hold at every moment."""
        self._one_position_a_symbol(rig)
        self._stops(rig)

    def _one_position_a_symbol(self, rig: SimRig) -> None:
        account = rig.trader.workspace.account
        books, truth = rig.state.portfolio, rig.world.truth
        open_ = sum(row.entry_cost for row in truth.positions().values())
        waiting = sum(
            order.open_qty * rig.world.prices[order.ticket.symbol] * books.instruments[order.ticket.symbol].unit
            for order in rig.state.book.open()
            if not order.ticket.reduce_only
        )
        if open_ + waiting > account.max_exposure * max(0, books.wallet) * 101 // 100:
            rig.world.violations.append(f"exposure {open_ + waiting} above the cap")
        doubled = [
            order.ticket.symbol
            for order in rig.state.book.open()
            if not order.ticket.reduce_only
            and order.ticket.symbol in rig.positions
            # The owner may trade a symbol while an entry of ours is under way.
            and rig.positions[order.ticket.symbol].profile != EXTERNAL
            and rig.positions[order.ticket.symbol].position_id != order.ticket.position_id
        ]
        rig.world.violations.extend(f"an entry on {symbol}, which has a position" for symbol in doubled)
        entries = Counter(o.ticket.symbol for o in rig.state.book.open() if not o.ticket.reduce_only)
        rig.world.violations.extend(f"{number} entries at once on {s}" for s, number in entries.items() if number > 1)

    def _stops(self, rig: SimRig) -> None:
        world, now = rig.world, rig.clock.monotonic()
        answering = not (world.faults.down or world.faults.muted or world.line.banned or world.line.delay_s)
        answering = answering and not world.line.gates and not world.line.slice
        bare = {
            symbol
            for symbol, row in world.truth.positions().items()
            if not row.stop and symbol in rig.positions and rig.positions[symbol].profile != EXTERNAL
        }
        for symbol in self._bare.keys() - bare:
            del self._bare[symbol]
        for symbol in bare:
            since, told = self._bare.get(symbol, (now, self._alarms(rig, symbol)))
            # The five seconds count while the exchange answers; an alarm given before counts all the same.
            since = since if answering else now
            self._bare[symbol] = since, told
            if now - since > UNPROTECTED_S and self._alarms(rig, symbol) == told:
                world.violations.append(f"{symbol} without a stop for {now - since:g} s")

    def _alarms(self, rig: SimRig, symbol: str) -> int:
        return sum(alert.symbol == symbol for alert in rig.told(ProtectionAlert))


def check_end(rig: SimRig) -> None:
    """Fail unless everything that must hold at the end holds."""
    assert rig.world.violations == []
    assert_sound(rig)
    for symbol, position in rig.positions.items():
        if position.profile != EXTERNAL and not position.closing:
            wanted = rig.trader.workspace.profile(position.profile)
            trails = wanted is not None and wanted.protection.exchange_trail_ppm is not None
            held = rig.world.truth.positions()[symbol].trail
            assert bool(held) == trails, f"{symbol} trails {held} behind"
            assert position.trail == position.held_trail == held
    trades = [fact.trade.position_id for fact in rig.recorded(TradeClosed)]
    told = [alert.position_id for alert in rig.told(ExitAlert)]
    assert sorted(told) == sorted(trades)
    assert len(trades) == len(set(trades))
    opening = [row for row in rig.world.truth.account_report(0, rig.world.truth.now_ms).orders if row.open]
    assert [row for row in opening if not row.reduce_only] == []
    decided = Counter(ticket.link_id for ticket in rig.intended())
    sent = {ticket.link_id for ticket in rig.world.requests if not ticket.reduce_only}
    assert set(decided.values()) <= {1}
    assert sent <= decided.keys(), "an entry left that the journal does not know"
    traded = [fact for fact in rig.recorded(SignalRecorded) if fact.outcome == "traded"]
    entries = [fact for fact in rig.recorded(OrderIntended) if not fact.ticket.reduce_only]
    assert len(entries) == len(traded)
