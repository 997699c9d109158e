"""An account's records with their indexes, and what of them changed since the last look."""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from bot.localvenue.model import PROTECTIVE, Closed, Execution, Flow, Leg, Order, Settings
from engine.core.codec import decode, encode

DEFAULT_LEVERAGE = Decimal(10)
_RECENT = 500


class Book:
    """Orders, executions, closed results, flows, legs and settings of one account.

    `recent` are the orders that closed since this process started, as Bybit's openOnly=1 shows them.
    """

    def __init__(self) -> None:
        self.settings = Settings(hedged=[])
        self.orders: dict[str, Order] = {}
        self.open: dict[str, Order] = {}
        self.links: dict[str, str] = {}
        self.executions: list[Execution] = []
        self.closed: dict[str, Closed] = {}
        self.flows: list[Flow] = []
        self.legs: dict[tuple[str, int], Leg] = {}
        self.recent: deque[Order] = deque(maxlen=_RECENT)
        self._keys: dict[str, Order] = {}
        self._dirty_orders: set[str] = set()
        self._dirty_closed: set[str] = set()
        self._dirty_legs: set[tuple[str, int]] = set()
        self._written = (0, 0)

    # Changing

    def put(self, order: Order) -> None:
        """Enter an order, or take notice that it changed."""
        self.orders[order.order_id] = order
        self._dirty_orders.add(order.order_id)
        self._index(order)

    def _index(self, order: Order) -> None:
        if order.link_id:
            self.links[order.link_id] = order.order_id
        if order.is_open:
            self.open[order.order_id] = order
        elif self.open.pop(order.order_id, None) is not None:
            self.recent.append(order)
        if order.sim_key and order.is_open:
            self._keys[order.sim_key] = order
        else:
            self._keys.pop(order.sim_key, None)

    def rekey(self, order: Order, key: str) -> None:
        """Let an order stand for another order of the matching engine."""
        self._keys.pop(order.sim_key, None)
        order.sim_key = key
        self.put(order)

    def leg(self, symbol: str, idx: int) -> Leg:
        """Return a position slot, made when first asked for."""
        leg = self.legs.get((symbol, idx))
        if leg is None:
            leg = self.legs[(symbol, idx)] = Leg(symbol=symbol, idx=idx, leverage=DEFAULT_LEVERAGE)
        return leg

    def touch(self, leg: Leg) -> None:
        """Take notice that a leg changed."""
        self._dirty_legs.add((leg.symbol, leg.idx))

    def close(self, closed: Closed) -> None:
        """Enter a closed result, or take notice that it grew."""
        self.closed[closed.order_id] = closed
        self._dirty_closed.add(closed.order_id)

    def number(self) -> int:
        """Return the next record number."""
        self.settings.numbers += 1
        return self.settings.numbers

    def next_seq(self) -> int:
        """Return the next sequence number."""
        self.settings.seq += 1
        return self.settings.seq

    # Looking

    def by_key(self, key: str) -> Order | None:
        """Return the open order behind an order of the matching engine."""
        return self._keys.get(key)

    def find(self, order_id: str, link_id: str) -> Order | None:
        """Return an order by its id, else by its link id."""
        return self.orders.get(order_id or self.links.get(link_id, ""))

    def open_of(self, symbol: str) -> list[Order]:
        """Return the open orders of a symbol."""
        return [order for order in self.open.values() if order.symbol == symbol]

    def waiting(self, symbol: str) -> list[Order]:
        """Return the orders of a symbol that wait for their trigger."""
        return [order for order in self.open.values() if order.symbol == symbol and order.status == "Untriggered"]

    def protecting(self, leg: Leg, kinds: Iterable[str] = PROTECTIVE) -> list[Order]:
        """Return the stops and targets of a leg that wait."""
        wanted = frozenset(kinds)
        return [o for o in self.waiting(leg.symbol) if o.position_idx == leg.idx and o.stop_order_type in wanted]

    # Persistence

    def whole(self) -> dict[str, Any]:
        """Return everything as JSON-able data."""
        return {
            "settings": encode(self.settings),
            "orders": [encode(order) for order in self.orders.values()],
            "executions": [encode(row) for row in self.executions],
            "closed": [encode(row) for row in self.closed.values()],
            "flows": [encode(row) for row in self.flows],
            "legs": [encode(leg) for leg in self.legs.values()],
        }

    def changes(self) -> dict[str, Any] | None:
        """Return what changed since the last call, None for nothing."""
        executed, flowed = self._written
        if not (self._dirty_orders or self._dirty_legs or self._dirty_closed) and flowed == len(self.flows):
            return None
        change = {
            "settings": encode(self.settings),
            "orders": [encode(self.orders[name]) for name in sorted(self._dirty_orders, key=self._age)],
            "executions": [encode(row) for row in self.executions[executed:]],
            "closed": [encode(self.closed[name]) for name in sorted(self._dirty_closed)],
            "flows": [encode(row) for row in self.flows[flowed:]],
            "legs": [encode(self.legs[name]) for name in sorted(self._dirty_legs)],
        }
        self.forget_changes()
        return change

    def _age(self, name: str) -> tuple[int, str]:
        return self.orders[name].created_ms, name

    def forget_changes(self) -> None:
        """Take the present state as the one the next change starts from."""
        self._dirty_orders.clear()
        self._dirty_closed.clear()
        self._dirty_legs.clear()
        self._written = (len(self.executions), len(self.flows))

    def apply(self, data: dict[str, Any]) -> None:
        """Fold a state or a change into the records; raises CodecError on data that is none of ours."""
        self.settings = decode(Settings, data["settings"])
        for entry in data["orders"]:
            order: Order = decode(Order, entry)
            known = self.orders.get(order.order_id)
            if known is not None:
                self._keys.pop(known.sim_key, None)
            self.orders[order.order_id] = order
            self._index(order)
        self.executions.extend(decode(Execution, entry) for entry in data["executions"])
        for entry in data["closed"]:
            closed: Closed = decode(Closed, entry)
            self.closed[closed.order_id] = closed
        self.flows.extend(decode(Flow, entry) for entry in data["flows"])
        for entry in data["legs"]:
            leg: Leg = decode(Leg, entry)
            self.legs[(leg.symbol, leg.idx)] = leg
        self.recent.clear()
        self.forget_changes()

    def prune(self, before_ms: int) -> None:
        """Forget what is older than Bybit keeps."""
        old = [o for o in self.orders.values() if not o.is_open and o.updated_ms < before_ms]
        for order in old:
            del self.orders[order.order_id]
            self.links.pop(order.link_id, None)
        self.executions[:] = [row for row in self.executions if row.at_ms >= before_ms]
        self.flows[:] = [row for row in self.flows if row.at_ms >= before_ms]
        for name in [name for name, row in self.closed.items() if row.updated_ms < before_ms]:
            del self.closed[name]
        self.forget_changes()
