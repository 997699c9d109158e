"""What a look into the account's past brought."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from handlers.views.format import esc
from handlers.views.table import paragraphs

_NAMED = 5


class Found(Protocol):
    """The counts of a run."""

    since_ms: int
    until_ms: int
    windows: int
    skipped: int
    executions: int
    orders: int
    closed: int
    new: int
    known: int
    external: int
    unreadable: int
    trouble: str
    missing: list[str]


def outcome_lines(found: Found) -> list[str]:
    """The counts in plain sentences, not escaped."""
    lines = [
        f"{_day(found.since_ms)} to {_day(found.until_ms)}: {found.executions:,} executions, {found.orders:,} orders, "
        f"{found.closed:,} closed P&L rows.",
        f"New {found.new:,} · known executions {found.known:,} · external {found.external:,}.",
    ]
    if found.skipped:
        lines.append(f"{found.skipped:,} windows were complete before and were not asked for again.")
    if found.missing:
        shown = ", ".join(found.missing[:_NAMED]) + (" …" if len(found.missing) > _NAMED else "")
        lines.append(f"{len(found.missing):,} executions of ours are in no book here: {shown}.")
    if found.unreadable:
        lines.append(f"{found.unreadable:,} rows made no sense and were left out; the first: {found.trouble}.")
    return lines


def render_syncing(done: int, total: int) -> str:
    """HTML of a run under way."""
    return paragraphs("<b>Reading the account's past…</b>", f"{done} of {total} windows. Trading goes on meanwhile.")


def render_synced(lines: Sequence[str], where: str) -> str:
    """HTML of a finished run."""
    return paragraphs(f"<b>The account's past is read</b> · {esc(where)}", *(esc(line) for line in lines))


def _day(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d}"
