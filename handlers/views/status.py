"""The whole state of the desk in one message: what it may do, what it holds, and how its parts are."""

from zoneinfo import ZoneInfo

from engine.core.facts import Hold
from engine.core.profile import HoldLevel
from engine.core.snapshot import OrderView, Snapshot
from handlers.views import words
from handlers.views.format import age, esc, moment, quantity
from handlers.views.panel import render_panel
from handlers.views.table import Table, paragraphs

_LEVELS = {
    HoldLevel.NO_NEW_SIZE: "no new size",
    HoldLevel.NO_ENTRIES: "no entries",
    HoldLevel.REDUCE_ONLY: "reduce only",
    HoldLevel.HALTED: "halted",
}
_SHOWN = 8


def render_status(snapshot: Snapshot, *, wall_ms: int, zone: ZoneInfo) -> str:
    """HTML of the status: the panel's numbers, then holds, orders under way and profiles."""
    return paragraphs(
        render_panel(snapshot, wall_ms=wall_ms, zone=zone),
        _holds(snapshot, zone),
        _orders(snapshot),
        _profiles(snapshot),
    )


def hold_line(hold: Hold, zone: ZoneInfo) -> str:
    """One hold as a sentence, not escaped."""
    until = f" until {moment(hold.until_ms, zone)}" if hold.until_ms is not None else ""
    lifted = {
        "admin": "lifted by /resume",
        "time": "ends by itself or by /resume",
        "condition": "ends when the cause is gone",
        "host": "lifted on the host only",
        "golive": "lifted by /golive",
    }.get(hold.lift, hold.lift)
    level = _LEVELS.get(hold.level, hold.level.name.lower())
    return f"{words.scope(hold.scope)}: {level}{until}. {words.caused(hold.reason, hold.by)}; {lifted}"


def _holds(snapshot: Snapshot, zone: ZoneInfo) -> str:
    if not snapshot.holds:
        return "Holds: none"
    lines = [f"• {esc(hold_line(hold, zone))}" for hold in snapshot.holds[:_SHOWN]]
    return "\n".join(
        [
            f"<b>Holds {len(snapshot.holds)}</b>",
            *lines,
            *_rest(len(snapshot.holds), "/why SYMBOL shows those of a symbol"),
        ]
    )


def _orders(snapshot: Snapshot) -> str:
    if not snapshot.orders:
        return "Orders under way: none"
    table = Table()
    for order in snapshot.orders[:_SHOWN]:
        table.line(f"{order.symbol} {_verb(order)} {quantity(order.quantity)}")
        table.line("", order.status.replace("_", " "), f"for {age(snapshot.market_ms - order.since_ms)}")
        table.line("", f"filled {quantity(order.filled)} of {quantity(order.quantity)}")
    rest = _rest(len(snapshot.orders), "the newest are shown again as they end")
    return "\n".join([f"<b>Orders under way {len(snapshot.orders)}</b>", table.html(), *rest])


def _verb(order: OrderView) -> str:
    return f"{'BUY' if order.buy else 'SELL'} {order.purpose}"


def _profiles(snapshot: Snapshot) -> str:
    running = [profile.name for profile in snapshot.profiles if profile.enabled]
    off = [profile.name for profile in snapshot.profiles if not profile.enabled]
    text = f"Profiles on: {', '.join(running) or 'none'}"
    return esc(f"{text} · off: {', '.join(off)}" if off else text)


def _rest(total: int, hint: str) -> list[str]:
    return [f"… and {total - _SHOWN} more; {hint}."] if total > _SHOWN else []
