"""Decisions on updates of the book: for strategies that look between the bars, no more often than they ask for."""

from engine.core.entries import enter
from engine.core.events import BarClosed, BookMoved
from engine.core.profile import Profile
from engine.core.strategy import BookDriven, Enter
from engine.core.workspace import Workspace


def on_book(ws: Workspace, profile: Profile, strategy: BookDriven, event: BookMoved) -> None:
    """Let a profile decide on a book update of one of its symbols. Positions end by stop, target and age alone."""
    price = ws.prices.get(event.symbol)
    if event.symbol in ws.troubled or price is None or _resting(ws, profile, strategy, event):
        return
    position = ws.positions.get(event.symbol)
    if position is not None and position.profile == profile.name:
        return
    decision = strategy.decide(event.inputs, None, ws.rules_off(profile))
    if isinstance(decision, Enter):
        enter(ws, profile, BarClosed(event.symbol, profile.timeframe, event.at_ms, price.last, event.inputs), decision)


def _resting(ws: Workspace, profile: Profile, strategy: BookDriven, event: BookMoved) -> bool:
    last_ms = ws.state.signalled.get(f"{profile.name}/{event.symbol}")
    return last_ms is not None and event.at_ms - last_ms < strategy.pause_ms
