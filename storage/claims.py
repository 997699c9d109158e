"""Why a press of a confirmation does not count."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expired:
    """Too late, or no such confirmation."""


@dataclass(frozen=True, slots=True)
class Used:
    """Somebody pressed before."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """Another user, chat, message or account than it was made for."""


@dataclass(frozen=True, slots=True)
class TooSoon:
    """Pressed before a person can have read it, or before it was bound to its message; it stays valid."""


type Refusal = Expired | Used | Foreign | TooSoon
