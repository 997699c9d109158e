"""Alerts about the desk itself: limits, holds, cooldowns, changes, differences and its parts."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from engine.core.alerts import Alert, ChangeAlert, CooldownAlert, DifferenceAlert, HoldAlert, LimitAlert, SystemAlert
from handlers.views import words
from handlers.views.format import count, esc, moment, signed, true_minus
from handlers.views.table import Table, paragraphs

_LIFTED = {"no entries": "entries allowed again", "halted": "halt lifted"}
_LEVELS = {"warned": "close to its limit", "breached": "LIMIT REACHED", "cleared": "back within its limit"}


def render(alert: Alert, *, zone: ZoneInfo) -> str:
    """HTML of an alert of this file; raises TypeError for others."""
    match alert:
        case LimitAlert():
            return _limit(alert)
        case HoldAlert():
            return _hold(alert, zone)
        case CooldownAlert():
            until = esc(moment(alert.until_ms, zone))
            title = f"<b>{esc(alert.symbol)} rests</b> until {until} · {_mode(alert)}"
            return paragraphs(title, esc(f"After: {words.reason(alert.why)}"))
        case ChangeAlert():
            change = f"{true_minus(alert.old)} → {true_minus(alert.new)}, by {alert.by}"
            return paragraphs(f"<b>{esc(alert.what)} changed</b> · {_mode(alert)}", esc(change))
        case DifferenceAlert():
            return _difference(alert)
        case SystemAlert():
            return paragraphs(f"<b>{esc(alert.title)}</b> · {_mode(alert)}", esc(alert.detail))
        case _:
            message = f"no view for {type(alert).__name__}"
            raise TypeError(message)


def _mode(alert: Alert) -> str:
    return esc(f"{words.mode(alert.mode)} · {alert.account}")


def _limit(alert: LimitAlert) -> str:
    profile, _, name = alert.key.rpartition(".")
    label = f"{profile} {name.replace('_', ' ')}".strip()
    unit = alert.in_money
    now, threshold = words.measured(alert.value, in_money=unit), words.amount(alert.threshold, in_money=unit)
    table = Table(10)
    if alert.level == "breached" and alert.action == "emergency":
        title = f"<b>EMERGENCY</b> · {_mode(alert)}"
        table.line(f"{label[:1].upper()}{label[1:]} {now}", f"(limit {threshold})")
    else:
        title = f"<b>Limit {esc(label)}: {_LEVELS.get(alert.level, esc(alert.level))}</b> · {_mode(alert)}"
        table.row("Now", now, f"limit {threshold}").row("Used", _used(alert.value, alert.threshold))
    table.row(f"Open {alert.open_positions}", f"{signed(alert.open_result)} USDT")
    return paragraphs(title, table.html(), *_doing(alert))


def _used(value: Decimal, threshold: Decimal) -> str:
    return f"{int(value * 100 / threshold)}%" if threshold else signed(None)


def _doing(alert: LimitAlert) -> list[str]:
    if alert.level != "breached":
        return [f"When reached: {esc(words.action(alert.action))}."] if alert.level == "warned" else []
    closing = f"{count(len(alert.closing), 'closing order')} under way." if alert.closing else ""
    return [
        f"The desk acted: {esc(words.action(alert.action))}.",
        *([f"It asked nobody: {esc(alert.why)}."] if alert.why else []),
        *([closing] if closing else []),
        "/status shows the state, /limits the limits.",
    ]


def _hold(alert: HoldAlert, zone: ZoneInfo) -> str:
    where = "Whole account" if alert.scope in {"", "account"} else alert.scope
    until = f" until {moment(alert.until_ms, zone)}" if alert.set and alert.until_ms is not None else ""
    level = alert.level.lower().replace("_", " ")
    verb = f"{level}{until}" if alert.set else _LIFTED.get(level, f"no longer {level}")
    why = words.caused(alert.reason, alert.by) if alert.set else f"By {alert.by}. Before: {words.reason(alert.reason)}"
    return f"<b>{esc(where)}: {esc(verb)}</b> · {_mode(alert)}\n{esc(why)}"


def _difference(alert: DifferenceAlert) -> str:
    table = Table(10).row("Ours", alert.ours).row("Exchange", alert.theirs)
    return paragraphs(
        f"<b>{esc(alert.symbol)}: books differed from the exchange</b> · {_mode(alert)}",
        table.html(),
        f"The exchange's view was taken over. {esc(alert.why)}",
    )
