"""Several accounts at a glance."""

from collections.abc import Sequence

from engine.core.commands import Answer, Refused
from engine.core.snapshot import Snapshot
from handlers.views import words
from handlers.views.confirm import entries
from handlers.views.format import count, esc, money, signed
from handlers.views.freshness import is_stale
from handlers.views.table import paragraphs

VALID = "Valid for 30 s."


def account_line(snapshot: Snapshot, *, wall_ms: int) -> str:
    """HTML of one account in one line: state, equity, today, open positions."""
    head = f"{esc(snapshot.account)} · {esc(snapshot.state.upper())}"
    held = f"{len(snapshot.positions)} open"
    if is_stale(snapshot, wall_ms=wall_ms):
        return f"{head} · STALE · wallet {words.wallet(snapshot)} · {held}"
    return f"{head} · {money(snapshot.equity)} · today {signed(snapshot.today)} · {held}"


def render_accounts(snapshots: Sequence[Snapshot], chosen: str, *, wall_ms: int, note: str) -> str:
    """HTML of all accounts and the one that commands act on."""
    lines = [
        f"{'●' if snapshot.account == chosen else '○'} {account_line(snapshot, wall_ms=wall_ms)}"
        for snapshot in snapshots
    ]
    means = (
        f"Commands typed here act on <b>{esc(chosen)}</b>. A button acts on the account of its message."
        if len(lines) > 1
        else "This desk has one account."
    )
    return paragraphs(f"<b>Accounts</b> · {esc(words.mode(snapshots[0].mode))}", "\n".join(lines), means, esc(note))


def render_close_everywhere(snapshots: Sequence[Snapshot], answers: Sequence[Answer], *, wall_ms: int) -> str:
    """HTML of what a close-all on every account will send; entries are paused already."""
    lines = []
    for snapshot, answer in zip(snapshots, answers, strict=True):
        waiting = entries(snapshot, "")
        cancels = f", {count(waiting, 'entry order')} cancelled" if waiting else ""
        result = "" if is_stale(snapshot, wall_ms=wall_ms) else f", about {signed(snapshot.unrealised)} USDT"
        paused = f", entries not paused: {answer.reason}" if isinstance(answer, Refused) else ""
        held = count(len(snapshot.positions), "market order")
        lines.append(f"• {esc(words.where(snapshot))}: {held}{cancels}{result}{esc(paused)}")
    return paragraphs(
        "<b>Close all positions of every account</b>",
        "\n".join(lines),
        "Entries are paused already, whatever you press.",
        VALID,
    )


def render_everywhere(what: str, snapshots: Sequence[Snapshot], answers: Sequence[Answer], *, by: str) -> str:
    """HTML after every account was asked for the same."""
    lines = [
        f"• {esc(words.where(snapshot))}: "
        + (esc(f"refused: {answer.reason}") if isinstance(answer, Refused) else esc(snapshot.state.upper()))
        for snapshot, answer in zip(snapshots, answers, strict=True)
    ]
    return paragraphs(f"<b>{esc(what)}</b> on every account, by {esc(by)}.", "\n".join(lines))
