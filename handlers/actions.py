"""What a person can confirm: plain frozen values that survive a restart as JSON (`engine.core.codec`).

`seen` fields record the state the preview showed; what happens at the press goes by the state of that moment.
"""

from dataclasses import dataclass
from decimal import Decimal

from engine.core.commands import ACCOUNT, Filter, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseOne:
    """Close `percent` of the position on a symbol."""

    symbol: str
    percent: int
    seen_quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseEverything:
    """Close every position that matches; `everywhere`: on every account."""

    which: Filter = Filter.ALL
    profile: str = ""
    seen_positions: int
    everywhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """Give the external position on a symbol to a profile."""

    symbol: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange:
    """Set a limit; `confirmed` counts confirmations so far, because loosening takes two."""

    key: str
    old: Decimal
    new: Decimal
    loosens: bool
    confirmed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseEntries:
    """Block entries in a scope (asked again because the command came late); `everywhere`: on every account."""

    scope: Scope = ACCOUNT
    until_ms: int | None = None
    everywhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeEntries:
    """Lift the holds of a scope after a halt."""

    scope: Scope = ACCOUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOn:
    """Switch a rule of a profile on."""

    profile: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileOn:
    """Switch the entries of a profile on."""

    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPosition:
    """Open a position by hand: the previewed quantity, near the previewed price, in the previewed mode."""

    symbol: str
    long: bool
    quantity: Decimal
    seen_price: Decimal
    seen_mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocking:
    """End the cooldown of a symbol."""

    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolOn:
    """Let a profile enter on one of its symbols again."""

    profile: str
    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockDown:
    """Refuse all that adds risk until the host lifts it (asked again because the command came late)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoLive:
    """Let an account trade for real."""

    account: str


type Action = (
    CloseOne
    | CloseEverything
    | Adopt
    | LimitChange
    | PauseEntries
    | ResumeEntries
    | RuleOn
    | ProfileOn
    | OpenPosition
    | Unlocking
    | SymbolOn
    | LockDown
    | GoLive
)


def adds_risk(action: Action) -> bool:
    """Whether the action lets the desk risk more than before."""
    match action:
        case CloseOne() | CloseEverything() | PauseEntries() | LockDown():
            return False
        case LimitChange(loosens=loosens):
            return loosens
        case ResumeEntries() | RuleOn() | ProfileOn() | OpenPosition() | Unlocking() | SymbolOn() | Adopt() | GoLive():
            return True


def is_final(action: Action) -> bool:
    """Whether confirming it carries it out; loosening a limit is asked about twice."""
    return not isinstance(action, LimitChange) or not action.loosens or action.confirmed > 0
