"""The trailing stop that the exchange itself holds: decided once the entry is over, told when it cannot be set."""

from engine.core import alerts as a
from engine.core.effects import SetProtection
from engine.core.facts import ProtectionIntended
from engine.core.money import PPM, Ticks
from engine.core.orders import Purpose
from engine.core.portfolio import Position
from engine.core.workspace import Watch, Workspace

WHY = "trailing stop on the exchange"
# What the exchange keeps refusing while something else protects the position is asked for less often.
PATIENT_MS = 60_000


def distance(position: Position, ppm: int) -> Ticks:
    """Return a share of the average entry as a distance in ticks: rounded up, at least one."""
    per_tick = position.size * position.unit
    return max(1, -(-position.cost * ppm // (PPM * per_tick)))


def begin(ws: Workspace, position: Position) -> None:
    """Decide on the trail that the position's profile wants, and ask for it; nothing while the entry is under way or
    when it was decided before. A closer one that the exchange holds already stays.
    """
    if position.trail or position.closing:
        return
    profile = ws.profile(position.profile)
    ppm = profile.protection.exchange_trail_ppm if profile else None
    if ppm is None or _entering(ws, position.symbol):
        return
    trail = min(distance(position, ppm), position.held_trail or distance(position, ppm))
    ws.record(ProtectionIntended(position.symbol, position.stop, position.target, WHY, ws.now_ms, trail))
    ws.emit(SetProtection(position.symbol, position.stop, position.target, trail))


def _entering(ws: Workspace, symbol: str) -> bool:
    return any(order.ticket.purpose is Purpose.ENTRY for order in ws.state.book.open(symbol))


def ask_later(ws: Workspace, position: Position, watch: Watch) -> None:
    """Stop or trail cannot be set while the other is live: nothing is closed, people are told once, asking goes on."""
    watch.since_ms, watch.attempts = ws.wall_ms + PATIENT_MS, 0
    if watch.told:
        return
    watch.told = True
    ws.alert(
        a.TrailAlert,
        position_id=position.position_id,
        symbol=position.symbol,
        profile=position.profile,
        long=position.long,
        missing="trailing stop" if position.held_stop else "stop",
        live="stop" if position.held_stop else "trailing stop",
        why=watch.why or "the exchange does not show it",
    )
