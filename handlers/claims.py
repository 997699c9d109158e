"""What becomes of the press of a confirmation."""

from dataclasses import dataclass

from handlers.actions import Action


@dataclass(frozen=True, slots=True)
class Claimed:
    """The confirmation is this press's alone; the action may be carried out once."""

    action: Action


@dataclass(frozen=True, slots=True)
class Expired:
    """The confirmation's time is over."""


@dataclass(frozen=True, slots=True)
class Used:
    """The confirmation was pressed before, or never existed."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """The confirmation belongs to another person, chat or message."""


@dataclass(frozen=True, slots=True)
class TooSoon:
    """The press came before anybody could have read the preview; the confirmation stays good."""


type Claim = Claimed | Expired | Used | Foreign | TooSoon
