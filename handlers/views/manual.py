"""Entries by hand: the preview, and what became of the order."""

from decimal import Decimal

from engine.core.manual import EntryPreview
from engine.core.snapshot import OrderResult, Snapshot
from handlers.actions import OpenPosition
from handlers.views import words
from handlers.views.format import cost, esc, money, percent, price, quantity, side, signed
from handlers.views.table import Table, paragraphs


def render_manual_preview(entry: EntryPreview, snapshot: Snapshot) -> str:
    """HTML of the order that would be sent: size, price, stop, target, cost, risk; or why it is refused."""
    table = Table(8)
    table.row("Order", f"{'BUY' if entry.long else 'SELL'} {quantity(entry.quantity)}", entry.symbol)
    table.row("Price", f"about {price(entry.price, entry.tick)}", "market")
    table.row("Size", f"{money(entry.notional)} USDT", f"{entry.leverage}x")
    table.row("Margin", f"{money(entry.margin)} USDT")
    table.row("Stop", *_level(entry, entry.stop, entry.risk))
    table.row("Target", *_level(entry, entry.target, entry.reward))
    table.row("Cost", f"{cost(entry.cost)} fees and slip")
    return paragraphs(
        f"<b>Open {esc(entry.symbol)} {side(entry.long)} by hand</b> · {esc(words.where(snapshot))}",
        table.html(),
        f"<b>Refused now</b> by {esc(entry.refusal)}." if entry.refusal else _asks(entry),
    )


def _level(entry: EntryPreview, level: Decimal | None, result: Decimal | None) -> tuple[str, ...]:
    if level is None:
        return ("none",)
    moved = (level / entry.price - 1) * 100
    return price(level, entry.tick), percent(moved), f"net {signed(result)}"


def _asks(entry: EntryPreview) -> str:
    return (
        f"Stop and target travel with the order. Profile {esc(entry.profile)}. "
        "Refused at the press if the price moved over 0.3%. Valid for 30 s."
    )


def render_no_entry(symbol: str, why: str, *, long: bool) -> str:
    """HTML when there is nothing to preview."""
    return paragraphs(f"<b>{'Long' if long else 'Short'} {esc(symbol)}</b> is not possible now.", esc(why))


def render_opening(symbol: str, *, long: bool) -> str:
    """HTML while the order is under way."""
    return f"<b>Opening {esc(symbol)} {side(long)}…</b> The order is sent."


def render_opened(result: OrderResult | None, snapshot: Snapshot, action: OpenPosition, *, by: str) -> str:
    """HTML of what became of the order."""
    what = f"{esc(action.symbol)} {side(action.long)}"
    where = esc(words.where(snapshot))
    if result is None:
        return paragraphs(f"<b>{what}</b> · {where}", "No news of the order yet. /status and /positions tell more.")
    tick = words.ticks(snapshot).get(action.symbol)
    if not result.filled:
        why = words.reason(result.why) if result.why else result.status.replace("_", " ")
        return paragraphs(f"<b>{what} not opened</b> · {where}", f"{esc(why)}.", f"By {esc(by)}.")
    whole = result.filled == result.quantity
    size = quantity(result.filled) if whole else f"{quantity(result.filled)} of {quantity(result.quantity)}"
    return paragraphs(
        f"<b>{what} opened</b> · {where}",
        f"{size} at {price(result.average, tick)}, by {esc(by)}.",
        "/position shows it.",
    )
