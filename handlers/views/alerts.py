"""Alerts about positions and orders, and the door to all alert texts: one view for each kind of alert."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.alerts import (
    Alert,
    ChangeAlert,
    CooldownAlert,
    DifferenceAlert,
    EmergencyAlert,
    EmergencyDecidedAlert,
    EntryAlert,
    ExitAlert,
    HoldAlert,
    LimitAlert,
    LiquidationAlert,
    OrderAlert,
    ProtectionAlert,
    SlippageAlert,
    StopMovedAlert,
    SystemAlert,
    TrailAlert,
)
from handlers.views import alerts_desk, alerts_emergency, words
from handlers.views.format import cost, esc, money, percent, price, quantity, r_multiple, side, signed, span
from handlers.views.table import Table, paragraphs

_NO_TICKS: Mapping[str, Decimal] = {}


def render_alert(alert: Alert, *, zone: ZoneInfo, ticks: Mapping[str, Decimal] = _NO_TICKS) -> str:
    """HTML of an alert. `ticks` are price steps by symbol; without one a price is written with six digits."""
    of_position = _OF_POSITION.get(type(alert))
    if of_position is not None:
        return of_position(alert, ticks.get(getattr(alert, "symbol", "")))
    match alert:
        case EmergencyAlert() | EmergencyDecidedAlert():
            return alerts_emergency.render(alert, zone=zone)
        case LimitAlert() | HoldAlert() | CooldownAlert() | ChangeAlert() | DifferenceAlert() | SystemAlert():
            return alerts_desk.render(alert, zone=zone)
        case _:
            message = f"no view for {type(alert).__name__}: write one in handlers/views"
            raise TypeError(message)


type _OfPosition = (
    EntryAlert
    | ExitAlert
    | StopMovedAlert
    | OrderAlert
    | ProtectionAlert
    | LiquidationAlert
    | TrailAlert
    | SlippageAlert
)


def _owner(profile: str) -> str:
    return profile or "external"


def _where(alert: _OfPosition) -> str:
    return esc(f"{words.mode(alert.mode)} · {_owner(alert.profile)}")


def _entry(alert: EntryAlert, tick: Decimal | None) -> str:
    table = Table(8)
    table.row("Fill", price(alert.price, tick), f"slip {percent(alert.slippage_percent, plus=False)}")
    table.row("Size", f"{quantity(alert.quantity)} = {money(alert.notional)} USDT")
    if alert.stop is None:
        table.row("Stop", "NONE")
    else:
        table.row("Stop", price(alert.stop, tick), *_net(alert.stop_net, "with fees"))
    if alert.trail is not None:
        table.row("Trails", price(alert.trail, tick), "on the exchange")
    if alert.target is None:
        table.row("Target", "none")
    else:
        reward = [] if alert.reward_risk is None else [r_multiple(alert.reward_risk).lstrip("+")]
        table.row("Target", price(alert.target, tick), " ".join([*_net(alert.target_net, "net"), *reward]))
    table.row("Margin", money(alert.margin), f"{alert.leverage}x", f"stop set: {'yes' if alert.stop else 'NO'}")
    also = f" (also {', '.join(alert.also)})" if alert.also else ""
    return paragraphs(
        f"<b>{esc(alert.symbol)} {side(alert.long)} opened</b> · {_where(alert)}",
        esc(f"Rule {alert.rule}{also}"),
        table.html(),
    )


def _net(value: Decimal | None, word: str) -> list[str]:
    return [] if value is None else [f"{signed(value)} {word}"]


def _exit(alert: ExitAlert, tick: Decimal | None) -> str:
    result = f"{signed(alert.net)} USDT {percent(alert.net_percent)}"
    multiple = "" if alert.r_multiple is None else f" {r_multiple(alert.r_multiple)}"
    held = f"{side(alert.long)} {quantity(alert.quantity)}"
    table = Table(8).line(f"{price(alert.entry, tick)} → {price(alert.exit, tick)}", span(alert.duration_ms))
    table.line(f"Gross {signed(alert.gross)}", f"fees {cost(alert.fees)}")
    table.line(f"Funding {cost(alert.funding)}", f"Today {signed(alert.today_net)}")
    return paragraphs(
        f"<b>{esc(alert.symbol)} {result}{multiple}</b> · {esc(words.mode(alert.mode))}",
        esc(f"{held} closed: {words.reason(alert.reason)} · {_owner(alert.profile)}"),
        table.html(),
    )


def _stop_moved(alert: StopMovedAlert, tick: Decimal | None) -> str:
    levels = f"stop {price(alert.stop, tick)}, target {price(alert.target, tick)}"
    return paragraphs(
        f"<b>{esc(alert.symbol)} {side(alert.long)}</b> {levels} · {_where(alert)}",
        f"Moved: {esc(words.reason(alert.why))}",
    )


_ORDER_WORDS = {
    "rejected": ("was refused by the exchange", "No position came of it."),
    "unknown": ("has an unknown outcome", "Its full size stays reserved and the desk keeps asking the exchange."),
    "expired": ("expired before it was sent", "Nothing was sent."),
    "unsent": ("could not be sent", "Nothing reached the exchange."),
}


def _order(alert: OrderAlert, _tick: Decimal | None) -> str:
    what, after = _ORDER_WORDS.get(alert.what, (alert.what, ""))
    if not alert.entry:
        after = "The position may still be open: the desk checks, tries again, and its stop stays."
    order = f"{'BUY' if alert.buy else 'SELL'} {quantity(alert.quantity)} {alert.symbol}"
    return paragraphs(
        f"<b>{esc(order)} {esc(what)}</b> · {_where(alert)}",
        f"{'Entry' if alert.entry else 'Exit'}: {esc(alert.why)}",
        after,
    )


def _protection(alert: ProtectionAlert, _tick: Decimal | None) -> str:
    return paragraphs(
        f"<b>{esc(alert.symbol)}: STOP MISSING on the exchange</b> · {_where(alert)}",
        f"Why: {esc(alert.why)}",
        f"The desk: {esc(alert.doing)}",
        "You can close it now.",
    )


def _trail(alert: TrailAlert, _tick: Decimal | None) -> str:
    return paragraphs(
        f"<b>{esc(alert.symbol)} {side(alert.long)}: {esc(alert.missing)} not on the exchange</b> · {_where(alert)}",
        f"Why: {esc(alert.why)}",
        f"The {esc(alert.live)} is live there: nothing is closed. The desk asks again every minute.",
    )


_SLIPPED = {"trailing": "trailing stop"}


def _slippage(alert: SlippageAlert, tick: Decimal | None) -> str:
    what, apart = _SLIPPED.get(alert.what, alert.what), percent(abs(alert.percent), plus=False)
    title = f"{alert.symbol} {side(alert.long)}: {what} filled {apart} {'worse' if alert.cost > 0 else 'better'}"
    table = Table(9).row(
        "Expected", price(alert.expected, tick), f"told above {percent(alert.limit_percent, plus=False)}"
    )
    table.row("Filled", price(alert.price, tick), f"size {quantity(alert.quantity)}")
    table.row("Slippage", f"{cost(alert.cost)} USDT")
    slipped = "1 order" if alert.today == 1 else f"{alert.today} orders"
    return paragraphs(f"<b>{esc(title)}</b> · {_where(alert)}", table.html(), f"{slipped} slipped today (UTC).")


def _liquidation(alert: LiquidationAlert, tick: Decimal | None) -> str:
    return paragraphs(
        f"<b>{esc(alert.symbol)}: {esc(alert.cause)} by the exchange</b> · {_where(alert)}",
        f"{quantity(alert.quantity)} at {price(alert.price, tick)}",
        "/status shows what is left.",
    )


_OF_POSITION: Mapping[type[Alert], Callable[[Any, Decimal | None], str]] = {
    EntryAlert: _entry,
    ExitAlert: _exit,
    StopMovedAlert: _stop_moved,
    OrderAlert: _order,
    ProtectionAlert: _protection,
    TrailAlert: _trail,
    SlippageAlert: _slippage,
    LiquidationAlert: _liquidation,
}
