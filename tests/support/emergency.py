"""An emergency on a bench: a limit that asks, a position that falls, and people who answer."""

from itertools import count
from typing import Any

from engine.core.alerts import EmergencyAlert
from engine.core.approval_facts import ApprovalDecided
from engine.core.chat_events import ApprovalDelivered
from engine.core.commands import AnswerEmergency, Choice, Done, Refused
from engine.core.effects import Effect
from engine.core.money import to_money
from engine.core.profile import Action, ApprovalMode, LimitSpec, Measure
from tests.support.desk import BTC, Bench, account, facts, placed, profile, told

SECOND = 1_000
_PRESSES = count()


def limit(profile_: str = "", **more: Any) -> LimitSpec:
    """Total loss of 10 USDT: 71 ticks on the bench's position and its fee."""
    fields: dict[str, Any] = {
        "name": "total_loss",
        "measure": Measure.TOTAL_LOSS,
        "threshold": to_money(-10),
        "action": Action.EMERGENCY,
        "profile": profile_,
        "floor": -(10**15),
        "ceiling": -1,
        "approval": ApprovalMode.ASK,
    }
    return LimitSpec(**(fields | more))


def holding(*limits: LimitSpec, **more: Any) -> Bench:
    """A bench with one long of 1,500 USDT; a tick is 0.15 USDT."""
    bench = Bench(account(profile(), profile("beta"), limits=limits or [limit()], **more))
    bench.enter()
    bench.time()
    return bench


def fall(bench: Bench, ticks: int = 65, symbol: str = BTC) -> list[Effect]:
    bench.price(10_000 - ticks, symbol)
    return bench.time(SECOND)


def asked(*limits: LimitSpec, heard: bool = True, **more: Any) -> Bench:
    """A bench whose limit was breached a moment ago."""
    bench = holding(*limits, **more)
    assert told(fall(bench), EmergencyAlert)
    if heard:
        bench.step(ApprovalDelivered(1, bench.now))
    return bench


def press(bench: Bench, choice: Choice, number: int = 1, by: str = "Ada") -> Done | Refused:
    name = f"press-{next(_PRESSES)}"
    return bench.ask(AnswerEmergency(command_id=name, by=by, wall_ms=bench.now, number=number, choice=choice))


def refused(bench: Bench, choice: Choice, number: int = 1, by: str = "Ada") -> str:
    answer = press(bench, choice, number, by)
    assert isinstance(answer, Refused)
    return answer.reason


def decided(effects: list[Effect]) -> list[tuple[str, str, str]]:
    return [(fact.phase, fact.by, fact.why) for fact in facts(effects, ApprovalDecided)]


def closed(bench: Bench) -> set[str]:
    return {ticket.symbol for ticket in placed(bench.effects) if ticket.whole}


def phase(bench: Bench) -> str:
    return bench.state.questions["total_loss"].phase
