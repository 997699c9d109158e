"""Journal groups as the writer carries them: encoded once, when they are handed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from engine.core.alerts import Alert, is_critical
from engine.core.codec import codec_of, decode, encode
from engine.core.facts import Fact
from engine.journal import AnyAlert
from storage.priority import Priority

_FACTS = codec_of(Fact)


@dataclass(frozen=True, slots=True)
class Group:
    """Facts of one step, each also as a line of JSON, and the step's alerts. Ids grow with the order of the groups."""

    group_id: int
    facts: tuple[Fact, ...]
    lines: tuple[str, ...]
    alerts: tuple[Alert, ...] = ()
    account: str = ""


def dumps(value: Any) -> str:
    """Return compact JSON."""
    return orjson.dumps(value).decode()


def make_group(group_id: int, facts: Sequence[Fact], alerts: Sequence[Alert], account: str) -> Group:
    """Encode a group of an account; raises CodecError for a value that cannot be kept."""
    lines = tuple(dumps(_FACTS.write(fact)) for fact in facts)
    return Group(group_id, tuple(facts), lines, tuple(alerts), account)


def read_fact(line: str) -> Fact:
    """Return the fact of a journal row; raises CodecError."""
    fact: Fact = _FACTS.read(orjson.loads(line))
    return fact


def journal_rows(group: Group, seq: int, desk: dict[str, str]) -> list[dict[str, Any]]:
    """Return the journal rows of a group whose first fact gets number `seq`."""
    return [
        {
            **desk,
            "seq": seq + place,
            "group_id": group.group_id,
            "at_ms": fact.at_ms,
            "type": type(fact).__name__,
            "data": line,
        }
        for place, (fact, line) in enumerate(zip(group.facts, group.lines, strict=True))
    ]


def alert_row(alert: Alert, desk: dict[str, str]) -> dict[str, Any]:
    """Return the outbox row of an alert that has still to be fanned out to chats."""
    critical = is_critical(alert)
    return {
        **desk,
        "chat_id": None,
        "kind": type(alert).__name__,
        "payload": dumps(encode(alert)),
        "priority": Priority.CRITICAL if critical else Priority.ALERT,
        "thread": getattr(alert, "thread", "") or getattr(alert, "position_id", "") or None,
        "critical": critical,
        "created_ms": alert.at_ms,
        "state": "pending",
        "attempts": 0,
        "retry_at_ms": 0,
        "message_id": None,
        "sent_ms": None,
        "why": "",
    }


def as_line(group: Group, desk: dict[str, str]) -> bytes:
    """Return a group as one line of JSON, for the emergency file."""
    body = {**desk, "group": group.group_id, "facts": [orjson.Fragment(line) for line in group.lines]}
    return orjson.dumps({**body, "alerts": [encode(alert) for alert in group.alerts]}) + b"\n"


def from_line(line: bytes, desk: dict[str, str]) -> Group | None:
    """Return the group of a line, None when it belongs to another desk; raises ValueError or KeyError when damaged."""
    body = orjson.loads(line)
    if any(body[key] != value for key, value in desk.items()):
        return None
    facts = [_FACTS.read(fact) for fact in body["facts"]]
    alerts = [decode(AnyAlert, alert) for alert in body["alerts"]]
    return make_group(int(body["group"]), facts, alerts, desk["account"])
