"""The books of the account that the desk trades on: orders fill at once; rows as Bybit writes them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

TAKER = Decimal("0.00055")
LEVERAGE = 10


@dataclass(slots=True)
class Position:
    """What is held on a symbol: signed quantity, price at entry, protection."""

    size: Decimal = Decimal(0)
    entry: Decimal = Decimal(0)
    stop: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """The rows that tell of one order, in the order of their messages."""

    accepted: dict[str, Any]
    execution: dict[str, Any]
    ended: dict[str, Any]
    position: dict[str, Any]


@dataclass(slots=True)
class Books:
    """Positions, orders, executions and wallet."""

    price: Callable[[str], Decimal]
    now_ms: Callable[[], int]
    wallet: Decimal = Decimal(1_000_000)
    positions: dict[str, Position] = field(default_factory=dict)
    orders: list[dict[str, Any]] = field(default_factory=list)
    executions: list[dict[str, Any]] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)

    def held(self) -> list[str]:
        """Return the symbols with a position."""
        return [name for name, position in self.positions.items() if position.size]

    def take(self, body: dict[str, Any]) -> str:
        """Give an order its id; empty when its link id was there before."""
        if body["orderLinkId"] in self.taken:
            return ""
        order_id = f"{len(self.taken):08x}-0000-4000-8000-000000000000"
        self.taken[body["orderLinkId"]] = order_id
        return order_id

    def fill(self, body: dict[str, Any]) -> Filled:
        """Execute a market order that was taken."""
        name, buy, qty = body["symbol"], body["side"] == "Buy", Decimal(body["qty"])
        price = self.price(name)
        fee = (price * qty * TAKER).quantize(Decimal("1e-8"))
        self.wallet -= fee
        self._move(name, qty if buy else -qty, price, body)
        execution = self._execution(body, price, fee)
        self.executions.append(execution)
        order = self._order(body, "New", Decimal(0))
        ended = self._order(body, "Filled", qty)
        self.orders.append(ended)
        return Filled(order, execution, ended, self.position_row(name))

    def _move(self, name: str, signed: Decimal, price: Decimal, body: dict[str, Any]) -> None:
        held = self.positions.setdefault(name, Position())
        if held.size and (held.size > 0) != (signed > 0):
            self.wallet -= (price - held.entry) * signed
            held.size += signed
        else:
            held.size += signed
            held.entry = price
            held.stop, held.target = body.get("stopLoss", ""), body.get("takeProfit", "")
        if not held.size:
            self.positions[name] = Position()

    def _order(self, body: dict[str, Any], status: str, filled: Decimal) -> dict[str, Any]:
        return {
            "orderId": self.taken[body["orderLinkId"]],
            "orderLinkId": body["orderLinkId"],
            "symbol": body["symbol"],
            "category": "linear",
            "side": body["side"],
            "qty": body["qty"],
            "orderStatus": status,
            "cumExecQty": f"{filled:f}",
            "reduceOnly": body.get("reduceOnly", False),
            "createType": "CreateByUser",
            "stopOrderType": "",
            "rejectReason": "EC_NoError",
            "cancelType": "UNKNOWN",
            "createdTime": str(self.now_ms()),
            "updatedTime": str(self.now_ms()),
        }

    def _execution(self, body: dict[str, Any], price: Decimal, fee: Decimal) -> dict[str, Any]:
        return {
            "symbol": body["symbol"],
            "category": "linear",
            "orderId": self.taken[body["orderLinkId"]],
            "orderLinkId": body["orderLinkId"],
            "side": body["side"],
            "execId": f"x{len(self.executions):08}",
            "execPrice": f"{price:f}",
            "execQty": body["qty"],
            "execFee": f"{fee:f}",
            "execType": "Trade",
            "execTime": str(self.now_ms()),
            "feeCurrency": "USDT",
            "createType": "CreateByUser",
            "stopOrderType": "UNKNOWN",
            "isMaker": False,
        }

    def protect(self, body: dict[str, Any]) -> dict[str, Any]:
        """Set stop and target of a position."""
        held = self.positions.setdefault(body["symbol"], Position())
        held.stop, held.target = body["stopLoss"], body["takeProfit"]
        return self.position_row(body["symbol"])

    def position_row(self, name: str) -> dict[str, Any]:
        """Return a position as REST and stream show it."""
        held = self.positions.get(name, Position())
        side = "" if not held.size else "Buy" if held.size > 0 else "Sell"
        return {
            "symbol": name,
            "category": "linear",
            "side": side,
            "size": f"{abs(held.size):f}",
            "avgPrice": f"{held.entry:f}",
            "entryPrice": f"{held.entry:f}",
            "stopLoss": held.stop,
            "takeProfit": held.target,
            "positionIdx": 0,
            "leverage": str(LEVERAGE),
            "updatedTime": str(self.now_ms()),
        }

    def wallet_row(self) -> dict[str, Any]:
        """Return the wallet as REST and stream show it."""
        coin = {"coin": "USDT", "walletBalance": f"{self.wallet:f}", "equity": f"{self.wallet:f}"}
        return {"accountType": "UNIFIED", "coin": [coin]}
