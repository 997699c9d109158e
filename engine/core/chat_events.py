"""What the chat tells the desk: nothing here is waited for, the desk acts on its own when it does not come."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApprovalDelivered:
    """Telegram has accepted an admin's copy of the emergency question of that number."""

    number: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class AdminsQuieted:
    """Every admin is in quiet hours now, or no longer all of them."""

    quiet: bool
    at_ms: int


type ChatEvent = ApprovalDelivered | AdminsQuieted
