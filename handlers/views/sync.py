"""What a look into the account's past brought."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from handlers.views.format import count, esc, signed
from handlers.views.table import paragraphs

_NAMED = 5


class Difference(Protocol):
    """A trade on which books and exchange disagree; `theirs` None: the exchange has none."""

    @property
    def symbol(self) -> str: ...
    @property
    def profile(self) -> str: ...
    @property
    def closed_ms(self) -> int: ...
    @property
    def ours(self) -> Decimal: ...
    @property
    def theirs(self) -> Decimal | None: ...


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
    compared: int

    @property
    def differences(self) -> Sequence[Difference]: ...


def outcome_lines(found: Found) -> list[str]:
    """The counts in plain sentences, not escaped."""
    lines = [
        f"{_day(found.since_ms)} to {_day(found.until_ms)} · {count(found.executions, 'execution')} · "
        f"{found.known:,} known · {found.new:,} new · {found.external:,} external.",
        f"{count(found.orders, 'order')} and {count(found.closed, 'closing order')} with their P&L.",
        *_compared(found),
    ]
    if found.skipped:
        lines.append(f"{count(found.skipped, 'window')} read whole before, not asked for again and not counted here.")
    if found.missing:
        shown = ", ".join(found.missing[:_NAMED]) + (" …" if len(found.missing) > _NAMED else "")
        lines.append(f"In no book of ours, although by our id: {count(len(found.missing), 'execution')}: {shown}.")
    if found.unreadable:
        lines.append(f"Left out as unreadable: {count(found.unreadable, 'row')}; the first: {found.trouble}.")
    return lines


def _compared(found: Found) -> list[str]:
    if not found.compared:
        return []
    if not found.differences:
        return [f"Closed P&L agrees with ours on {count(found.compared, 'trade')}."]
    head = f"Closed P&L differs on {len(found.differences):,} of {count(found.compared, 'trade')}:"
    lines = [_difference(one) for one in found.differences[:_NAMED]]
    more = len(found.differences) - len(lines)
    return [head, *lines, *([f"… and {more:,} more; pocketdesk sync now --json lists all."] if more else [])]


def _difference(one: Difference) -> str:
    theirs = "has none" if one.theirs is None else f"has {signed(one.theirs)}"
    at = f"{datetime.fromtimestamp(one.closed_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{one.symbol} {one.profile}, closed {at}: ours {signed(one.ours)}, the exchange {theirs}."


def render_syncing(done: int, total: int) -> str:
    """HTML of a run under way; a total of 0 is not known yet."""
    progress = f"{done} of {total} windows. " if total else ""
    return paragraphs("<b>Reading the account's past…</b>", f"{progress}Trading goes on meanwhile.")


def render_synced(lines: Sequence[str], where: str) -> str:
    """HTML of a finished run."""
    return paragraphs(f"<b>The account's past is read</b> · {esc(where)}", *(esc(line) for line in lines))


def _day(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d}"
