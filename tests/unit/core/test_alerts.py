"""Which alerts may never be muted, merged or delayed by others."""

from decimal import Decimal
from typing import Any

import pytest

from engine.core import alerts as a

ZERO = Decimal(0)
LIMIT: dict[str, Any] = {"key": "l", "value": ZERO, "threshold": ZERO, "in_money": False}
LIMIT |= {"open_positions": 0, "open_result": ZERO}
HOLD: dict[str, Any] = {"scope": "account", "by": "ann", "reason": "why"}
ORDER: dict[str, Any] = {"position_id": "p", "symbol": "BTCUSDT", "profile": "alpha", "entry": True, "buy": True}
ORDER |= {"quantity": ZERO, "what": "rejected", "why": "no"}
FORCED: dict[str, Any] = {"position_id": "p", "symbol": "BTCUSDT", "profile": "alpha"}


@pytest.mark.parametrize(
    ("kind", "fields", "critical"),
    [
        (a.ProtectionAlert, FORCED | {"why": "w", "doing": "d"}, True),
        (a.LiquidationAlert, FORCED | {"quantity": ZERO, "price": ZERO, "cause": "adl"}, True),
        (a.HoldAlert, HOLD | {"level": "HALTED", "set": True}, True),
        (a.HoldAlert, HOLD | {"level": "HALTED", "set": False}, False),
        (a.HoldAlert, HOLD | {"level": "NO_ENTRIES", "set": True}, False),
        (a.LimitAlert, LIMIT | {"level": "breached", "action": "emergency"}, True),
        (a.LimitAlert, LIMIT | {"level": "breached", "action": "halt"}, True),
        (a.LimitAlert, LIMIT | {"level": "breached", "action": "alert"}, False),
        (a.LimitAlert, LIMIT | {"level": "warned", "action": "halt"}, False),
        (a.OrderAlert, ORDER | {"critical": True}, True),
        (a.OrderAlert, ORDER, False),
        (a.SystemAlert, {"topic": "t", "title": "t", "detail": "d", "critical": True}, True),
        (a.SystemAlert, {"topic": "t", "title": "t", "detail": "d"}, False),
        (a.CooldownAlert, {"symbol": "BTCUSDT", "until_ms": 1, "why": "close"}, False),
    ],
)
def test_what_concerns_money_at_risk_is_critical(kind: type[a.Alert], fields: dict[str, Any], critical: bool) -> None:
    assert a.is_critical(kind(account="main", mode="paper", at_ms=1, **fields)) is critical
