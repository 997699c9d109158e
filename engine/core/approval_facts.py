"""What the journal holds of an emergency limit that asks people: the question, that it went out, what was decided."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAsked:
    """An emergency limit was breached and people are asked; silence closes everything at `until_ms` (wall time)."""

    key: str
    profile: str
    number: int
    value: int
    threshold: int
    wall_ms: int
    until_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class ApprovalHeard:
    """Telegram has taken an admin's copy of a question."""

    key: str
    number: int
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDecided:
    """Somebody answered, or the desk decided and `why`: `phase` is closed, kept (until `until_ms`, wall time) or
    paused.
    """

    key: str
    number: int
    phase: str
    by: str
    why: str
    value: int
    wall_ms: int
    until_ms: int
    at_ms: int
