"""The question of an emergency limit, and what became of it: both are one message, the second in place of the first."""

from zoneinfo import ZoneInfo

from engine.core.alerts import EmergencyAlert, EmergencyDecidedAlert
from handlers.views import words
from handlers.views.format import clock, esc, money, signed
from handlers.views.table import Table, paragraphs

type _Any = EmergencyAlert | EmergencyDecidedAlert


def render(alert: _Any, *, zone: ZoneInfo) -> str:
    """HTML of the question, or of its answer."""
    if isinstance(alert, EmergencyAlert):
        return _question(alert, zone)
    return _outcome(alert, zone)


def _place(alert: _Any) -> str:
    return esc(f"{words.mode(alert.mode)} · {alert.account}")


def _question(alert: EmergencyAlert, zone: ZoneInfo) -> str:
    table = _numbers(alert).line(f"Closing costs about {money(alert.closing_costs)}")
    return paragraphs(
        f"<b>EMERGENCY</b> · {_place(alert)}",
        table.html(),
        "It was kept open before; the desk asks again." if alert.again else "",
        _scope(alert),
        "Entries are already blocked.",
        f"<b>No answer: CLOSE ALL {esc(clock(alert.decides_ms, zone))}</b>",
    )


def _numbers(alert: _Any) -> Table:
    profile, _, name = alert.key.rpartition(".")
    label = f"{profile} {name.replace('_', ' ')}".strip()
    now, threshold = (
        words.measured(alert.value, in_money=alert.in_money),
        words.amount(alert.threshold, in_money=alert.in_money),
    )
    table = Table(12).line(f"{label[:1].upper()}{label[1:]} {now}", f"(limit {threshold})")
    if alert.today is not None:
        table.row("Lost today" if alert.today < 0 else "Today", f"{signed(alert.today)} USDT")
    return table.row(f"Open {alert.open_positions}", signed(alert.open_result))


def _scope(alert: _Any) -> str:
    profile = alert.key.rpartition(".")[0]
    return f"Only positions of {esc(profile)}." if profile else ""


def _outcome(alert: EmergencyDecidedAlert, zone: ZoneInfo) -> str:
    said, then = _decision(alert, zone)
    by = "the desk" if alert.by == "desk" else alert.by
    why = f": {alert.why}" if alert.why else ""
    return paragraphs(
        f"<b>EMERGENCY decided</b> · {_place(alert)}",
        _numbers(alert).html(),
        _scope(alert),
        f"<b>{said}</b>",
        esc(f"Decided by {by} {clock(alert.decided_ms, zone)}{why}."),
        then,
    )


def _decision(alert: EmergencyDecidedAlert, zone: ZoneInfo) -> tuple[str, str]:
    match alert.outcome:
        case "kept":
            until = esc(clock(alert.until_ms, zone))
            return "KEEP 15 MIN", f"Entries stay blocked. Asked again {until}, or when it is 20% worse."
        case "paused":
            return "PAUSE ONLY", "Everything stays open, however far it falls. Entries stay blocked until /resume."
        case "resumed":
            return "HALT LIFTED", "What was open stays open; entries are allowed."
    count = alert.open_positions
    return f"CLOSE ALL {count}" if count else "NOTHING TO CLOSE", "Entries stay blocked until /resume."
