"""The symbols of a profile, on or off, and what holds each back."""

from collections.abc import Sequence

from engine.core.snapshot import ProfileView, Snapshot
from handlers.views import words
from handlers.views.format import count, esc, price
from handlers.views.strategies import on_off
from handlers.views.table import Table, paragraphs

PAGE = 12


def shown_symbols(profile: ProfileView, start: str) -> tuple[str, ...]:
    """A page of the profile's symbols from `start` on; from the first when it is gone."""
    first = profile.symbols.index(start) if start in profile.symbols else 0
    return profile.symbols[first : first + PAGE]


def render_symbols(profile: ProfileView, shown: Sequence[str], snapshot: Snapshot) -> str:
    """HTML of some symbols of a profile."""
    head = f"<b>Symbols of {esc(profile.name)}</b> · {esc(words.mode(snapshot.mode))}"
    if not shown:
        return paragraphs(head, "It has none.")
    known = {symbol.symbol: symbol for symbol in snapshot.symbols}
    table = Table()
    for name in shown:
        view = known.get(name)
        last = price(view.last, view.tick) if view else "not listed"
        table.columns((name, on_off(name not in profile.symbols_off), last), (16, 3, -13))
        if view is not None and view.held_back:
            table.line("", view.held_back[0])
    off = f", {len(profile.symbols_off)} off" if profile.symbols_off else ""
    return paragraphs(
        head,
        table.html(),
        f"{count(len(profile.symbols), 'symbol')}{off}. Off blocks entries at once; what is open keeps its exits.",
    )
