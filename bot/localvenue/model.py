"""What an account's books hold, in Bybit's words: orders, executions, closed results, cash flows, positions.

Prices and quantities are Decimals, so that records survive a change of grids; money is integers of 1e-8 quote.
"""

from dataclasses import dataclass
from decimal import Decimal

from bot.localvenue.numbers import ZERO
from engine.core.money import Money

OPEN = frozenset({"New", "PartiallyFilled", "Untriggered", "Triggered"})
WAITING = "Untriggered"
TAKE_PROFIT, STOP_LOSS, TRAILING, CONDITIONAL = "TakeProfit", "StopLoss", "TrailingStop", "Stop"
PARTIAL_TAKE_PROFIT, PARTIAL_STOP_LOSS = "PartialTakeProfit", "PartialStopLoss"
PROTECTIVE = frozenset({TAKE_PROFIT, STOP_LOSS, TRAILING, PARTIAL_TAKE_PROFIT, PARTIAL_STOP_LOSS})
CREATE_TYPES = {
    TAKE_PROFIT: "CreateByTakeProfit",
    STOP_LOSS: "CreateByStopLoss",
    TRAILING: "CreateByTrailingStop",
    CONDITIONAL: "CreateByUser",
    PARTIAL_TAKE_PROFIT: "CreateByPartialTakeProfit",
    PARTIAL_STOP_LOSS: "CreateByPartialStopLoss",
}


@dataclass(slots=True, kw_only=True)
class Order:
    """One order of an account.

    `whole` orders protect the entire position and follow its size. `distance` and `best` belong to trailing stops,
    `sim_key` names the matching engine's order, `twin` the other half of a pair of which one cancels the other,
    `attached` tells that stop and target were handed to the position.
    """

    order_id: str
    link_id: str
    symbol: str
    side: str
    order_type: str
    qty: Decimal
    created_ms: int
    updated_ms: int
    price: Decimal = ZERO
    tif: str = "GTC"
    position_idx: int = 0
    reduce_only: bool = False
    close_on_trigger: bool = False
    status: str = "New"
    cancel_type: str = "UNKNOWN"
    reject_reason: str = "EC_NoError"
    stop_order_type: str = ""
    create_type: str = "CreateByUser"
    trigger_price: Decimal = ZERO
    trigger_direction: int = 0
    trigger_by: str = ""
    take_profit: Decimal = ZERO
    stop_loss: Decimal = ZERO
    tp_trigger_by: str = ""
    sl_trigger_by: str = ""
    tp_limit: Decimal = ZERO
    sl_limit: Decimal = ZERO
    tpsl_mode: str = ""
    last_on_created: Decimal = ZERO
    filled: Decimal = ZERO
    value: Decimal = ZERO
    fee: Money = 0
    closed_pnl: Money = 0
    whole: bool = False
    distance: Decimal = ZERO
    best: Decimal = ZERO
    sim_key: str = ""
    twin: str = ""
    parent_link: str = ""
    attached: bool = False

    @property
    def buy(self) -> bool:
        """Whether it buys."""
        return self.side == "Buy"

    @property
    def is_open(self) -> bool:
        """Whether something may still come of it."""
        return self.status in OPEN

    @property
    def left(self) -> Decimal:
        """What may still be filled."""
        return self.qty - self.filled if self.is_open else ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One execution or funding settlement; `fee` is positive when paid, `pnl` the result it realised before fees."""

    exec_id: str
    order_id: str
    link_id: str
    symbol: str
    side: str
    order_type: str
    stop_order_type: str
    create_type: str
    exec_type: str
    order_price: Decimal
    order_qty: Decimal
    leaves: Decimal
    price: Decimal
    qty: Decimal
    value: Decimal
    fee: Money
    fee_rate: Decimal
    maker: bool
    mark: Decimal
    closed: Decimal
    pnl: Money
    at_ms: int
    seq: int


@dataclass(slots=True, kw_only=True)
class Closed:
    """What one closing order realised; values are before fees, `pnl` after them."""

    order_id: str
    symbol: str
    side: str
    order_type: str
    exec_type: str
    qty: Decimal
    order_price: Decimal
    leverage: Decimal
    closed: Decimal = ZERO
    entry_value: Decimal = ZERO
    exit_value: Decimal = ZERO
    open_fee: Money = 0
    close_fee: Money = 0
    pnl: Money = 0
    fills: int = 0
    created_ms: int = 0
    updated_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One line of the transaction log. `size` is the position after it, with its sign."""

    number: int
    kind: str
    symbol: str
    side: str
    at_ms: int
    qty: Decimal = ZERO
    size: Decimal = ZERO
    price: Decimal = ZERO
    funding: Money = 0
    fee: Money = 0
    fee_rate: Decimal = ZERO
    cash_flow: Money = 0
    change: Money = 0
    balance: Money = 0
    exec_id: str = ""
    order_id: str = ""
    link_id: str = ""


@dataclass(slots=True, kw_only=True)
class Leg:
    """One position slot: signed quantity, cost at entry, fees paid to open what is open, realised results with fees."""

    symbol: str
    idx: int
    leverage: Decimal
    qty: Decimal = ZERO
    cost: Money = 0
    open_fee: Money = 0
    current: Money = 0
    total: Money = 0
    created_ms: int = 0
    updated_ms: int = 0
    seq: int = -1
    status: str = "Normal"

    @property
    def side(self) -> str:
        """Buy, Sell, or "" when flat."""
        return "" if not self.qty else "Buy" if self.qty > 0 else "Sell"

    @property
    def size(self) -> Decimal:
        """Quantity without sign."""
        return abs(self.qty)


@dataclass(slots=True, kw_only=True)
class Settings:
    """What belongs to the account as a whole. `hedged` are the symbols in hedge mode; `cash` is the wallet as the
    records add it up; `numbers` and `seq` count records.
    """

    margin_mode: str = "ISOLATED_MARGIN"
    hedged: list[str]
    cash: Money = 0
    numbers: int = 0
    seq: int = 0
    updated_ms: int = 0
    opened_ms: int = 0
