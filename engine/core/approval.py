"""Emergency limits that ask before they close: the question, what people answer, what silence does.

Entries are blocked before anybody is asked. All deadlines are wall time: people are asked, not the market.
"""

from decimal import Decimal

from engine.core import alerts as a
from engine.core import commands as c
from engine.core.approval_facts import ApprovalAsked, ApprovalDecided, ApprovalHeard
from engine.core.chat_events import AdminsQuieted, ApprovalDelivered
from engine.core.exits import cancel_entries, close_scope
from engine.core.facts import Hold
from engine.core.limits import Crossing, measure
from engine.core.market import MINUTE_MS
from engine.core.money import Money, at_rate, from_money, ppm_of
from engine.core.portfolio import EXTERNAL, Position
from engine.core.profile import Action, ApprovalMode, LimitSpec
from engine.core.question import Phase, Question
from engine.core.risk import liquidation_price
from engine.core.workspace import Workspace

KEEP_MS = 15 * MINUTE_MS
# So long Telegram has to take a copy for one admin.
HEARD_MS = 5_000
# What is worse than this share of the limit closes; worse than this share of the kept value asks again.
WORSE_PPM = 1_200_000
_HOLD = "limit:"
_QUIET = "every admin is in quiet hours"


def take_up(ws: Workspace, found: Crossing) -> str | None:
    """Ask about a breached emergency limit whose hold is set; returns None when people are asked, else why the desk
    closes at once (empty: the limit never asks).
    """
    spec = found.spec
    before = ws.state.questions.get(spec.key)
    if before is not None and before.is_open:
        return None
    asks = spec.approval is ApprovalMode.ASK and ws.telling and ws.account.asks
    why = _at_once(ws, spec, found) if asks else ""
    if why is None:
        _ask(ws, spec, found.value, found.threshold)
    elif before is not None:
        # Left open by a person before: this breach is a new one.
        _settle(ws, before, Phase.CLOSED, "desk", why)
    return why


def _at_once(ws: Workspace, spec: LimitSpec, found: Crossing) -> str | None:
    before = ws.state.questions.get(spec.key)
    if before is not None and before.phase == Phase.CLOSED:
        return "its halt is still in force"
    if not positions_of(ws, spec.profile):
        return "nothing was open"
    if ws.admins_quiet:
        return _QUIET
    return _worse(found.value, found.threshold) or _liquidating(ws, spec.profile)


def _worse(value: int | None, threshold: int) -> str | None:
    return "the loss reached 1.2 times the limit" if value is not None and value <= _further(threshold) else None


def _further(value: int) -> int:
    return ppm_of(value, WORSE_PPM)


def _liquidating(ws: Workspace, profile: str) -> str | None:
    near = next((p.symbol for p in positions_of(ws, profile) if near_liquidation(ws, p)), "")
    return f"{near} is near its liquidation price" if near else None


def near_liquidation(ws: Workspace, position: Position) -> bool:
    """Whether a position's mark is within the account's buffer of its estimated liquidation price, or beyond it."""
    mark = ws.marks.get(position.symbol)
    if not mark or position.profile == EXTERNAL:
        return False
    average = position.cost // (position.size * position.unit)
    liquidation = liquidation_price(average, position.leverage, long=position.long)
    buffer = ppm_of(mark, ws.account.liquidation_buffer_ppm)
    return mark <= liquidation + buffer if position.long else mark >= liquidation - buffer


def positions_of(ws: Workspace, profile: str) -> list[Position]:
    """Return the open positions of a profile, or of the whole account (empty: external ones too)."""
    return [position for position in ws.positions.values() if profile in {"", position.profile}]


def spares(ws: Workspace, key: str) -> bool:
    """Whether a limit's positions stay open because people are being asked or have said so."""
    question = ws.state.questions.get(key)
    return question is not None and question.phase != Phase.CLOSED


def waits(ws: Workspace, hold: Hold) -> bool:
    """Whether a hold belongs to an emergency that nobody has decided yet: only an answer ends that."""
    question = _of_hold(ws, hold)
    return question is not None and question.is_open


def on_lift(ws: Workspace, hold: Hold, by: str) -> None:
    """Tell that an emergency is over because its halt is being lifted."""
    question = _of_hold(ws, hold)
    if question is not None and question.phase == Phase.PAUSED:
        _tell(ws, question, "resumed", by, "")


def _of_hold(ws: Workspace, hold: Hold) -> Question | None:
    return ws.state.questions.get(hold.hold_id.removeprefix(_HOLD)) if hold.hold_id.startswith(_HOLD) else None


def on_time(ws: Workspace) -> None:
    """Close what silence, a worsening or a deaf Telegram decides, and ask again about what was kept long enough."""
    for question in list(ws.state.questions.values()):
        if not question.is_open:
            continue
        value = _value(ws, question)
        why = _why_now(ws, question, value)
        if why is not None:
            _decide(ws, question, Phase.CLOSED, "desk", why)
        elif question.phase == Phase.KEPT and (ws.wall_ms >= question.until_ms or _worse_than_kept(question, value)):
            _ask_again(ws, question, value)


def _why_now(ws: Workspace, question: Question, value: int | None) -> str | None:
    if not positions_of(ws, question.profile):
        return "nothing is open any more"
    if question.phase == Phase.ASKED:
        if not question.heard and ws.wall_ms >= question.asked_ms + HEARD_MS:
            return "Telegram took no message within 5 s"
        if ws.admins_quiet:
            return _QUIET
        if ws.wall_ms >= question.until_ms:
            return "no answer"
    return _worse(value, question.threshold) or _liquidating(ws, question.profile)


def _worse_than_kept(question: Question, value: int | None) -> bool:
    return value is not None and value <= _further(min(question.value, 0) or question.threshold)


def _ask_again(ws: Workspace, question: Question, value: int | None) -> None:
    spec = _spec(ws, question)
    if spec is None or spec.approval is ApprovalMode.AUTO or ws.admins_quiet:
        _decide(ws, question, Phase.CLOSED, "desk", _QUIET if ws.admins_quiet else "the limit asks nobody any more")
    else:
        _ask(ws, spec, question.value if value is None else value, question.threshold)


def _ask(ws: Workspace, spec: LimitSpec, value: int, threshold: int) -> None:
    before = ws.state.questions.get(spec.key)
    number = ws.state.last_question + 1
    until_ms = ws.wall_ms + spec.approval_ms
    ws.record(
        ApprovalAsked(
            key=spec.key,
            profile=spec.profile,
            number=number,
            value=value,
            threshold=threshold,
            wall_ms=ws.wall_ms,
            until_ms=until_ms,
            at_ms=ws.now_ms,
        )
    )
    again = before is not None and before.phase == Phase.KEPT
    numbers = _numbers(ws, ws.state.questions[spec.key], value)
    ws.alert(a.EmergencyAlert, again=again, decides_ms=until_ms, **numbers)


def _numbers(ws: Workspace, question: Question, value: int) -> dict[str, object]:
    spec, profile = _spec(ws, question), question.profile
    in_money = spec is not None and spec.in_money
    held = positions_of(ws, profile)
    day = ws.state.references.get(profile, {}).get("day")
    return {
        "number": question.number,
        "key": question.key,
        "value": _scaled(value, in_money=in_money),
        "threshold": _scaled(question.threshold, in_money=in_money),
        "in_money": in_money,
        "today": from_money(ws.ledger(profile).equity - day) if day is not None else None,
        "open_positions": len(held),
        "open_result": from_money(sum(p.unrealised(ws.marks.get(p.symbol, 0)) for p in held if p.symbol in ws.marks)),
        "closing_costs": from_money(sum(_cost(ws, position) for position in held)),
    }


def _scaled(value: int, *, in_money: bool) -> Decimal:
    return from_money(value) if in_money else Decimal(value) / 10_000


def _cost(ws: Workspace, position: Position) -> Money:
    mark = ws.marks.get(position.symbol)
    notional = mark * position.size * position.unit if mark else position.cost
    return at_rate(notional, ws.account.taker_e8) + ppm_of(notional, ws.account.slippage_ppm)


def _spec(ws: Workspace, question: Question) -> LimitSpec | None:
    found = (spec for spec in ws.specs() if spec.key == question.key and spec.action is Action.EMERGENCY)
    return next(found, None)


def _value(ws: Workspace, question: Question) -> int | None:
    spec = _spec(ws, question)
    if spec is None or not ws.measurable:
        return None
    return measure(spec, ws.ledger(spec.profile), ws.state.references.get(spec.profile, {}))


def _decide(ws: Workspace, question: Question, phase: Phase, by: str, why: str = "") -> tuple[str, ...]:
    _settle(ws, question, phase, by, why)
    if phase is not Phase.CLOSED:
        return ()
    cancel_entries(ws, profile=question.profile or None)
    return close_scope(ws, question.profile, f"limit {question.key}")


def _settle(ws: Workspace, question: Question, phase: Phase, by: str, why: str) -> None:
    value = _value(ws, question)
    ws.record(
        ApprovalDecided(
            key=question.key,
            number=question.number,
            phase=phase,
            by=by,
            why=why,
            value=question.value if value is None else value,
            wall_ms=ws.wall_ms,
            until_ms=ws.wall_ms + KEEP_MS if phase is Phase.KEPT else 0,
            at_ms=ws.now_ms,
        )
    )
    _tell(ws, ws.state.questions[question.key], phase, by, why)


def _tell(ws: Workspace, question: Question, outcome: str, by: str, why: str) -> None:
    numbers = _numbers(ws, question, question.value)
    ws.alert(
        a.EmergencyDecidedAlert,
        outcome=outcome,
        by=by,
        why=why,
        decided_ms=ws.wall_ms,
        until_ms=question.until_ms,
        **numbers,
    )


# What comes from people and from the chat.


def on_delivered(ws: Workspace, event: ApprovalDelivered) -> None:
    """Take in that Telegram has accepted an admin's copy of a question."""
    question = _numbered(ws, event.number)
    if question is not None and question.number == event.number and not question.heard:
        ws.record(ApprovalHeard(question.key, event.number, ws.now_ms))


def on_quieted(ws: Workspace, event: AdminsQuieted) -> None:
    """Take in whether every admin is in quiet hours."""
    ws.admins_quiet = event.quiet


def _numbered(ws: Workspace, number: int) -> Question | None:
    found = (q for q in ws.state.questions.values() if number == q.number or number in q.earlier)
    return next(found, None)


_WANTED = {c.Choice.CLOSE: Phase.CLOSED, c.Choice.PAUSE: Phase.PAUSED, c.Choice.KEEP: Phase.KEPT}


def answer(ws: Workspace, command: c.AnswerEmergency) -> c.Answer:
    """Carry out an answer: the safer one counts, whoever came first, and what silence has decided stands."""
    on_time(ws)
    question = _numbered(ws, command.number)
    if question is None:
        return c.Refused(command.command_id, "This emergency is over. /closeall closes what is open now.")
    wanted = _WANTED[command.choice]
    if wanted is Phase.CLOSED:
        # Pressed on whichever of its messages, and once more by whoever does not trust the first press.
        again = question.phase == Phase.CLOSED
        reason = f"limit {question.key}"
        ids = close_scope(ws, question.profile, reason) if again else _decide(ws, question, wanted, command.by)
        return c.Done(command.command_id, ids, (_stands(question),) if again else ())
    if command.number != question.number:
        return c.Refused(command.command_id, "The desk has asked again since: answer its newer message.")
    if wanted.safety <= Phase(question.phase).safety:
        return c.Refused(command.command_id, _stands(question))
    _decide(ws, question, wanted, command.by)
    return c.Done(command.command_id)


def _stands(question: Question) -> str:
    done = {Phase.CLOSED: "closed everything", Phase.KEPT: "kept it open", Phase.PAUSED: "paused only"}
    who = "The desk" if question.by == "desk" else question.by
    return f"{who} has already {done[Phase(question.phase)]}; the safer answer stands."
