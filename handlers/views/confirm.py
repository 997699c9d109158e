"""What is shown before something irreversible, and what is shown when it does not come to that."""

from collections.abc import Callable, Sequence
from decimal import ROUND_FLOOR, Decimal

from engine.core.commands import Filter
from engine.core.snapshot import PositionView, Snapshot
from handlers.views import words
from handlers.views.format import NONE, cost, count, esc, price, quantity, side, signed
from handlers.views.freshness import is_stale
from handlers.views.table import Table, paragraphs

_TAKER = Decimal("0.00055")
_SHOWN = 12
_VALID = "Valid for 30 s."
_PRESS = f"It closes what is there when you press. {_VALID}"
_TESTS: dict[Filter, Callable[[PositionView], bool]] = {
    Filter.ALL: lambda position: True,
    Filter.LOSERS: lambda position: position.unrealised < 0,
    Filter.LONGS: lambda position: position.long,
    Filter.SHORTS: lambda position: not position.long,
}
_WHICH = {Filter.ALL: "all", Filter.LOSERS: "losing", Filter.LONGS: "long", Filter.SHORTS: "short"}


def part(position: PositionView, percent_: int) -> Decimal:
    """The quantity that a percentage of a position is, rounded down to the decimals that its quantity has."""
    if percent_ == 100:
        return position.quantity
    exponent = position.quantity.as_tuple().exponent
    step = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    return (position.quantity * percent_ / 100).quantize(step, ROUND_FLOOR)


def _share(position: PositionView, closed: Decimal) -> Decimal:
    return position.unrealised * closed / position.quantity


def matching(snapshot: Snapshot, which: Filter, profile: str) -> tuple[PositionView, ...]:
    """The positions a close-all means now, by symbol."""
    found = (
        position for position in snapshot.positions if _TESTS[which](position) and profile in {"", position.profile}
    )
    return tuple(sorted(found, key=lambda position: position.symbol))


def entries(snapshot: Snapshot, profile: str) -> int:
    """How many entry orders under way a close-all would cancel."""
    return sum(order.purpose == "entry" and profile in {"", order.profile} for order in snapshot.orders)


def render_close_preview(position: PositionView, percent_: int, snapshot: Snapshot, *, wall_ms: int) -> str:
    """HTML of the order that closes a position or part of it: side, quantity, symbol, price, cost and result."""
    stale = is_stale(snapshot, wall_ms=wall_ms)
    closed = part(position, percent_)
    fee = closed * position.mark * _TAKER
    table = Table(8)
    table.row(
        "Order",
        f"{'SELL' if position.long else 'BUY'} {quantity(closed)}",
        position.symbol,
    )
    table.row("", "market, reduce-only")
    if stale:
        table.row("Price", "not known: prices are old")
    else:
        table.row("Price", f"about {price(position.last, position.tick)}")
        table.row("Cost", f"about {cost(fee)} USDT fee")
        table.row("Result", f"about {signed(_share(position, closed) - fee)} USDT")
    left = position.quantity - closed
    what = f"{'' if percent_ == 100 else f'{percent_}% of '}{esc(position.symbol)} {side(position.long)}"
    table.row("Leaves", f"{quantity(left)} open" if left else "nothing open")
    return paragraphs(
        f"<b>Close {what}</b> · {esc(words.where(snapshot))}",
        table.html(),
        "Opened outside the desk." if position.external else "",
        _PRESS,
    )


def render_too_small(position: PositionView, percent_: int) -> str:
    """HTML for a part that is below the smallest quantity."""
    held = f"{quantity(position.quantity)} {position.symbol}"
    return f"{percent_}% of {esc(held)} is below its smallest step. Nothing was done; close a larger part."


def render_close_all_preview(snapshot: Snapshot, which: Filter, profile: str, *, wall_ms: int, paused: str) -> str:
    """HTML of what a close-all will send; `paused` says what was already done."""
    stale = is_stale(snapshot, wall_ms=wall_ms)
    found = matching(snapshot, which, profile)
    title = f"<b>Close {_WHICH[which]} positions{f' of {esc(profile)}' if profile else ''}</b>"
    head = f"{title} · {esc(words.where(snapshot))}"
    waiting = entries(snapshot, profile)
    cancels = f"Cancels {count(waiting, 'entry order')} under way." if waiting else ""
    if not found:
        return paragraphs(head, "No open position matches.", cancels, esc(paused), _VALID if waiting else "")
    table = Table()
    for position in found[:_SHOWN]:
        table.line(f"{'SELL' if position.long else 'BUY'} {quantity(position.quantity)} {position.symbol}")
        table.line(
            "",
            *([] if stale else [f"≈{price(position.last, position.tick)}", signed(position.unrealised)]),
            _owner(position),
        )
    return paragraphs(
        head,
        f"{count(len(found), 'market order')}, reduce-only:",
        table.html(),
        _others(found[_SHOWN:], stale=stale),
        _totals(found, stale=stale),
        cancels,
        esc(paused),
        _PRESS,
    )


def _owner(position: PositionView) -> str:
    return "external" if position.external else position.profile


def _others(rest: Sequence[PositionView], *, stale: bool) -> str:
    if not rest:
        return ""
    result = NONE if stale else signed(sum((position.unrealised for position in rest), Decimal(0)))
    return f"and {len(rest)} more ({result}): {esc(', '.join(position.symbol for position in rest))}"


def _totals(found: Sequence[PositionView], *, stale: bool) -> str:
    if stale:
        return "Prices are old, so cost and result are not known. Closing works."
    fees = sum((position.notional * _TAKER for position in found), Decimal(0))
    result = sum((position.unrealised for position in found), Decimal(0))
    return f"Result about {signed(result - fees)} USDT, of it fees {cost(fees)}."


def render_late(what: str) -> str:
    """HTML shown before a preview when the command was written more than a minute ago."""
    return f"<b>This command came late.</b> {esc(what)} was not done. Confirm if you still want it."


def bare(preview: str) -> str:
    """A preview without the words about its time."""
    return preview.replace(_PRESS, "").replace(_VALID, "").rstrip()


def render_expired(preview: str) -> str:
    """HTML of a preview whose time is over; the preview stays readable above."""
    return paragraphs(bare(preview), "<b>Expired.</b> Nothing was sent. Ask again if you still want it.")


def render_unconfirmable(preview: str, why: str, *, adds: bool) -> str:
    """HTML of a preview whose confirmation cannot be stored, and the way that needs no database."""
    way = (
        "Nothing was changed. Try again when /health shows the database well."
        if adds
        else "Closing works without it: type <code>/closeall now</code>, or <code>/close SYMBOL now</code>."
    )
    trouble = f"<b>The database is away</b> ({esc(why)}), so this cannot be confirmed by a button."
    return paragraphs(bare(preview), trouble, way)


def render_cancelled(preview: str, note: str = "") -> str:
    """HTML of a preview that was withdrawn."""
    return paragraphs(bare(preview), "<b>Cancelled.</b> Nothing was sent.", esc(note))
