"""Every alert with an example."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from engine.core import alerts as a
from handlers.views.alerts import render_alert
from keyboards.alerts import alert_keyboard
from tests.unit.views import examples as ex
from tests.unit.views.cases import Case

BASE = {"account": "main", "mode": "live", "at_ms": ex.NOW_MS}
OF = {"position_id": "p1", "symbol": "SOLUSDT", "profile": "cft"}
ENTRY = a.EntryAlert(
    **BASE,
    **OF,
    long=True,
    rule="5 lower band touch",
    also=("7 MACD bullish crossover",),
    quantity=Decimal("1.0"),
    price=Decimal("142.31"),
    notional=Decimal("142.31"),
    slippage_percent=Decimal("0.02"),
    stop=Decimal("141.59"),
    stop_net=Decimal("-0.88"),
    target=Decimal("145.15"),
    target_net=Decimal("2.68"),
    reward_risk=Decimal("3.04"),
    margin=Decimal("14.23"),
    leverage=10,
)
EXIT = a.ExitAlert(
    **BASE,
    **OF,
    long=True,
    quantity=Decimal("1.0"),
    entry=Decimal("142.31"),
    exit=Decimal("145.15"),
    gross=Decimal("2.84"),
    fees=Decimal("0.16"),
    funding=Decimal("0"),
    net=Decimal("2.68"),
    net_percent=Decimal("1.88"),
    r_multiple=Decimal("3.04"),
    reason="target",
    duration_ms=11_520_000,
    today_net=Decimal("14.2"),
)
LIMIT = a.LimitAlert(
    **BASE,
    key="daily_equity",
    level="breached",
    value=Decimal("-4.02"),
    threshold=Decimal("-4"),
    in_money=False,
    action="emergency",
    open_positions=12,
    open_result=Decimal("-188.4"),
    closing=("BTCUSDT", "SOLUSDT"),
)
ORDER = a.OrderAlert(
    **BASE, **OF, entry=True, buy=True, quantity=Decimal("1.0"), what="rejected", why="110007: not enough balance"
)

SLIPPED = a.SlippageAlert(
    **BASE,
    **OF,
    long=True,
    what="stop",
    quantity=Decimal("1.0"),
    expected=Decimal("142.31"),
    price=Decimal("141.10"),
    percent=Decimal("0.8503"),
    limit_percent=Decimal("0.5"),
    cost=Decimal("1.21"),
    today=2,
)


def _positions() -> Iterator[tuple[str, a.Alert]]:
    yield "entry", ENTRY
    yield "entry_trailed", replace(ENTRY, target=None, target_net=None, reward_risk=None, trail=Decimal("14.24"))
    yield "exit", EXIT
    yield "stop_moved", a.StopMovedAlert(**BASE, **OF, long=True, stop=Decimal("142.49"), target=None, why="breakeven")
    yield "order_rejected", ORDER
    lost = {**OF, "symbol": "BTCUSDT"}
    yield (
        "exit_unknown",
        a.OrderAlert(
            **BASE,
            **lost,
            entry=False,
            buy=True,
            quantity=Decimal("0.017"),
            what="unknown",
            why="no answer in 5 s",
            critical=True,
        ),
    )
    yield (
        "unprotected",
        a.ProtectionAlert(**BASE, **OF, why="10001: stop beyond price", doing="closes the position at the market"),
    )
    trail = {**OF, "long": True, "missing": "trailing stop", "live": "stop"}
    yield "trail_missing", a.TrailAlert(**BASE, **trail, why="10001: trailing distance is not valid")
    yield "slippage", SLIPPED
    yield (
        "slippage_better",
        replace(SLIPPED, what="entry", price=Decimal("140.5"), percent=Decimal("-1.2718"), cost=Decimal("-1.81")),
    )
    yield (
        "liquidated",
        a.LiquidationAlert(**BASE, **OF, quantity=Decimal("1.0"), price=Decimal("128.9"), cause="liquidation"),
    )


def _desk() -> Iterator[tuple[str, a.Alert]]:
    yield "limit_emergency", LIMIT
    warned = {"key": "cft.unrealised", "level": "warned", "in_money": False, "action": "emergency"}
    yield (
        "limit_warned",
        a.LimitAlert(
            **BASE,
            **warned,
            value=Decimal("-4.1"),
            threshold=Decimal("-5"),
            open_positions=3,
            open_result=Decimal("-41"),
        ),
    )
    cleared = {"key": "ma_cross.daily_loss", "level": "cleared", "in_money": True, "action": "close"}
    yield (
        "limit_cleared",
        a.LimitAlert(
            **BASE, **cleared, value=Decimal("0"), threshold=Decimal("-5"), open_positions=0, open_result=Decimal(0)
        ),
    )
    yield (
        "hold_set",
        a.HoldAlert(
            **BASE, scope="cft", level="NO_ENTRIES", set=True, by="Anna", reason="paused by Anna", until_ms=ex.NOW_MS
        ),
    )
    yield (
        "hold_lifted",
        a.HoldAlert(**BASE, scope="account", level="HALTED", set=False, by="Anna", reason="daily_equity −4%"),
    )
    yield "cooldown", a.CooldownAlert(**BASE, symbol="SOLUSDT", until_ms=ex.NOW_MS, why="closed by hand")
    yield "limit_changed", a.ChangeAlert(**BASE, what="limit daily_equity", old="-4%", new="-3%", by="Anna")
    yield (
        "difference",
        a.DifferenceAlert(**BASE, symbol="SOLUSDT", ours="1.0 long", theirs="0.4 long", why="A fill was missed."),
    )
    yield (
        "system",
        a.SystemAlert(
            **BASE, topic="feed", title="Market data is back", detail="It was away for 42 s; 3 bars were fetched."
        ),
    )


def _emergencies() -> Iterator[tuple[str, a.Alert]]:
    yield "limit_emergency_unasked", replace(LIMIT, why="every admin is in quiet hours")
    numbers = {
        "number": 7,
        "key": "daily_equity",
        "value": Decimal("-4.02"),
        "threshold": Decimal("-4"),
        "in_money": False,
        "today": Decimal("-410.6"),
        "open_positions": 12,
        "open_result": Decimal("-188.4"),
        "closing_costs": Decimal("6.1042"),
    }
    asked = a.EmergencyAlert(**BASE, **numbers, decides_ms=ex.NOW_MS + 30_000)
    yield "emergency", asked
    own = {"key": "ma_cross.total_loss", "in_money": True, "value": Decimal("-10.4"), "threshold": Decimal(-10)}
    yield "emergency_again", replace(asked, **own, again=True, open_positions=1, today=Decimal("0.4"))
    times = {"decided_ms": ex.NOW_MS + 11_000, "until_ms": ex.NOW_MS + 911_000}
    said = a.EmergencyDecidedAlert(**BASE, **numbers, outcome="closed", by="Anna", why="", **times)
    yield "emergency_closed", said
    yield "emergency_silence", replace(said, by="desk", why="no answer")
    yield "emergency_over", replace(said, by="desk", why="nothing is open any more", open_positions=0, today=None)
    yield "emergency_paused", replace(said, outcome="paused")
    yield "emergency_kept", replace(said, outcome="kept", **own)
    yield "emergency_resumed", replace(said, outcome="resumed")


ALERTS: tuple[Case, ...] = tuple(
    (
        f"alert_{name}",
        render_alert(alert, zone=ex.VIENNA, ticks={"SOLUSDT": Decimal("0.01"), "BTCUSDT": Decimal("0.1")}),
        alert_keyboard(alert),
    )
    for name, alert in (*_positions(), *_desk(), *_emergencies())
)
