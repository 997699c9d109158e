"""An account's past as the exchange keeps it: executions, orders and closed P&L, in contiguous seven-day windows.

Rows are read without the list of instruments, because the past holds symbols that are no longer listed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit.caller import Caller
from engine.exchanges.bybit.endpoints import CLOSED_PNL, EXECUTIONS, OPEN_ORDERS, ORDER_HISTORY, Endpoint
from engine.exchanges.bybit.parse import BadData, Fields, guarded
from engine.exchanges.bybit.parse_market import SETTLE_COIN
from engine.exchanges.bybit.parse_orders import side
from engine.exchanges.bybit.queries import MEMORY_MS, WINDOW_MS, rows_of


class Kind(StrEnum):
    """What is asked for."""

    EXECUTIONS = "executions"
    ORDERS = "orders"
    CLOSED = "closed"


ENDPOINTS: dict[Kind, Endpoint] = {
    Kind.EXECUTIONS: EXECUTIONS,
    Kind.ORDERS: ORDER_HISTORY,
    Kind.CLOSED: CLOSED_PNL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One row of the past. Quantity in base coin, money in quote; absent values are None. `made_by` is the exchange's
    word for its own orders (stop, target, liquidation), empty for those of users and programs.
    """

    kind: Kind
    row_id: str
    order_id: str
    link_id: str
    symbol: str
    buy: bool
    quantity: Decimal
    price: Decimal | None
    fee: Decimal | None
    pnl: Decimal | None
    made_by: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Window:
    """Both ends included, UTC ms; `start_ms` is on the grid and names the window, `from_ms` is what the exchange still
    answers for. `whole` when nothing can be added to it any more.
    """

    start_ms: int
    end_ms: int
    whole: bool
    from_ms: int


def windows(since_ms: int, now_ms: int, *, settled_ms: int = 3_600_000) -> Iterator[Window]:
    """Iterate over windows on a fixed grid that cover [since, now], oldest first; a window that ended less than
    `settled_ms` ago is not whole yet. No more than the exchange remembers.
    """
    oldest = max(now_ms - MEMORY_MS, 1)
    start = max(since_ms, oldest) // WINDOW_MS * WINDOW_MS
    while start <= now_ms:
        end = start + WINDOW_MS - 1
        begin = max(start, oldest)
        yield Window(start, min(end, now_ms), end + settled_ms < now_ms and begin <= max(start, 1), begin)
        start += WINDOW_MS


async def fetch(caller: Caller, kind: Kind, window: Window) -> tuple[list[HistoryRow], list[BadData]]:
    """Return every row of a window once, all pages, and what could not be read; raises QueryFailedError."""
    asked = {"startTime": str(window.from_ms), "endTime": str(window.end_ms), "limit": _PAGE[kind]}
    rows, bad = {}, []
    for raw in await rows_of(caller, ENDPOINTS[kind], asked):
        read = _READERS[kind](raw)
        if isinstance(read, BadData):
            bad.append(read)
        else:
            # Rows that arrive while pages are turned push others onto the next page once more.
            rows[read.row_id] = read
    return list(rows.values()), bad


async def open_orders(caller: Caller) -> list[int]:
    """Return when the orders that are still open were created, UTC ms: they will belong to the history of that time.
    Raises QueryFailedError.
    """
    rows = await rows_of(caller, OPEN_ORDERS, {"settleCoin": SETTLE_COIN, "openOnly": "0", "limit": "50"})
    found = []
    for raw in rows:
        at_ms = _created(raw)
        if isinstance(at_ms, BadData):
            raise QueryFailedError(str(at_ms))
        found.append(at_ms)
    return found


@guarded
def _created(row: object) -> int:
    return Fields(row, "order").time_ms("createdTime")


@guarded
def execution(row: object) -> HistoryRow:
    """Read one execution, of whatever type."""
    fields = Fields(row, "execution")
    return HistoryRow(
        kind=Kind.EXECUTIONS,
        row_id=fields.needed("execId"),
        order_id=fields.text("orderId"),
        link_id=fields.text("orderLinkId"),
        symbol=fields.needed("symbol"),
        buy=side(fields),
        quantity=fields.decimal("execQty"),
        price=fields.optional("execPrice"),
        fee=fields.optional("execFee"),
        pnl=None,
        made_by=_made_by(fields, fields.text("execType")),
        at_ms=fields.time_ms("execTime"),
    )


def _made_by(fields: Fields, kind: str) -> str:
    if kind not in {"", "Trade"}:
        return kind
    stop = fields.text("stopOrderType")
    made = fields.text("createType")
    if stop not in {"", "UNKNOWN", "Stop"}:
        return stop
    return made if made.startswith("CreateBy") and made not in _PEOPLE else ""


_PEOPLE = frozenset({"CreateByUser", "CreateByClosing", "CreateByOpenApi"})


@guarded
def order(row: object) -> HistoryRow:
    """Read one order that is over."""
    fields = Fields(row, "order")
    return HistoryRow(
        kind=Kind.ORDERS,
        row_id=fields.needed("orderId"),
        order_id=fields.needed("orderId"),
        link_id=fields.text("orderLinkId"),
        symbol=fields.needed("symbol"),
        buy=side(fields),
        quantity=fields.optional("cumExecQty") or Decimal(0),
        price=fields.optional("avgPrice"),
        fee=fields.optional("cumExecFee"),
        pnl=None,
        made_by=_made_by(fields, ""),
        at_ms=fields.time_ms("createdTime"),
    )


@guarded
def closed(row: object) -> HistoryRow:
    """Read one closing order of closed P&L; a liquidated position may have several rows of one order."""
    fields = Fields(row, "closed")
    order_id, at_ms = fields.needed("orderId"), fields.time_ms("updatedTime")
    return HistoryRow(
        kind=Kind.CLOSED,
        row_id=f"{order_id}/{at_ms}/{fields.text('closedSize')}/{fields.text('avgEntryPrice')}",
        order_id=order_id,
        link_id="",
        symbol=fields.needed("symbol"),
        buy=side(fields),
        quantity=fields.decimal("closedSize"),
        price=fields.optional("avgExitPrice"),
        fee=None,
        pnl=fields.decimal("closedPnl"),
        made_by=fields.text("execType") if fields.text("execType") not in {"", "Trade"} else "",
        at_ms=at_ms,
    )


_READERS = {Kind.EXECUTIONS: execution, Kind.ORDERS: order, Kind.CLOSED: closed}
# The largest pages that each endpoint gives.
_PAGE = {Kind.EXECUTIONS: "100", Kind.ORDERS: "50", Kind.CLOSED: "100"}
