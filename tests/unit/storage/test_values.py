"""How values are written down, and which alerts are critical."""

from decimal import Decimal
from typing import Any

import pytest

from engine.core.alerts import Alert, HoldAlert, LimitAlert, LiquidationAlert, OrderAlert, is_critical
from storage.columns import plain

BASE: dict[str, Any] = {"account": "main", "mode": "paper", "at_ms": 1}
ORDER: dict[str, Any] = {"position_id": "p", "symbol": "B", "profile": "c", "entry": True, "buy": True}


def limit(level: str, action: str) -> Alert:
    values = {"key": "k", "value": Decimal(1), "threshold": Decimal(1), "in_money": False}
    return LimitAlert(**BASE, **values, level=level, action=action, open_positions=0, open_result=Decimal(0))


def hold(level: str, *, on: bool) -> Alert:
    return HoldAlert(**BASE, scope="account", level=level, set=on, by="x", reason="y")


@pytest.mark.parametrize(
    ("value", "written"),
    [("1E-8", "0.00000001"), ("1E+3", "1000"), ("-1.50", "-1.5"), ("0E-8", "0"), ("100", "100")],
)
def test_decimals_are_written_plainly_and_exactly(value: str, written: str) -> None:
    assert plain(Decimal(value)) == written
    assert Decimal(written) == Decimal(value)


@pytest.mark.parametrize(
    ("alert", "critical"),
    [
        (limit("breached", "emergency"), True),
        (limit("breached", "halt"), True),
        (limit("warned", "emergency"), False),
        (limit("breached", "no_entries"), False),
        (hold("HALTED", on=True), True),
        (hold("HALTED", on=False), False),
        (hold("NO_ENTRIES", on=True), False),
        (OrderAlert(**BASE, **ORDER, quantity=Decimal(1), what="unknown", why="w", critical=True), True),
        (OrderAlert(**BASE, **ORDER, quantity=Decimal(1), what="rejected", why="w"), False),
    ],
)
def test_what_must_never_wait_is_critical(alert: Alert, critical: bool) -> None:
    assert is_critical(alert) is critical


def test_a_liquidation_is_critical() -> None:
    values = {"position_id": "p", "symbol": "B", "profile": "c", "quantity": Decimal(1), "price": Decimal(1)}
    assert is_critical(LiquidationAlert(**BASE, **values, cause="adl"))
