"""What became of what was asked: pausing, resuming, closing, changing."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from engine.core.commands import Answer, Done, Refused, Scope
from engine.core.snapshot import LimitView, OrderResult, PositionView, Snapshot
from handlers.views import words
from handlers.views.format import count, esc, moment, price, quantity, signed, true_minus
from handlers.views.table import Table, paragraphs

_SHOWN = 20
_WAITING = frozenset({"created", "submitted", "acknowledged", "partially_filled", "unknown"})


def _notes(answer: Answer) -> list[str]:
    return [f"• {esc(true_minus(note))}" for note in answer.notes] if isinstance(answer, Done) else []


def render_refused(what: str, answer: Refused) -> str:
    """HTML of a refusal with its reason."""
    return paragraphs(f"<b>{esc(what)} was refused.</b>", esc(answer.reason), "Nothing was changed.")


def render_paused(answer: Answer, scope: Scope, until_ms: int | None, zone: ZoneInfo, *, by: str) -> str:
    """HTML after a pause."""
    if isinstance(answer, Refused):
        return render_refused("Pause", answer)
    until = f"until {moment(until_ms, zone)}" if until_ms is not None else "until /resume"
    return paragraphs(
        f"<b>Entries paused</b> for {esc(words.scope(scope))}, {esc(until)}, by {esc(by)}.",
        "Exits, stops and limits go on.",
        *_notes(answer),
    )


def breached(snapshot: Snapshot) -> tuple[LimitView, ...]:
    """Limits that stand at or beyond their threshold."""
    return tuple(limit for limit in snapshot.limits if limit.used >= 1 or limit.state == "breached")


def render_breached(snapshot: Snapshot) -> str:
    """HTML naming the limits that are still breached; empty when none is."""
    lines = [
        f"• {esc(words.limit_name(limit))}: {esc(words.measured(limit.value, in_money=limit.in_money))}"
        f" (limit {esc(words.amount(limit.threshold, in_money=limit.in_money))})"
        for limit in breached(snapshot)
    ]
    return "\n".join(["<b>Still breached</b>", *lines]) if lines else ""


def render_resumed(answer: Answer, scope: Scope, snapshot: Snapshot, *, by: str) -> str:
    """HTML after a resume: what the desk may do now, and which limits are still breached."""
    if isinstance(answer, Refused):
        return paragraphs(render_refused("Resume", answer), render_breached(snapshot))
    return paragraphs(
        f"<b>Resumed:</b> {esc(words.scope(scope))}, by {esc(by)}. The desk is {esc(snapshot.state.upper())}.",
        *(f"Why: {esc(reason)}" for reason in snapshot.reasons),
        render_breached(snapshot),
        *(note for note in _notes(answer) if "Still breached" not in note),
    )


def render_resume_preview(snapshot: Snapshot, scope: Scope) -> str:
    """HTML shown before a halt is lifted."""
    return paragraphs(
        f"<b>Lift the halt of {esc(words.scope(scope))}</b> · {esc(words.where(snapshot))}",
        *(f"Why it stands: {esc(reason)}" for reason in snapshot.reasons),
        render_breached(snapshot) or "No limit is breached now.",
        "New positions may be opened afterwards.",
        "Valid for 30 s.",
    )


def render_closing(orders: int) -> str:
    """HTML while closing orders are under way."""
    return f"<b>Closing…</b> {count(orders, 'order')} sent. Stops stay until each position is flat."


def render_closed(
    results: Sequence[OrderResult], before: Mapping[str, PositionView], snapshot: Snapshot, *, answer: Done, by: str
) -> str:
    """HTML of a close: what happened to each order. `before` are the positions as they were, by symbol."""
    filled = [result for result in results if result.status == "filled"]
    missing = [link_id for link_id in answer.orders if link_id not in {result.link_id for result in results}]
    if not answer.orders:
        return paragraphs("<b>Nothing to close.</b> No matching position was open.", f"By {esc(by)}.")
    table, gross = Table(), Decimal(0)
    for result in results:
        gross += _gross(result, before)
        if result in results[:_SHOWN]:
            _order(table, result, before)
    complete = len(filled) == len(answer.orders)
    title = "Closed" if complete else "Not everything is closed"
    return paragraphs(
        f"<b>{title}: {len(filled)} of {count(len(answer.orders), 'order')} filled</b> · {esc(words.where(snapshot))}",
        table.html(),
        _rest(results),
        f"{count(len(missing), 'order')} without news yet." if missing else "",
        f"Price result {signed(gross)} USDT before fees. Still open: {len(snapshot.positions)}.",
        ""
        if complete
        else "The desk keeps trying until the exchange shows it flat; each stop stays. /positions shows the rest.",
        *_notes(answer),
        f"By {esc(by)}.",
    )


def _order(table: Table, result: OrderResult, before: Mapping[str, PositionView]) -> None:
    position = before.get(result.symbol)
    tick = position.tick if position else None
    part = ""
    if position and result.status == "filled" and result.quantity < position.quantity:
        part = f"{quantity(result.quantity)} of {quantity(position.quantity)} "
    table.line(result.symbol, f"{part}{_status(result)}")
    if result.filled:
        table.line("", f"{quantity(result.filled)} at {price(result.average, tick)}", signed(_gross(result, before)))
    if result.why and result.status != "filled":
        table.line("", words.reason(result.why))


def _status(result: OrderResult) -> str:
    if result.status in _WAITING and not result.filled:
        return "under way" if result.status != "unknown" else "UNKNOWN, asking exchange"
    if result.filled and result.filled < result.quantity:
        return f"filled {quantity(result.filled)} of {quantity(result.quantity)}"
    return "closed" if result.status == "filled" else result.status.replace("_", " ").upper()


def _gross(result: OrderResult, before: Mapping[str, PositionView]) -> Decimal:
    position = before.get(result.symbol)
    if position is None or result.average is None:
        return Decimal(0)
    gain = (result.average - position.entry) * result.filled
    return gain if position.long else -gain


def _rest(results: Sequence[OrderResult]) -> str:
    rest = results[_SHOWN:]
    return (
        f"and {len(rest)} more: {esc(', '.join(f'{result.symbol} {_status(result)}' for result in rest))}"
        if rest
        else ""
    )


def render_no_news(orders: int, kind: str) -> str:
    """HTML when the answer to a close could not be waited for."""
    return paragraphs(
        f"<b>{count(orders, 'closing order')} sent, but their outcome could not be read</b> ({esc(kind)}).",
        "The desk goes on closing; each stop stays until its position is flat.",
        "/positions shows what is left.",
    )


def render_changed(what: str, answer: Answer, *, by: str) -> str:
    """HTML after a limit, rule or profile was changed."""
    if isinstance(answer, Refused):
        return render_refused(what, answer)
    return paragraphs(f"<b>Done:</b> {esc(what)}, by {esc(by)}.", *_notes(answer))
