"""The account's past brought home: every window read to its end, each row attributed, books compared."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.sync_compare import LAG_MS, Difference, differences
from bot.sync_owners import Evidence, is_missing, owner
from engine.core.market import DAY_MS
from engine.core.portfolio import EXTERNAL
from engine.core.profile import Account
from engine.exchanges.bybit.backfill import HistoryRow, Kind, Window, fetch, open_orders, windows
from engine.exchanges.bybit.caller import Caller
from engine.exchanges.bybit.queries import WINDOW_MS
from storage.store import Store
from storage.sync import PastRow, SyncRows, WindowRow

MONTH_MS = 30 * DAY_MS
# Seven days that touch two windows are what a first look is worth.
_FIRST_MS = WINDOW_MS

type Progress = Callable[[int, int], Awaitable[None]]


@dataclass(slots=True)
class Outcome:
    """What a run found. Of the `executions`, `known` are in our books or were read before and `new` are not, so the two
    add up; `external` belong to nobody here. `missing` carry an id of ours and are in no book. `unreadable` are rows
    that made no sense, with the first of them in words. `differences` are among the `compared` trades.
    """

    since_ms: int
    until_ms: int
    windows: int = 0
    skipped: int = 0
    executions: int = 0
    orders: int = 0
    closed: int = 0
    new: int = 0
    known: int = 0
    external: int = 0
    unreadable: int = 0
    trouble: str = ""
    missing: list[str] = field(default_factory=list)
    compared: int = 0
    differences: list[Difference] = field(default_factory=list)


class Sync:
    """One account's history. Everything it asks goes by the lane of queries, one question at a time, so no exit waits
    for it; one run at a time.
    """

    def __init__(self, caller: Caller, store: Store, account: Account, now_ms: Callable[[], int]) -> None:
        self._caller, self._store, self._account, self._now_ms = caller, store, account, now_ms

    async def backfill(self, months: int, progress: Progress | None = None) -> Outcome:
        """Read the last `months` months; windows that were read whole before are not asked for again. Raises
        QueryFailedError and JournalUnavailable; what was read so far is kept.
        """
        now = self._now_ms()
        since = now - months * MONTH_MS
        return await self._run(list(windows(since, now)), Outcome(since, now), progress)

    async def now(self, progress: Progress | None = None) -> Outcome:
        """Read from the newest window read so far (or the last seven days) up to now, and what was not whole then."""
        now = self._now_ms()
        read = await self._store.sync.windows()
        newest = max((row.start_ms for row in read), default=now - _FIRST_MS)
        unfinished = {row.start_ms for row in read if not row.complete}
        every = windows(min([newest, *unfinished]), now)
        wanted = [window for window in every if window.end_ms >= newest or window.start_ms in unfinished]
        return await self._run(wanted, Outcome(newest, now), progress)

    async def _run(self, wanted: Sequence[Window], found: Outcome, progress: Progress | None) -> Outcome:
        done = {(row.kind, row.start_ms) for row in await self._store.sync.windows() if row.complete}
        waiting = await open_orders(self._caller)
        # Closing orders are attributed by their executions, which therefore come first.
        todo = [(kind, window) for window in wanted for kind in Kind]
        for number, (kind, window) in enumerate(todo, 1):
            if (kind.value, window.start_ms) in done:
                found.skipped += 1
            else:
                open_in_it = any(window.start_ms <= at_ms <= window.end_ms for at_ms in waiting)
                await self._window(kind, window, found, whole=window.whole and not (kind is Kind.ORDERS and open_in_it))
                found.windows += 1
            if progress is not None:
                await progress(number, len(todo))
        await self._compare(wanted, found)
        return found

    async def _window(self, kind: Kind, window: Window, found: Outcome, *, whole: bool) -> None:
        rows, bad = await fetch(self._caller, kind, window)
        evidence = await self._evidence(kind, rows, window)
        kept = [_kept(row, owner(row, self._account, evidence)) for row in rows]
        if kind is Kind.EXECUTIONS:
            await self._count(rows, kept, evidence, found)
        read = WindowRow(
            kind=kind.value,
            start_ms=window.start_ms,
            end_ms=window.end_ms,
            # Another version may be able to read what this one cannot: such a window is asked for again.
            complete=whole and not bad,
            rows=len(rows),
            unreadable=len(bad),
            done_ms=self._now_ms(),
        )
        await self._store.sync.keep(read, kept)
        found.unreadable += len(bad)
        found.trouble = found.trouble or (str(bad[0]) if bad else "")
        setattr(found, kind.value, getattr(found, kind.value) + len(rows))

    async def _evidence(self, kind: Kind, rows: Sequence[HistoryRow], window: Window) -> Evidence:
        books = self._store.sync_books
        return Evidence(
            executions=await books.executions({row.row_id for row in rows}) if kind is Kind.EXECUTIONS else {},
            orders=await books.owners({row.order_id for row in rows}, nobody=EXTERNAL),
            trips=await books.trips(window.start_ms - LAG_MS, window.end_ms + LAG_MS),
        )

    async def _count(
        self, rows: Sequence[HistoryRow], kept: Sequence[PastRow], evidence: Evidence, found: Outcome
    ) -> None:
        before = await self._store.sync.kept(Kind.EXECUTIONS.value, {row.row_id for row in rows})
        known = sum(row.row_id in evidence.executions or row.row_id in before for row in rows)
        found.known += known
        found.new += len(rows) - known
        found.external += sum(row.owner == EXTERNAL for row in kept)
        found.missing += [row.row_id for row in rows if is_missing(row, self._account, evidence)]

    async def _compare(self, wanted: Sequence[Window], found: Outcome) -> None:
        if not wanted:
            return
        read = await self._store.sync.windows()
        starts = frozenset(row.start_ms for row in read if row.kind == Kind.CLOSED.value)
        trades = await self._store.sync_books.booked(wanted[0].from_ms, found.until_ms - LAG_MS)
        orders = {order_id for trade in trades for order_id in trade.order_ids}
        found.compared, found.differences = differences(trades, await self._store.sync.closed(orders), starts)


def _kept(row: HistoryRow, whose: str) -> PastRow:
    return PastRow(
        kind=row.kind.value,
        row_id=row.row_id,
        order_id=row.order_id,
        link_id=row.link_id,
        symbol=row.symbol,
        side="Buy" if row.buy else "Sell",
        quantity=row.quantity,
        price=row.price,
        fee=row.fee,
        pnl=row.pnl,
        made_by=row.made_by,
        owner=whose,
        at_ms=row.at_ms,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far the history was read."""

    windows: int
    incomplete: int
    oldest_ms: int | None
    newest_ms: int | None
    last_run_ms: int | None
    rows: Mapping[str, int]
    external: int


async def standing(past: SyncRows | None) -> Standing:
    """Say what is there; nothing where no desk made a database yet. `external` counts executions."""
    read, counts = (await past.windows(), await past.counts()) if past is not None else ([], {})
    rows: dict[str, int] = {kind.value: 0 for kind in Kind}
    for (kind, _), number in counts.items():
        rows[kind] += number
    return Standing(
        windows=len(read),
        incomplete=sum(not row.complete for row in read),
        oldest_ms=min((row.start_ms for row in read), default=None),
        newest_ms=max((row.end_ms for row in read), default=None),
        last_run_ms=max((row.done_ms for row in read), default=None),
        rows=rows,
        external=counts.get((Kind.EXECUTIONS.value, EXTERNAL), 0),
    )
