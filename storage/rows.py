"""What queries return, where the core has no type for it. Exact decimals, UTC milliseconds; newest lists first."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRow:
    """One execution. `fee` is positive when paid."""

    exec_id: str
    link_id: str
    order_id: str
    position_id: str
    profile: str
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    kind: str
    maker: bool
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """One order and what became of it. Amounts are None for an unknown instrument, levels where there are none."""

    link_id: str
    order_id: str
    position_id: str
    profile: str
    symbol: str
    side: str
    purpose: str
    quantity: Decimal | None
    filled: Decimal | None
    average: Decimal | None
    expected: Decimal | None
    stop: Decimal | None
    target: Decimal | None
    reason: str
    status: str
    why: str
    decided_ms: int
    heard_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRow:
    """One signal with the indicator values behind it; `check` names what refused it."""

    signal_id: str
    profile: str
    symbol: str
    at_ms: int
    side: str
    rule: str
    also: tuple[str, ...]
    price: Decimal
    values: dict[str, float]
    outcome: str
    check: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityPoint:
    """The account at one instant."""

    at_ms: int
    wallet: Decimal
    equity: Decimal
    margin: Decimal
    unrealised: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """Something that happened to the desk; `risk` tells risk events from system events."""

    seq: int
    at_ms: int
    risk: bool
    kind: str
    subject: str
    detail: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyRow:
    """One UTC day (YYYY-MM-DD). `net` is that of the trades closed on it; equity is None where it was not recorded."""

    day: str
    start_equity: Decimal | None
    end_equity: Decimal | None
    net: Decimal
    fees: Decimal
    funding: Decimal
    trades: int
    wins: int
    losses: int
    fills: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMove:
    """A decision on a position's stop and target; None = none."""

    at_ms: int
    stop: Decimal | None
    target: Decimal | None
    why: str
