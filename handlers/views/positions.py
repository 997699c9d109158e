"""Open positions: the list, page by page, and the card of one."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from engine.core.snapshot import PositionView, Snapshot
from handlers.views import words
from handlers.views.format import NONE, age, cost, esc, percent, price, quantity, r_multiple, relative, side, signed
from handlers.views.freshness import is_stale
from handlers.views.table import Table, paragraphs

PAGE = 6


def in_order(snapshot: Snapshot) -> tuple[PositionView, ...]:
    """Positions by symbol, so that a page is found again by the symbol it starts with."""
    return tuple(sorted(snapshot.positions, key=lambda position: position.symbol))


def positions_page(snapshot: Snapshot, start: str) -> tuple[PositionView, ...]:
    """The page that starts with symbol `start` (or the first after it); the last page when none follows."""
    ordered = in_order(snapshot)
    first = next(
        (index for index, position in enumerate(ordered) if position.symbol >= start), max(0, len(ordered) - PAGE)
    )
    return ordered[first : first + PAGE]


def render_positions(snapshot: Snapshot, start: str, *, wall_ms: int, zone: ZoneInfo) -> str:
    """HTML of one page of positions, with the totals of all."""
    stale = is_stale(snapshot, wall_ms=wall_ms)
    shown = positions_page(snapshot, start)
    total = "P&L hidden: no fresh prices" if stale else f"{signed(snapshot.unrealised)} USDT"
    head = f"<b>Positions</b> · {esc(words.mode(snapshot.mode))}{' · STALE' if stale else ''}"
    if not shown:
        return paragraphs(head, "No open positions.", _foot(snapshot, zone))
    table = Table()
    for position in shown:
        _entry(table, position, stale=stale)
    return paragraphs(head, f"Open {len(snapshot.positions)} · {esc(total)}", table.html(), _foot(snapshot, zone))


def _entry(table: Table, position: PositionView, *, stale: bool) -> None:
    result = "STALE" if stale else signed(position.unrealised)
    table.columns((position.symbol, side(position.long), result), (14, 5, -13))
    tick = position.tick
    table.line(
        "",
        f"{price(position.entry, tick)} → {NONE if stale else price(position.mark, tick)}",
        "" if stale else _r(position),
    )
    table.line("", _stop_words(position), _flags(position))
    if position.trail is not None:
        table.line("", f"trails {_trail_percent(position)}", _place(there=position.trail_on_exchange))


def _r(position: PositionView) -> str:
    return r_multiple(position.r_now) if position.r_now is not None else ""


def _flags(position: PositionView) -> str:
    return "closing" if position.closing else "external" if position.external else position.profile


def _stop_words(position: PositionView) -> str:
    if position.stop is None:
        return "NO STOP"
    return f"stop {price(position.stop, position.tick)}{'' if position.stop_on_exchange else ' NOT SET'}"


def _foot(snapshot: Snapshot, zone: ZoneInfo) -> str:
    return f"As of {relative(snapshot.wall_ms, zone)}"


def render_card(position: PositionView, snapshot: Snapshot, *, wall_ms: int, zone: ZoneInfo) -> str:
    """HTML of everything about one position."""
    stale = is_stale(snapshot, wall_ms=wall_ms)
    owner = "external" if position.external else position.profile
    name = f"{position.symbol} {side(position.long)} {position.leverage}x"
    head = f"<b>{esc(name)}</b> · {esc(owner)} · {esc(words.mode(snapshot.mode))}"
    table = Table(7)
    _prices(table, position, stale=stale)
    table.row("Size", quantity(position.quantity), f"margin {signed(position.margin).lstrip('+')}")
    table.row(
        "Fees",
        cost(position.fees),
        f"Fund {cost(position.funding)}",
        f"Age {age(snapshot.market_ms - position.opened_ms)}",
    )
    note = "Closing now." if position.closing else ""
    rule = (
        "Opened outside the desk; strategies leave it alone."
        if position.external
        else f"Rule {position.rule}"
        if position.rule
        else ""
    )
    return paragraphs(
        head,
        "<b>STALE</b>: prices are old, P&amp;L hidden." if stale else "",
        table.html(),
        esc(rule),
        note,
        _foot(snapshot, zone),
    )


def _prices(table: Table, position: PositionView, *, stale: bool) -> None:
    tick = position.tick
    if stale:
        table.row("Entry", price(position.entry, tick))
    else:
        table.row(
            "P&L",
            f"{signed(position.unrealised)} USDT",
            f"{percent(position.unrealised_percent)}",
            *_some(_r(position)),
        )
        table.row("Entry", price(position.entry, tick), f"Mark {price(position.mark, tick)}")
    table.row("Stop", *_level(position.stop, position, stale=stale), *_where(position))
    if position.if_stopped is not None:
        table.row("", f"if stopped {signed(position.if_stopped)} USDT")
    if position.trail is not None:
        behind = f"{_trail_percent(position)} = {price(position.trail, tick)}"
        table.row("Trails", behind, _place(there=position.trail_on_exchange))
    table.row("Target", *_level(position.target, position, stale=stale))
    table.row("Liq", *_liquidation(position, stale=stale))


def _liquidation(position: PositionView, *, stale: bool) -> list[str]:
    if position.liquidation is None:
        return ["not known"]
    return [*_level(position.liquidation, position, stale=stale), "estimate"]


def _where(position: PositionView) -> list[str]:
    if position.stop is None:
        return []
    return [_place(there=position.stop_on_exchange)]


def _place(*, there: bool) -> str:
    return "on exchange" if there else "NOT ON EXCHANGE"


def _trail_percent(position: PositionView) -> str:
    return percent(position.trail_percent, 1, plus=False)


def _level(level: Decimal | None, position: PositionView, *, stale: bool) -> list[str]:
    if level is None:
        return ["none"]
    text = price(level, position.tick)
    if stale or not position.mark:
        return [text]
    return [text, percent((level - position.mark) * 100 / position.mark)]


def _some(text: str) -> list[str]:
    return [text] if text else []
