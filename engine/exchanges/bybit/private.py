"""The private stream into events: fills only from executions, endings from orders, protection from positions."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from engine.core.events import (
    Executed,
    FundingPaid,
    OrderAccepted,
    OrderEnded,
    OrderRejected,
    ProtectionReported,
    WalletReported,
)
from engine.core.ids import is_ours
from engine.core.money import Steps
from engine.exchanges.base import Sink
from engine.exchanges.bybit.parse import BadData
from engine.exchanges.bybit.parse_account import PositionRow, position, wallet
from engine.exchanges.bybit.parse_market import Skipped, message
from engine.exchanges.bybit.parse_orders import Instruments, OrderRow, execution, order

log = logging.getLogger(__name__)

TOPICS = ("order", "execution", "position", "wallet")
_REMEMBERED = 1_000


class PrivateEvents:
    """Takes messages in and tells the sink. `positions` is the newest signed quantity by symbol; `unreadable` is called
    when something of the account could not be read and must be asked for. With the installation's `tag`, working
    orders without it are told as reports.
    """

    def __init__(
        self, instruments: Instruments, sink: Sink, unreadable: Callable[[str], None], *, tag: str = ""
    ) -> None:
        self._tag = tag
        self._instruments = instruments
        self._sink = sink
        self._unreadable = unreadable
        self.positions: dict[str, Steps] = {}
        self._protection: dict[str, tuple[int, int, int]] = {}
        self._accepted: OrderedDict[str, None] = OrderedDict()

    def take(self, payload: dict[str, Any]) -> None:
        """Take in one message of the stream; nothing in it can raise."""
        heard = message(payload)
        if isinstance(heard, BadData):
            self._bad(heard)
            return
        rows = heard.data if isinstance(heard.data, list) else [heard.data]
        for row in rows:
            self._row(heard.topic[0], row, heard.at_ms)

    def forget(self) -> None:
        """Take nothing for known any more: messages may have been missed."""
        self._protection.clear()
        self.positions.clear()

    def _bad(self, bad: BadData) -> None:
        log.warning("a private message could not be read: %s", bad)
        self._unreadable(str(bad))

    def _read(self, topic: str, row: object) -> object:
        match topic:
            case "order":
                return order(row, self._instruments)
            case "execution":
                return execution(row, self._instruments)
            case "position":
                return position(row, self._instruments)
            case "wallet":
                return wallet(row)
        return None

    def _row(self, topic: str, row: object, at_ms: int) -> None:
        match self._read(topic, row):
            case BadData() as bad:
                self._bad(bad)
            case OrderRow() as heard:
                self._order(heard)
            case PositionRow() as held:
                self._position(held, at_ms)
            case Executed() | FundingPaid() as booked:
                self._sink(booked)
            case Skipped() as skipped:
                self._skipped(topic, skipped)
            case int(balance):
                self._sink(WalletReported(balance, at_ms))

    def _skipped(self, topic: str, skipped: Skipped) -> None:
        if topic == "execution":
            log.warning("an execution on %s, which the desk does not trade", skipped.why)

    def _order(self, row: OrderRow) -> None:
        report = row.report
        if row.own:
            return
        if self._tag and report.open and not is_ours(self._tag, report.link_id):
            self._sink(report)
        if not report.link_id:
            return
        if report.open:
            if report.link_id not in self._accepted:
                self._accepted[report.link_id] = None
                if len(self._accepted) > _REMEMBERED:
                    self._accepted.popitem(last=False)
                self._sink(OrderAccepted(report.link_id, report.order_id, row.at_ms))
        elif report.rejected and not report.filled:
            self._sink(OrderRejected(report.link_id, row.why, "refused after it was taken", row.at_ms))
        else:
            self._sink(OrderEnded(report.link_id, report.filled, row.why, row.at_ms))

    def _position(self, row: PositionRow, at_ms: int) -> None:
        self.positions[row.symbol] = row.qty
        if row.hedge:
            # Two rows in any order: which of them stands for the position cannot be told here.
            return
        if not row.qty:
            self._protection.pop(row.symbol, None)
            return
        # Pushed on every change of an order too: only news are told.
        protection = (row.stop, row.target, row.trail)
        if self._protection.get(row.symbol) != protection:
            self._protection[row.symbol] = protection
            self._sink(ProtectionReported(row.symbol, row.stop, row.target, row.at_ms or at_ms, row.trail))
