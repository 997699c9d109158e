"""A few alerts of one desk."""

from decimal import Decimal

from engine.core import alerts as a

_BASE = {"account": "main", "mode": "live", "at_ms": 1_800_000_000_000}
_OF = {"position_id": "p1", "symbol": "SOLUSDT", "profile": "cft", "long": True}
ENTRY = a.EntryAlert(
    **_BASE,
    **_OF,
    rule="5 lower band touch",
    also=(),
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
STOP_MOVED = a.StopMovedAlert(**_BASE, **_OF, stop=Decimal("142.6"), target=None, why="breakeven")
EXIT = a.ExitAlert(
    **_BASE,
    **_OF,
    quantity=Decimal("1.0"),
    entry=Decimal("142.31"),
    exit=Decimal("145.15"),
    gross=Decimal("2.84"),
    fees=Decimal("0.16"),
    funding=Decimal(0),
    net=Decimal("2.68"),
    net_percent=Decimal("1.88"),
    r_multiple=Decimal("3.04"),
    reason="target",
    duration_ms=11_520_000,
    today_net=Decimal("14.2"),
)
LIMIT = a.LimitAlert(
    **_BASE,
    key="daily_equity",
    level="breached",
    value=Decimal("-4.02"),
    threshold=Decimal(-4),
    in_money=False,
    action="emergency",
    open_positions=12,
    open_result=Decimal("-188.4"),
)
NOTE = a.SystemAlert(**_BASE, topic="feed", title="Feed is back", detail="It was away for 40 s.")
CRITICAL = a.SystemAlert(**_BASE, topic="orders", title="Unknown order", detail="The desk keeps asking.", critical=True)
_QUESTION = {
    "number": 7,
    "key": "daily_equity",
    "value": Decimal("-4.02"),
    "threshold": Decimal(-4),
    "in_money": False,
    "today": Decimal("-410.6"),
    "open_positions": 12,
    "open_result": Decimal("-188.4"),
    "closing_costs": Decimal("6.1"),
}
EMERGENCY = a.EmergencyAlert(**_BASE, **_QUESTION, decides_ms=1_800_000_030_000)
EMERGENCY_DECIDED = a.EmergencyDecidedAlert(
    **_BASE, **_QUESTION, outcome="closed", by="Anna", why="", decided_ms=1_800_000_011_000, until_ms=1_800_000_911_000
)
