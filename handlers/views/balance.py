"""The account's money: wallet, equity, margin and exposure."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from engine.core.snapshot import Snapshot
from handlers.views import words
from handlers.views.format import NONE, esc, money, percent, ratio, relative, signed
from handlers.views.freshness import is_stale
from handlers.views.table import Table, paragraphs


def render_balance(snapshot: Snapshot, *, wall_ms: int, zone: ZoneInfo) -> str:
    """HTML of the balance; with old prices only what does not depend on them."""
    stale = is_stale(snapshot, wall_ms=wall_ms)
    head = f"<b>Balance</b> · {esc(words.mode(snapshot.mode))} · {esc(snapshot.account)}{' · STALE' if stale else ''}"
    table = Table(13).row("Wallet", words.wallet(snapshot))
    if stale:
        table.row("Equity", "no fresh prices")
    else:
        _marked(table, snapshot)
    table.row(
        "Margin used",
        money(snapshot.margin_used),
        percent(_share(snapshot.margin_used, snapshot.equity), 1, plus=False),
    )
    table.row("Started with", money(snapshot.initial))
    return paragraphs(head, table.html(), f"As of {relative(snapshot.wall_ms, zone)}")


def _marked(table: Table, snapshot: Snapshot) -> None:
    fall = snapshot.equity - snapshot.peak_equity
    table.row("Open P&L", signed(snapshot.unrealised))
    table.row("Equity", f"{money(snapshot.equity)} USDT")
    table.row("Free", money(snapshot.equity - snapshot.margin_used))
    table.row("Exposure", money(snapshot.exposure), f"{_times(snapshot)} equity")
    table.row("Today UTC", signed(snapshot.today), percent(snapshot.today_percent))
    table.row("realised", signed(snapshot.today_realised))
    table.row(
        "Since start",
        signed(snapshot.equity - snapshot.initial),
        percent(_share(snapshot.equity - snapshot.initial, snapshot.initial)),
    )
    table.row("Peak", money(snapshot.peak_equity), f"now {percent(_share(fall, snapshot.peak_equity))}")


def _share(part: Decimal, whole: Decimal) -> Decimal | None:
    return part * 100 / whole if whole > 0 else None


def _times(snapshot: Snapshot) -> str:
    return f"{ratio(snapshot.exposure / snapshot.equity, 1)}x" if snapshot.equity > 0 else NONE
