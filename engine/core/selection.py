"""Which symbols of a profile may be entered today, where it trades the largest by turnover."""

from collections.abc import Iterable, Mapping

from engine.core.market import day_start
from engine.core.profile import Profile
from engine.core.workspace import Workspace


def largest(turnovers: Mapping[str, int], symbols: Iterable[str], *, floor: int, count: int) -> tuple[str, ...]:
    """Return the `count` symbols of the largest 24 h turnover (whole quote currency), those below `floor` left out.

    The largest comes first; equals go by name. A symbol whose turnover is not known is left out.
    """
    known = [symbol for symbol in dict.fromkeys(symbols) if turnovers.get(symbol, -1) >= floor]
    return tuple(sorted(known, key=lambda symbol: (-turnovers[symbol], symbol))[:count])


def chosen(ws: Workspace, profile: Profile) -> tuple[str, ...]:
    """Return the profile's symbols of this UTC day: chosen when it begins, as soon as every turnover is known."""
    day = day_start(ws.now_ms)
    kept = ws.chosen.get(profile.name)
    if kept is not None and kept[0] == day:
        return kept[1]
    found = largest(ws.turnover, profile.symbols, floor=profile.turnover_floor, count=profile.largest)
    if ws.turnover.keys() >= set(profile.symbols):
        ws.chosen[profile.name] = day, found
    return found
