"""Signals and what became of them, a page at a time."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from handlers.ports import SignalRow
from handlers.views import words
from handlers.views.format import esc, moment, short_moment
from handlers.views.table import Table, paragraphs

PAGE = 8


def refusal(row: SignalRow) -> str:
    """Which check refused a signal, with its numbers; empty when none did."""
    if not row.check:
        return ""
    return row.detail if row.detail.lower().startswith(row.check) else f"{row.check} {row.detail}".strip()


def render_signals(rows: Sequence[SignalRow], *, page: int, mode: str, zone: ZoneInfo) -> str:
    """HTML of a page of signals, newest first."""
    head = f"<b>Signals</b> · {esc(words.mode(mode))}"
    if not rows:
        return paragraphs(head, "No further signals." if page > 1 else "No signal recorded yet.")
    table = Table()
    for row in rows:
        table.line(short_moment(row.at_ms, zone), row.symbol, row.side.upper())
        table.line("", row.profile, row.rule, row.outcome if row.outcome != row.side.lower() else "")
        if row.check:
            table.line("", refusal(row))
    return paragraphs(
        head,
        table.html(),
        f"Newest first, times {esc(moment(rows[0].at_ms, zone).rpartition(' ')[2])}. /why SYMBOL for one.",
    )
