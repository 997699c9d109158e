"""The question that a breached emergency limit asks of people: what of it survives a restart. Times are wall time."""

from dataclasses import dataclass, replace
from enum import StrEnum

from engine.core.approval_facts import ApprovalAsked, ApprovalDecided

_REMEMBERED = 100


class Phase(StrEnum):
    """Where a question stands: silence counts down, everything stays open, kept for a while, closed."""

    ASKED = "asked"
    PAUSED = "paused"
    KEPT = "kept"
    CLOSED = "closed"

    @property
    def safety(self) -> int:
        """How safe an answer is: of several the highest one counts, in whatever order they are given."""
        return list(Phase).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One limit's question. `number` is that of the newest message, `earlier` those before it in the same emergency.

    `until_ms` is when silence decides (asked) or when it is asked again (kept), 0 otherwise; `value` is what the limit
    measured then, `heard` whether Telegram has taken an admin's copy.
    """

    key: str
    profile: str
    number: int
    phase: str
    value: int
    threshold: int
    asked_ms: int
    until_ms: int
    heard: bool = False
    by: str = ""
    earlier: tuple[int, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the desk will act on its own when nobody answers."""
        return self.phase in {Phase.ASKED, Phase.KEPT}


def after_asking(before: Question | None, fact: ApprovalAsked) -> Question:
    """Return the question that was asked; one that was kept goes on under a new number."""
    earlier = (*before.earlier, before.number)[-_REMEMBERED:] if before is not None else ()
    return Question(
        key=fact.key,
        profile=fact.profile,
        number=fact.number,
        phase=Phase.ASKED,
        value=fact.value,
        threshold=fact.threshold,
        asked_ms=fact.wall_ms,
        until_ms=fact.until_ms,
        earlier=earlier,
    )


def after_deciding(before: Question, fact: ApprovalDecided) -> Question:
    """Return the question with its answer."""
    return replace(before, phase=fact.phase, by=fact.by, value=fact.value, until_ms=fact.until_ms)
