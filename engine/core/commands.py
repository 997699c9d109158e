"""What a person may ask of the desk. Commands may be refused with a reason; the same `command_id` is answered once and
for all.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Scope:
    """What a hold or a command reaches: the whole account, one profile or one symbol."""

    kind: str = "account"
    name: str = ""

    def covers(self, profile: str, symbol: str) -> bool:
        """Whether something of `profile` on `symbol` lies within."""
        return (
            self.kind == "account"
            or (self.kind == "profile" and self.name == profile)
            or (self.kind == "symbol" and self.name == symbol)
        )


ACCOUNT = Scope()


class Filter(StrEnum):
    """Which positions a close-all means."""

    ALL = "all"
    LOSERS = "losers"
    LONGS = "longs"
    SHORTS = "shorts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Who asked, when (wall time, UTC ms), and the id under which the answer is kept."""

    command_id: str
    by: str
    wall_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Command):
    """Block entries in a scope, until a wall time or until resumed."""

    scope: Scope = ACCOUNT
    until_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Command):
    """Lift the holds of a scope that an admin may lift."""

    scope: Scope = ACCOUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePosition(Command):
    """Close `percent` of one position at the market."""

    symbol: str
    percent: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAll(Command):
    """Pause entries, cancel what can open, close what matches at the market."""

    which: Filter = Filter.ALL
    profile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLimit(Command):
    """Set a limit; `value` in percent (-4) or quote currency (-5), as the limit is."""

    key: str
    value: Decimal


class Choice(StrEnum):
    """What can be answered to an emergency."""

    CLOSE = "close"
    PAUSE = "pause"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerEmergency(Command):
    """Answer the question of an emergency limit, by its number."""

    number: int
    choice: Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchRule(Command):
    """Switch one rule of a profile on or off."""

    profile: str
    rule: str
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchProfile(Command):
    """Switch a profile's entries on or off."""

    profile: str
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenManual(Command):
    """Open a position by hand: `quantity` as previewed at `seen_price`; refused when the price moved away since."""

    symbol: str
    long: bool
    quantity: Decimal
    seen_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockSymbol(Command):
    """End the cooldown of a symbol before its time."""

    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchSymbol(Command):
    """Let a profile enter on one of its symbols, or no longer; what is open keeps its exits."""

    profile: str
    symbol: str
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptPosition(Command):
    """Give the external position on a symbol to a profile."""

    symbol: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockEntries(Command):
    """Hold the account reduce-only under a name until `FreeEntries` of that name; no resume lifts it.

    `lift` says in a word who may (`host`, `golive`); with `recall` entries on their way are cancelled.
    """

    name: str
    reason: str
    lift: str
    recall: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeEntries(Command):
    """Lift the hold of a name that `LockEntries` set."""

    name: str


@dataclass(frozen=True, slots=True)
class Done:
    """The command was carried out. `orders` are its client order ids; `notes` are what the person should know."""

    command_id: str
    orders: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The command was not carried out, and why."""

    command_id: str
    reason: str


type Answer = Done | Refused
