"""What becomes of the press of a confirmation."""

from dataclasses import dataclass

from handlers.actions import Action
from storage.claims import Expired, Foreign, Refusal, TooSoon, Used

__all__ = ["Claim", "Claimed", "Expired", "Foreign", "TooSoon", "Used"]


@dataclass(frozen=True, slots=True)
class Claimed:
    """The confirmation is this press's alone; the action may be carried out once."""

    action: Action


type Claim = Claimed | Refusal
