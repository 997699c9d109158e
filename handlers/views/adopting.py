"""What is shown before and after an external position is given to a profile."""

from decimal import Decimal

from engine.core.commands import Answer, Refused
from engine.core.snapshot import PositionView, Snapshot
from handlers.views import words
from handlers.views.format import esc, price, quantity, side
from handlers.views.outcome import render_refused
from handlers.views.table import Table, paragraphs


def render_adopt_preview(position: PositionView, snapshot: Snapshot) -> str:
    """HTML of what adopting a position means: who takes it, with which stop and target."""
    table = Table(8)
    table.row("Size", f"{side(position.long)} {quantity(position.quantity)}")
    table.row("Entry", price(position.entry, position.tick))
    table.row("Stop", _level(position.adopt_stop, position), "on exchange" if position.stop_on_exchange else "")
    table.row("Target", _level(position.adopt_target, position))
    return paragraphs(
        f"<b>Adopt {esc(position.symbol)}</b> by {esc(position.adopter)} · {esc(words.where(snapshot))}",
        table.html(),
        f"{esc(position.adopter)} then looks after it as after its own: its rules may move the stop and close it, and "
        "its limits count what it brings from now on. What the exchange lacks of stop and target is set.",
        "Valid for 30 s.",
    )


def _level(level: Decimal | None, position: PositionView) -> str:
    return "none" if level is None else price(level, position.tick)


def render_no_adopter(position: PositionView) -> str:
    """HTML for a position that nobody can adopt now."""
    if not position.external:
        return f"{esc(position.symbol)} belongs to {esc(position.profile)} already."
    return (
        f"<b>{esc(position.symbol)} cannot be adopted now.</b> No profile of this desk trades it, it is being closed, "
        "or it has no price yet."
    )


def render_adopted(symbol: str, profile: str, answer: Answer, *, by: str) -> str:
    """HTML of what became of an adoption."""
    if isinstance(answer, Refused):
        return render_refused(f"Adopting {symbol}", answer)
    return f"<b>{esc(symbol)} adopted</b> by {esc(profile)}, asked by {esc(by)}. Its card shows stop and target."
