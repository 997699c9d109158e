"""What stands above everything that adds risk: lockdown, second factor, live trading's confirmation, people's roles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core.commands import Answer
from handlers.ports import Actor, Role


class LockdownPort(Protocol):
    """The lockdown of the whole process."""

    @property
    def times(self) -> int:
        """How often one was begun since the start."""

    def reason(self) -> str:
        """Who locked the desk down, as a sentence; empty when nobody did."""

    async def begin(self, actor: Actor, request_id: str) -> Sequence[Answer]:
        """Lock every account down; on return their holds are in force."""


@dataclass(frozen=True, slots=True)
class Right:
    """The code is right, and used up."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """The code is wrong; so many more may be tried."""

    left: int


@dataclass(frozen=True, slots=True)
class Spent:
    """The code was used before: the next one counts."""


@dataclass(frozen=True, slots=True)
class Shut:
    """No code is looked at until a wall time."""

    until_ms: int


@dataclass(frozen=True, slots=True)
class Unready:
    """No code can be checked; the sentence says why and what to do."""

    why: str


type Verdict = Right | Wrong | Spent | Shut | Unready


class FactorPort(Protocol):
    """Codes of authenticators."""

    @property
    def required(self) -> bool:
        """Whether what adds risk needs a code."""

    async def ready(self, user_id: int) -> Unready | Shut | None:
        """Why this user cannot give a code now, or None when he can."""

    async def check(self, user_id: int, code: str) -> Verdict:
        """Judge a code; what it was used for, or that it failed, is durable on return."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTerms:
    """What runs, for the person who lets it trade for real."""

    version: str
    environment: str
    host: str


class LivePort(Protocol):
    """The confirmation of live trading on each account."""

    @property
    def terms(self) -> LiveTerms | None:
        """What runs in live mode; None in every other mode."""

    def faults(self, account: str) -> Sequence[str]:
        """What is wrong with an account or its key, as the exchange tells it."""

    async def confirm(self, account: str, actor: Actor, request_id: str) -> Answer:
        """Keep the confirmation and lift the hold; raises JournalUnavailable, and then nothing is lifted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a role. `configured`: by the settings, which the host's commands do not change."""

    user_id: int
    name: str
    role: Role
    configured: bool
    enrolled: bool


class PeoplePort(Protocol):
    """Everybody with a role."""

    async def all(self) -> Sequence[Person]:
        """Owners first; raises JournalUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """Everything of this kind, as handlers are given it."""

    lockdown: LockdownPort
    factor: FactorPort
    live: LivePort
    people: PeoplePort
