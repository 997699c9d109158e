"""The whole account in one report: orders, positions, executions, wallet. Either all of it is there, or nothing is
concluded.
"""

from collections.abc import Callable, Sequence

from engine.clock import Clock
from engine.core.events import (
    AccountReported,
    Executed,
    FundingPaid,
    OrderReport,
    PositionReport,
    Transfer,
    TransfersReported,
)
from engine.core.money import Money, Steps
from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit.caller import Caller
from engine.exchanges.bybit.endpoints import EXECUTIONS, OPEN_ORDERS, POSITIONS, TRANSACTIONS, WALLET
from engine.exchanges.bybit.parse import BadData
from engine.exchanges.bybit.parse_account import PositionRow, first_wallet, pledged, position, together, transaction
from engine.exchanges.bybit.parse_market import SETTLE_COIN, Skipped
from engine.exchanges.bybit.parse_orders import Instruments, OrderRow, execution, order
from engine.exchanges.bybit.queries import WINDOW_MS, result_of, rows_between, rows_of

# The exchange may show a position before the executions that made it.
_LAG_S = 1.0
_LAG_TRIES = 3

# Lines of the transaction log that the executions tell of; every other one moved money without a trade.
_TRADED = frozenset({"TRADE", "SETTLEMENT", "DELIVERY", "LIQUIDATION", "ADL"})

type Booked = Executed | FundingPaid


class AccountView:
    """Asks for the account. `now_ms` is the exchange's time; `stranger` is told of positions on symbols the desk does
    not know.
    """

    def __init__(
        self,
        caller: Caller,
        instruments: Instruments,
        clock: Clock,
        *,
        now_ms: Callable[[], int],
        stranger: Callable[[str], None],
    ) -> None:
        self._caller = caller
        self._instruments = instruments
        self._clock = clock
        self._now_ms = now_ms
        self._stranger = stranger
        self._held: dict[str, Steps] | None = None
        self._seen: set[str] = set()
        self._seen_since_ms = 0
        self._pledged = False

    async def report(self, since_ms: int) -> AccountReported:
        """Return the account with executions since a time (0: those of the last seven days); raises
        QueryFailedError.
        """
        for attempt in range(1, _LAG_TRIES + 1):
            report = await self._once(since_ms)
            if self._explained(report):
                break
            if attempt == _LAG_TRIES:
                if self._pledged and not report.positions:
                    # An empty list is how some outages look; the wallet knows better.
                    raise QueryFailedError("no position is listed, while margin is held for one")
                break
            await self._clock.sleep(_LAG_S)
        else:
            raise AssertionError("the last attempt breaks")
        self._held = {row.symbol: row.qty for row in report.positions}
        self._seen = {event.exec_id for event in report.executions}
        self._seen_since_ms = since_ms
        return report

    async def _once(self, since_ms: int) -> AccountReported:
        asked_ms = self._now_ms()
        units = {symbol: instrument.unit for symbol, instrument in self._instruments.items()}
        orders = await self._orders()
        # Positions before executions: what happens in between is then explained, not missing.
        positions = await self.positions()
        wallet = await self.wallet()
        executions = await self.executions(since_ms or asked_ms - WINDOW_MS)
        if any(units.get(symbol, now.unit) != now.unit for symbol, now in self._instruments.items()):
            # The parts of the answer would count on different grids.
            raise QueryFailedError("an instrument changed its grid meanwhile")
        return AccountReported(orders, positions, executions, wallet, asked_ms, self._now_ms())

    async def _orders(self) -> tuple[OrderReport, ...]:
        scope = {"settleCoin": SETTLE_COIN, "limit": "50"}
        rows = await rows_of(self._caller, OPEN_ORDERS, {**scope, "openOnly": "0"})
        # The newest finished ones; those that matter longer are asked for by name.
        rows += await rows_of(self._caller, OPEN_ORDERS, {**scope, "openOnly": "1"}, pages=1)
        found: dict[str, OrderReport] = {}
        for row in rows:
            read = order(row, self._instruments)
            if isinstance(read, BadData):
                raise QueryFailedError(str(read))
            if isinstance(read, OrderRow) and not read.own:
                # An order that ended between the two answers is in both: the later one is right.
                found[read.report.order_id] = read.report
        return tuple(found.values())

    async def positions(self) -> tuple[PositionReport, ...]:
        """Return all positions; raises QueryFailedError."""
        rows = await rows_of(self._caller, POSITIONS, {"settleCoin": SETTLE_COIN, "limit": "200"})
        known = []
        for row in rows:
            read = position(row, self._instruments)
            if isinstance(read, BadData):
                raise QueryFailedError(str(read))
            if isinstance(read, PositionRow):
                known.append(read)
            elif read.why:
                self._stranger(read.why)
        return together(known)

    async def wallet(self) -> Money:
        """Return the wallet balance; raises QueryFailedError."""
        result = await result_of(self._caller, WALLET, {"accountType": "UNIFIED"})
        rows = result.get("list")
        rows = rows if isinstance(rows, list) else []
        read = first_wallet(rows)
        if isinstance(read, BadData):
            raise QueryFailedError(str(read))
        self._pledged = pledged(rows[0])
        return read

    async def executions(self, since_ms: int) -> tuple[Booked, ...]:
        """Return executions and funding since a time, each once, oldest first; raises QueryFailedError."""
        # A little into the future: the exchange's stamps and our idea of its clock need not agree.
        until_ms = self._now_ms() + 10_000
        rows = await rows_between(self._caller, EXECUTIONS, {"limit": "100"}, since_ms=since_ms, until_ms=until_ms)
        return in_order(rows[::-1], self._instruments)

    async def transfers(self, since_ms: int) -> TransfersReported:
        """Return the changes of the wallet since a time that no trade made, oldest first; raises QueryFailedError."""
        until_ms = self._now_ms() + 10_000
        # Transfers belong to no category of contracts.
        params = {"accountType": "UNIFIED", "category": "", "currency": SETTLE_COIN, "limit": "50"}
        rows = await rows_between(self._caller, TRANSACTIONS, params, since_ms=since_ms, until_ms=until_ms)
        found: dict[str, Transfer] = {}
        for row in rows:
            read = transaction(row)
            if isinstance(read, BadData):
                raise QueryFailedError(str(read))
            if not isinstance(read, Skipped) and read.kind not in _TRADED:
                found[read.transaction_id] = Transfer(read.transaction_id, read.change, read.kind, read.at_ms)
        return TransfersReported(tuple(sorted(found.values(), key=lambda one: one.at_ms)), self._now_ms())

    def _explained(self, report: AccountReported) -> bool:
        if self._held is None:
            return True
        held = dict(self._held)
        for event in report.executions:
            new = event.at_ms >= self._seen_since_ms and event.exec_id not in self._seen
            if new and isinstance(event, Executed):
                held[event.symbol] = held.get(event.symbol, 0) + (event.qty if event.buy else -event.qty)
        theirs = {row.symbol: row.qty for row in report.positions}
        return all(held.get(symbol, 0) == theirs.get(symbol, 0) for symbol in held.keys() | theirs.keys())


def in_order(rows: Sequence[object], instruments: Instruments) -> tuple[Booked, ...]:
    """Read rows of executions, oldest first, into events: each once, in order of time; those of one millisecond stay as
    they came. Raises QueryFailedError for a row that cannot be read.
    """
    found: dict[str, Booked] = {}
    for row in rows:
        read = execution(row, instruments)
        if isinstance(read, BadData):
            raise QueryFailedError(str(read))
        if not isinstance(read, Skipped):
            found[read.exec_id] = read
    return tuple(sorted(found.values(), key=lambda event: event.at_ms))
