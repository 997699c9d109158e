"""What the desk thinks of a symbol, and what holds it back."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from engine.core.snapshot import Snapshot, SymbolView
from handlers.ports import SignalRow
from handlers.views import words
from handlers.views.format import esc, moment, price, short_moment, side, signed, span
from handlers.views.freshness import is_stale
from handlers.views.signals import refusal
from handlers.views.status import hold_line
from handlers.views.table import Table, paragraphs


def render_why(
    symbol: SymbolView, snapshot: Snapshot, signals: Sequence[SignalRow], *, wall_ms: int, zone: ZoneInfo
) -> str:
    """HTML of prices, profiles, obstacles and the latest signals of a symbol."""
    table = Table(9)
    table.row("Last", price(symbol.last, symbol.tick), f"Mark {price(symbol.mark, symbol.tick)}")
    table.row("Age", "no price yet" if symbol.age_ms is None else span(symbol.age_ms), symbol.status)
    _position(table, symbol, snapshot, stale=is_stale(snapshot, wall_ms=wall_ms))
    return paragraphs(
        f"<b>{esc(symbol.symbol)}</b> · {esc(words.mode(snapshot.mode))}",
        table.html(),
        _traded_by(symbol, snapshot),
        _obstacles(symbol, snapshot, zone),
        _signals(signals, zone),
    )


def _position(table: Table, symbol: SymbolView, snapshot: Snapshot, *, stale: bool) -> None:
    held = next((position for position in snapshot.positions if position.symbol == symbol.symbol), None)
    if held is None:
        table.row("Position", "none")
    else:
        table.row(
            "Position", side(held.long), "STALE" if stale else signed(held.unrealised), held.profile or "external"
        )


def _traded_by(symbol: SymbolView, snapshot: Snapshot) -> str:
    names = [
        f"{profile.name} ({profile.timeframe}{'' if profile.enabled else ', OFF'})"
        for profile in snapshot.profiles
        if symbol.symbol in profile.symbols
    ]
    return esc(f"Watched by {', '.join(names)}" if names else "No profile watches it.")


def _obstacles(symbol: SymbolView, snapshot: Snapshot, zone: ZoneInfo) -> str:
    owners = [profile.name for profile in snapshot.profiles if symbol.symbol in profile.symbols]
    reached = [
        hold for hold in snapshot.holds if any(hold.scope.covers(owner, symbol.symbol) for owner in owners or [""])
    ]
    told = {hold.reason for hold in reached} | ({"cooldown"} if symbol.cooldown_until_ms is not None else set())
    lines = [
        *(hold_line(hold, zone) for hold in reached),
        *(reason for reason in symbol.held_back if reason not in told),
    ]
    if symbol.cooldown_until_ms is not None:
        lines.append(f"Cooldown until {moment(symbol.cooldown_until_ms, zone)}")
    if not lines:
        return "Nothing holds it back: it waits for a signal."
    return "\n".join(["<b>Held back by</b>", *(f"• {esc(line)}" for line in dict.fromkeys(lines))])


def _signals(signals: Sequence[SignalRow], zone: ZoneInfo) -> str:
    if not signals:
        return "No signal recorded yet."
    table = Table()
    for row in signals:
        outcome = row.outcome if row.outcome != row.side.lower() else ""
        table.line(short_moment(row.at_ms, zone), row.side.upper(), outcome)
        table.line(row.profile, row.rule, *([refusal(row)] if row.check else []))
    return paragraphs(
        f"<b>Last signals</b>, times {esc(moment(signals[0].at_ms, zone).rpartition(' ')[2])}", table.html()
    )


def render_unknown_symbol(wanted: str, close: Sequence[str]) -> str:
    """HTML for a symbol that the desk does not know, with names that look like it."""
    hint = (
        f"Did you mean {', '.join(f'<code>{esc(name)}</code>' for name in close)}?"
        if close
        else "Strategies list what is watched: /strategies"
    )
    return paragraphs(f"{esc(wanted)} is not a symbol of this desk.", hint)


def render_no_position(symbol: str) -> str:
    """HTML for a symbol on which nothing is held."""
    return f"No open position on {esc(symbol)}. Nothing was done. /positions shows what is open."
