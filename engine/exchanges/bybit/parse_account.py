"""Positions, wallet, account settings and transactions into the core's values."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from engine.core.events import PositionReport
from engine.core.market import Instrument
from engine.core.money import Money, Steps, Ticks, to_money
from engine.exchanges.bybit.parse import BadData, Fields, UnreadableError, guarded
from engine.exchanges.bybit.parse_market import SETTLE_COIN, Skipped
from engine.exchanges.bybit.parse_orders import Instruments, side

# Average prices are cut after eight digits.
_AVERAGE_ERROR = Decimal("0.00000001")
CLASSIC = 1


@dataclass(frozen=True, slots=True)
class PositionRow:
    """One row of a position: signed quantity, cost at entry, protection, and how the account holds it."""

    symbol: str
    qty: Steps
    cost: Money
    stop: Ticks
    target: Ticks
    hedge: bool
    leverage: Decimal | None
    at_ms: int
    trail: Ticks = 0


@guarded
def position(row: object, instruments: Instruments) -> PositionRow | Skipped:
    """Read one position row of REST (`avgPrice`) or stream (`entryPrice`); unknown symbols are skipped."""
    fields = Fields(row, "position")
    symbol = fields.needed("symbol")
    fields.where = f"position.{symbol[:40]}"
    held = instruments.get(symbol)
    if held is None or fields.text("category") not in {"", "linear"}:
        return Skipped(symbol if fields.optional("size") else "")
    size = fields.steps("size", held)
    signed = 0 if not size else size if side(fields) else -size
    average = fields.positive("avgPrice" if fields.text("avgPrice") else "entryPrice") if size else Decimal(0)
    return PositionRow(
        symbol=symbol,
        qty=signed,
        cost=_cost(average, size, held),
        stop=fields.ticks_or_none("stopLoss", held),
        target=fields.ticks_or_none("takeProfit", held),
        hedge=fields.whole("positionIdx") != 0,
        leverage=fields.optional("leverage"),
        at_ms=fields.whole("updatedTime") if fields.text("updatedTime") else 0,
        trail=_trail(fields, held),
    )


def _trail(fields: Fields, held: Instrument) -> Ticks:
    distance = fields.optional("trailingStop")
    if distance is None or distance == 0:
        return 0
    # Set by hand it may lie off the grid: taken as the nearer one, and never as none.
    return max(1, held.ticks_down(fields.positive("trailingStop")))


def _cost(average: Decimal, size: Steps, held: Instrument) -> Money:
    quantity = held.quantity(size)
    cost = to_money(average * quantity)
    # A sum of fills is a whole number of units; an average that was cut is not, and is mended when that is safe.
    if quantity * _AVERAGE_ERROR * 10**8 * 2 < held.unit:
        return round(Decimal(cost) / held.unit) * held.unit
    return cost


def together(rows: Iterable[PositionRow]) -> tuple[PositionReport, ...]:
    """Return one report per symbol, all rows summed: two rows are the two sides of hedge mode, in any order."""
    sums: dict[str, PositionReport] = {}
    for row in rows:
        before = sums.get(row.symbol)
        if before is None or not before.qty:
            sums[row.symbol] = PositionReport(row.symbol, row.qty, row.cost, row.stop, row.target, row.trail)
        elif row.qty:
            sums[row.symbol] = _net(before, row)
    return tuple(report for report in sums.values() if report.qty)


def _net(one: PositionReport, other: PositionRow) -> PositionReport:
    qty = one.qty + other.qty
    if (one.qty > 0) == (other.qty > 0):
        return PositionReport(one.symbol, qty, one.entry_cost + other.cost, one.stop, one.target, one.trail)
    larger = (
        one
        if abs(one.qty) >= abs(other.qty)
        else PositionReport(other.symbol, other.qty, other.cost, other.stop, other.target, other.trail)
    )
    cost = larger.entry_cost * abs(qty) // abs(larger.qty)
    return PositionReport(one.symbol, qty, cost, larger.stop, larger.target, larger.trail)


@guarded
def wallet(row: object) -> Money | None:
    """Read the wallet balance of the settle coin from a row of the unified account; None when it is not listed (a
    stream lists what changed, REST what there is).
    """
    fields = Fields(row, "wallet")
    for entry in fields.rows("coin"):
        coin = Fields(entry, "wallet.coin")
        if coin.text("coin") == SETTLE_COIN:
            return coin.money("walletBalance", missing=0)
    return None


def first_wallet(rows: list[object]) -> Money | BadData:
    """Read the wallet of an answer that lists accounts, of which there is one; a coin that is not listed is 0."""
    return (wallet(rows[0]) or 0) if rows else BadData("wallet", "no account is listed")


def pledged(row: object) -> bool:
    """Whether a row of the unified account shows margin held for positions; False when it does not tell."""
    read = _position_margin(row)
    return not isinstance(read, BadData) and read > 0


@guarded
def _position_margin(row: object) -> Money:
    for entry in Fields(row, "wallet").rows("coin"):
        coin = Fields(entry, "wallet.coin")
        if coin.text("coin") == SETTLE_COIN:
            return coin.money("totalPositionIM", missing=0)
    return 0


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """How the account is set up."""

    margin_mode: str
    unified: bool


@guarded
def account_info(result: object) -> AccountInfo:
    """Read account/info."""
    fields = Fields(result, "account")
    return AccountInfo(fields.needed("marginMode"), fields.whole("unifiedMarginStatus") > CLASSIC)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One line of the transaction log: `change` of the wallet in the settle coin, balance afterwards."""

    transaction_id: str
    kind: str
    symbol: str
    change: Money
    balance: Money
    fee: Money
    funding: Money
    at_ms: int


@guarded
def transaction(row: object) -> Transaction | Skipped:
    """Read one line of the transaction log; other coins are skipped."""
    fields = Fields(row, "transaction")
    if fields.text("currency") != SETTLE_COIN:
        return Skipped(fields.text("currency"))
    return Transaction(
        transaction_id=fields.needed("id"),
        kind=fields.needed("type"),
        symbol=fields.text("symbol"),
        change=fields.money("change"),
        balance=fields.money("cashBalance"),
        fee=fields.money("fee", missing=0),
        funding=fields.money("funding", missing=0),
        at_ms=fields.time_ms("transactionTime"),
    )


@dataclass(frozen=True, slots=True)
class ClosedRow:
    """One closing order of closed P&L. Quantity in base coin, prices as the exchange averages them."""

    order_id: str
    symbol: str
    buy: bool
    quantity: Decimal
    entry: Decimal
    exit: Decimal
    pnl: Money
    at_ms: int


@guarded
def closed_pnl(row: object) -> ClosedRow:
    """Read one row of closed P&L; `buy` is the side of the closing order."""
    fields = Fields(row, "closed")
    return ClosedRow(
        order_id=fields.needed("orderId"),
        symbol=fields.needed("symbol"),
        buy=side(fields),
        quantity=fields.positive("closedSize"),
        entry=fields.positive("avgEntryPrice"),
        exit=fields.positive("avgExitPrice"),
        pnl=fields.money("closedPnl"),
        at_ms=fields.time_ms("updatedTime"),
    )


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What an API key may do: rights by group, bound addresses, days left (None: bound, so it does not expire)."""

    read_only: bool
    rights: tuple[tuple[str, tuple[str, ...]], ...]
    addresses: tuple[str, ...]
    days_left: int | None


@guarded
def key_info(result: object) -> KeyInfo:
    """Read user/query-api; empty groups of rights are left out."""
    fields = Fields(result, "key")
    groups = fields.inner("permissions")
    rights = tuple((name, _texts(groups.rows(name), name)) for name in groups.names() if groups.rows(name))
    bound = tuple(address for address in _texts(fields.rows("ips"), "ips") if address != "*")
    left = fields.optional_int("deadlineDay")
    return KeyInfo(fields.whole("readOnly") != 0, rights, bound, None if left is None or bound else left)


def _texts(values: list[object], name: str) -> tuple[str, ...]:
    if not all(isinstance(value, str) for value in values):
        raise UnreadableError(f"key.{name}", "texts are wanted")
    return tuple(str(value) for value in values)
