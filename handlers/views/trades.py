"""Closed trades, a page at a time."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from engine.core.trades import Trade
from handlers.views import words
from handlers.views.format import at, count, esc, price, r_multiple, short_moment, side, signed, span
from handlers.views.table import Table, paragraphs

PAGE = 6


def pages(total: int) -> int:
    """How many pages a number of trades fills."""
    return max(1, -(-total // PAGE))


def render_trades(
    trades: Sequence[Trade], *, total: int, page: int, mode: str, zone: ZoneInfo, ticks: Mapping[str, Decimal]
) -> str:
    """HTML of one page (from 1), newest first; `total` counts all pages, `ticks` are price steps by symbol."""
    head = f"<b>Trades</b> · {esc(words.mode(mode))}"
    if not total:
        return paragraphs(head, "No closed trades yet. They appear here as positions are closed.")
    table = Table()
    for trade in trades:
        _entry(table, trade, zone, ticks.get(trade.symbol))
    zone_name = f"{at(trades[0].exit_ms, zone):%Z}" if trades else str(zone)
    return paragraphs(
        head,
        table.html(),
        f"{count(total, 'trade')}, newest first · page {page}/{pages(total)} · times {esc(zone_name)}",
        "Results are after fees and funding, in USDT.",
    )


def _entry(table: Table, trade: Trade, zone: ZoneInfo, tick: Decimal | None) -> None:
    table.columns((trade.symbol, side(trade.long), signed(trade.net)), (14, 5, -13))
    multiple = [r_multiple(trade.r_multiple)] if trade.r_multiple is not None else []
    table.line("", f"{price(trade.entry, tick)} → {price(trade.exit, tick)}", *multiple)
    table.line("", short_moment(trade.exit_ms, zone), span(trade.exit_ms - trade.entry_ms))
    table.line("", words.reason(trade.reason), trade.profile)
