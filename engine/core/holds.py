"""What the desk may do now: the strictest of its stored holds."""

from collections.abc import Iterable, Iterator

from engine.core.commands import ACCOUNT, Scope
from engine.core.facts import Hold
from engine.core.profile import HoldLevel

# What a resume lifts; the others wait for a condition, for the host or for a confirmation.
BY_RESUME = frozenset({"admin", "time"})


def applying(holds: Iterable[Hold], profile: str, symbol: str) -> Iterator[Hold]:
    """Iterate over the holds that reach a profile on a symbol."""
    return (hold for hold in holds if hold.scope.covers(profile, symbol))


def strictest(holds: Iterable[Hold], profile: str = "", symbol: str = "") -> Hold | None:
    """Return the hold that binds a profile on a symbol (empty names: account holds only); None when nothing does."""
    return max(applying(holds, profile, symbol), key=lambda hold: hold.level, default=None)


def forbids_entry(hold: Hold | None) -> bool:
    """Whether a hold forbids opening or adding to a position."""
    return hold is not None and hold.level >= HoldLevel.NO_NEW_SIZE


def due(holds: Iterable[Hold], *, market_ms: int, wall_ms: int) -> list[Hold]:
    """Return the timed holds whose time has come on their clock."""
    return [
        hold
        for hold in holds
        if hold.until_ms is not None and hold.until_ms <= (wall_ms if hold.on_wall else market_ms)
    ]


def liftable(holds: Iterable[Hold], scope: Scope) -> list[Hold]:
    """Return the holds that an admin's resume of a scope lifts; the account's resume lifts every scope."""
    return [hold for hold in holds if hold.lift in BY_RESUME and scope in {ACCOUNT, hold.scope}]


def asks_first(hold: Hold) -> bool:
    """Whether lifting a hold by hand is confirmed first: more than a pause, or set by a loss limit."""
    return hold.level >= HoldLevel.REDUCE_ONLY or hold.hold_id.startswith("limit:")
