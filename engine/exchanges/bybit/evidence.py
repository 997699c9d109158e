"""What became of an order whose answer was lost: found where the exchange keeps orders, or believed absent on evidence.

"Not found" is believed only when the request can no longer arrive (its time stamp is too old to be taken) plus a margin
for what the exchange shows late, in two spaced negative answers, with a position that holds nothing unexplained.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.events import Executed, OrderNotFound, OrderReport
from engine.core.money import Steps
from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit.caller import Caller
from engine.exchanges.bybit.endpoints import EXECUTIONS, OPEN_ORDERS, ORDER_HISTORY, POSITIONS
from engine.exchanges.bybit.parse import BadData
from engine.exchanges.bybit.parse_account import PositionRow, position
from engine.exchanges.bybit.parse_orders import Instruments, OrderRow, execution, order
from engine.exchanges.bybit.queries import WINDOW_MS, rows_between, rows_of
from engine.exchanges.bybit.servertime import ServerTime

# How late the exchange may show an order it has taken.
VISIBLE_MS = 10_000
SPACING_MS = 2_000
# A position that differs from what we knew at sending, steadily for this long, differs for another reason.
STEADY_MS = 300_000
_REMEMBERED = 500
# Our stamp of the sending and the exchange's stamp of an execution come from two clocks.
_SKEW_MS = 2_000


@dataclass(slots=True)
class _Sent:
    # By the market's clock (executions) and by the one that judges whether a request may still arrive.
    market_ms: int
    signed_ms: int
    held: Steps | None
    on_the_way: int = 0
    first_ms: int = 0
    first_held: Steps | None = None


class Evidence:
    """Remembers what was sent, and answers what is known of an order."""

    def __init__(self, caller: Caller, instruments: Instruments, *, time: ServerTime, recv_window_ms: int) -> None:
        self._caller = caller
        self._instruments = instruments
        self._time = time
        self._too_late_ms = recv_window_ms + VISIBLE_MS
        self._sent: OrderedDict[str, _Sent] = OrderedDict()

    def sending(self, link_id: str, held: Steps | None) -> None:
        """Note that a request is about to leave; `held` is the position as known just before (None: not known)."""
        sent = self._known(link_id, _Sent(0, 0, held))
        sent.market_ms, sent.signed_ms = self._time.now_ms(), self._time.signing_ms()
        sent.on_the_way += 1

    def _known(self, link_id: str, new: _Sent) -> _Sent:
        sent = self._sent.setdefault(link_id, new)
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        return sent

    def answered(self, link_id: str, *, settled: bool) -> None:
        """Note that the request is no longer under way; `settled` when its outcome is known."""
        sent = self._sent.get(link_id)
        if sent is not None:
            sent.on_the_way -= 1
            if settled and not sent.on_the_way:
                del self._sent[link_id]

    async def find(self, link_id: str, symbol: str) -> OrderReport | None:
        """Return the order from the open and lately closed ones, or from history; raises QueryFailedError."""
        for endpoint in (OPEN_ORDERS, ORDER_HISTORY):
            rows = await rows_of(self._caller, endpoint, {"symbol": symbol, "orderLinkId": link_id}, pages=1)
            for row in rows:
                read = order(row, self._instruments)
                if isinstance(read, BadData):
                    raise QueryFailedError(str(read))
                if isinstance(read, OrderRow) and read.report.link_id == link_id:
                    return read.report
        return None

    async def of(self, link_id: str, symbol: str, sent_ms: int) -> OrderReport | OrderNotFound:
        """Return what the exchange knows of an order; raises QueryFailedError. One that another process sent is taken
        for sent when it is first asked about.
        """
        asked_ms = self._time.signing_ms()
        sent = self._known(link_id, _Sent(sent_ms, asked_ms, None))
        report = await self.find(link_id, symbol)
        if report is not None:
            return self._found(report, sent)
        fills = await self._fills(symbol, sent.market_ms)
        report = _from_fills(link_id, symbol, fills)
        if report is not None:
            return self._found(report, sent)
        too_late = not sent.on_the_way and asked_ms > sent.signed_ms + self._too_late_ms
        believed = too_late and await self._believed(sent, symbol, fills, asked_ms)
        return OrderNotFound(link_id, believed, self._time.now_ms())

    def _found(self, report: OrderReport, sent: _Sent) -> OrderReport:
        if not sent.on_the_way:
            self._sent.pop(report.link_id, None)
        return report

    async def _believed(self, sent: _Sent, symbol: str, fills: list[Executed], asked_ms: int) -> bool:
        held = await self._held(symbol) - sum(fill.qty if fill.buy else -fill.qty for fill in fills)
        if not sent.first_ms or sent.first_held != held:
            sent.first_ms, sent.first_held = asked_ms, held
            return False
        steady_ms = asked_ms - sent.first_ms
        explained = sent.held is None or sent.held == held
        return steady_ms >= (SPACING_MS if explained else STEADY_MS)

    async def _held(self, symbol: str) -> Steps:
        total = 0
        for row in await rows_of(self._caller, POSITIONS, {"symbol": symbol}):
            read = position(row, self._instruments)
            if isinstance(read, BadData):
                raise QueryFailedError(str(read))
            if isinstance(read, PositionRow):
                total += read.qty
        return total

    async def _fills(self, symbol: str, sent_ms: int) -> list[Executed]:
        params: Mapping[str, Any] = {"symbol": symbol, "limit": "100"}
        until = self._time.now_ms() + _SKEW_MS
        since = max(sent_ms - _SKEW_MS, until - WINDOW_MS)
        rows = await rows_between(self._caller, EXECUTIONS, params, since_ms=since, until_ms=until)
        fills = []
        for row in rows:
            read = execution(row, self._instruments)
            if isinstance(read, BadData):
                raise QueryFailedError(str(read))
            if isinstance(read, Executed):
                fills.append(read)
        return fills


def _from_fills(link_id: str, symbol: str, fills: list[Executed]) -> OrderReport | None:
    mine = [fill for fill in fills if fill.link_id == link_id]
    if not mine:
        return None
    # It exists; whether more is to come the order itself will say as soon as it shows.
    return OrderReport(link_id, mine[0].order_id, symbol, True, False, sum(fill.qty for fill in mine))
