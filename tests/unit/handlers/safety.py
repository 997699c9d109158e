"""Stand-ins for lockdown, second factor, going live and people."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.core.commands import Answer, Done
from handlers.ports import Actor, Role
from handlers.safety import LiveTerms, Person, Right, Safety, Shut, Unready, Verdict, Wrong

CODE = "123456"


@dataclass
class FakeLockdown:
    """Locked when told so."""

    why: str = ""
    begun: list[str] = field(default_factory=list)

    @property
    def times(self) -> int:
        return len(self.begun)

    def reason(self) -> str:
        return self.why

    async def begin(self, actor: Actor, request_id: str) -> Sequence[Answer]:
        self.begun.append(actor.name)
        self.why = f"locked down by {actor.name}"
        return (Done(request_id),)


@dataclass
class FakeFactor:
    """One code is right; `answers` come before the usual ones."""

    required: bool = False
    trouble: Unready | Shut | None = None
    answers: list[Verdict] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)

    async def ready(self, user_id: int) -> Unready | Shut | None:
        return self.trouble

    async def check(self, user_id: int, code: str) -> Verdict:
        self.checked.append(code)
        if self.answers:
            return self.answers.pop(0)
        return Right() if code == CODE else Wrong(4)


@dataclass
class FakeLive:
    """Remembers what was confirmed."""

    terms: LiveTerms | None = None
    confirmed: list[str] = field(default_factory=list)
    wrong: tuple[str, ...] = ()

    def faults(self, account: str) -> Sequence[str]:
        return self.wrong

    async def confirm(self, account: str, actor: Actor, request_id: str) -> Answer:
        self.confirmed.append(account)
        return Done(request_id)


class FakePeople:
    """An owner by the settings and a viewer."""

    async def all(self) -> Sequence[Person]:
        return (
            Person(user_id=7, name="Anna", role=Role.OWNER, configured=True, enrolled=True),
            Person(user_id=8, name="<Vera>", role=Role.VIEWER, configured=False, enrolled=False),
        )


@dataclass
class FakeSafety:
    """All of them; `ports` are what handlers get."""

    lockdown: FakeLockdown = field(default_factory=FakeLockdown)
    factor: FakeFactor = field(default_factory=FakeFactor)
    live: FakeLive = field(default_factory=FakeLive)

    @property
    def ports(self) -> Safety:
        return Safety(lockdown=self.lockdown, factor=self.factor, live=self.live, people=FakePeople())
