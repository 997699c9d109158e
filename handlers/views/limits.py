"""Loss limits: the list, one limit with a value being tried, and what a change would mean."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from engine.core.snapshot import LimitView, Snapshot
from handlers.views import words
from handlers.views.format import esc, moment, money
from handlers.views.table import Table, paragraphs


def render_limits(snapshot: Snapshot, zone: ZoneInfo) -> str:
    """HTML of all limits, and when their days and weeks end."""
    head = f"<b>Limits</b> · {esc(words.mode(snapshot.mode))}"
    if not snapshot.limits:
        return paragraphs(head, "No loss limits are set in the configuration.")
    table = Table(9)
    for limit in in_order(snapshot):
        name = words.limit_name(limit) if limit.profile else f"account {words.limit_name(limit)}"
        table.line(name, words.approval(limit), _state(limit))
        now = words.measured(limit.value, in_money=limit.in_money)
        table.line("", f"now {now}", f"limit {words.amount(limit.threshold, in_money=limit.in_money)}")
        table.line("", words.used(limit.used), f"then {limit.action.replace('_', ' ')}")
    hint = "Tap a limit to change it, or type /limit NAME VALUE."
    return paragraphs(head, table.html(), esc(_ends(snapshot, zone)), hint)


def _ends(snapshot: Snapshot, zone: ZoneInfo) -> str:
    found: dict[str, int] = {}
    for limit in in_order(snapshot):
        if limit.renews_ms:
            unit = "week" if limit.measure == "weekly_equity" else "day" if limit.profile else "account day"
            found.setdefault(unit, limit.renews_ms)
    if found.get("account day") == found.get("day"):
        found.pop("account day", None)
    ends = [f"{unit} ends {moment(ends_ms, zone)}" for unit, ends_ms in found.items()]
    text = ", ".join(ends)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def in_order(snapshot: Snapshot) -> tuple[LimitView, ...]:
    """Limits in the order of the configuration: account limits first, so that rows and buttons keep their places."""
    return tuple(sorted(snapshot.limits, key=lambda limit: (limit.profile, limit.key)))


def _state(limit: LimitView) -> str:
    return limit.state.upper() if limit.state in {"breached", "warned"} else ""


def render_limit(limit: LimitView, draft: Decimal, snapshot: Snapshot) -> str:
    """HTML of one limit and the value that its buttons are trying."""
    unit = limit.in_money
    table = Table(9)
    table.row("Limit", words.amount(limit.threshold, in_money=unit), _worth(limit, limit.threshold))
    table.row("Now", words.measured(limit.value, in_money=unit), words.used(limit.used))
    table.row(
        "Bounds", f"{words.amount(limit.loosest, in_money=unit)} to {words.amount(limit.tightest, in_money=unit)}"
    )
    if draft != limit.threshold:
        table.row("Trying", words.amount(draft, in_money=unit), _worth(limit, draft))
    return paragraphs(
        f"<b>Limit {esc(words.limit_name(limit))}</b> · {esc(words.mode(snapshot.mode))}",
        f"{esc(words.limit_explained(limit))}. When reached: {esc(words.action(limit.action))}.",
        words.approval_explained(limit),
        table.html(),
        f"Name for typing: <code>{esc(limit.key)}</code>",
        "Nothing changes until you press Set and confirm." if draft != limit.threshold else "",
    )


def render_limit_preview(limit: LimitView, new: Decimal, snapshot: Snapshot, *, loosens: bool, second: bool) -> str:
    """HTML of a change before it is confirmed: old → new, unit, money, current value, and what it would close."""
    unit = limit.in_money
    table = Table(7)
    table.row("Change", f"{words.amount(limit.threshold, in_money=unit)} → {words.amount(new, in_money=unit)}")
    if limit.base is not None:
        table.row("Money", f"{_worth(limit, limit.threshold)} → {_worth(limit, new)}")
    table.row("Now", words.measured(limit.value, in_money=unit), f"{words.used(limit.used)} of old")
    head = f"<b>{'Loosen' if loosens else 'Tighten'} limit {esc(words.limit_name(limit))}</b>"
    return paragraphs(
        f"{head} · {esc(words.where(snapshot))}",
        table.html(),
        f"When reached: {esc(words.action(limit.action))}.",
        words.approval_explained(limit),
        _consequence(limit, new, snapshot),
        "<b>Second confirmation</b>: this limit will allow a larger loss." if second else "",
        "Loosening needs two confirmations." if loosens and not second else "",
        "Valid for 30 s.",
    )


def render_out_of_bounds(limit: LimitView, new: Decimal) -> str:
    """HTML for a value outside the hard bounds of the configuration."""
    tightest, loosest = (words.amount(bound, in_money=limit.in_money) for bound in (limit.tightest, limit.loosest))
    value, name = words.amount(new, in_money=limit.in_money), words.limit_name(limit)
    return paragraphs(
        f"<b>{esc(value)} is out of bounds</b> for limit {esc(name)}.",
        f"It must lie between {esc(tightest)} and {esc(loosest)}. Nothing was changed.",
    )


def reached_at_once(limit: LimitView, new: Decimal) -> bool:
    """Whether the present value already stands at or beyond the new threshold."""
    return limit.value is not None and limit.value <= new


def _consequence(limit: LimitView, new: Decimal, snapshot: Snapshot) -> str:
    if not reached_at_once(limit, new):
        return ""
    held = [position.symbol for position in snapshot.positions if limit.profile in {"", position.profile}]
    if limit.action in words.CLOSING_ACTIONS and held:
        does = f"asks; unanswered it closes {len(held)}" if limit.approval == "ask" else f"closes {len(held)}"
        return f"<b>This is reached at once and {does}:</b> {esc(', '.join(sorted(held)))}"
    return f"<b>This is reached at once:</b> {esc(words.action(limit.action))}."


def _worth(limit: LimitView, threshold: Decimal) -> str:
    return f"≈{money(threshold * limit.base / 100, 0)} USDT" if limit.base is not None else ""
