"""The account's past brought home: every window read to its end, each row attributed, books compared."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from engine.core.ids import is_ours
from engine.core.market import DAY_MS
from engine.core.profile import Account
from engine.exchanges.bybit.backfill import HistoryRow, Kind, Window, fetch, windows
from engine.exchanges.bybit.caller import Caller
from storage.store import Store
from storage.sync import OwnTrade, PastRow, WindowRow

MONTH_MS = 30 * DAY_MS
MOST_MONTHS = 24
EXTERNAL, DESK = "external", "desk"
# How far from a round trip's end an order of the exchange may be dated.
_NEAR_MS = 5_000

type Progress = Callable[[int, int], Awaitable[None]]


@dataclass(slots=True)
class Outcome:
    """What a run found. `known` executions are in our books; `new` rows were never read before; `external` belong to
    nobody here; `unreadable` are rows that made no sense, with the first of them in words.
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


class Sync:
    """One account's history. Everything it asks goes by the lane of queries, so no exit waits for it."""

    def __init__(self, caller: Caller, store: Store, account: Account, now_ms: Callable[[], int]) -> None:
        self._caller, self._store, self._account, self._now_ms = caller, store, account, now_ms

    async def backfill(self, months: int, progress: Progress | None = None) -> Outcome:
        """Read the last `months` months; windows that were read whole before are not asked for again. Raises
        QueryFailedError and JournalUnavailable; what was read so far is kept.
        """
        now = self._now_ms()
        return await self._run(now - months * MONTH_MS, now, progress)

    async def now(self, progress: Progress | None = None) -> Outcome:
        """Read from the newest window read so far (or the last seven days) up to now."""
        now = self._now_ms()
        known = [row.start_ms for row in await self._store.sync.windows()]
        return await self._run(max(known, default=now - 7 * DAY_MS), now, progress)

    async def _run(self, since_ms: int, now_ms: int, progress: Progress | None) -> Outcome:
        done = {(row.kind, row.start_ms) for row in await self._store.sync.windows() if row.complete}
        todo = [(kind, window) for window in windows(since_ms, now_ms) for kind in Kind]
        found = Outcome(since_ms, now_ms)
        for number, (kind, window) in enumerate(todo, 1):
            if (kind.value, window.start_ms) in done:
                found.skipped += 1
            else:
                await self._window(kind, window, found)
                found.windows += 1
            if progress is not None:
                await progress(number, len(todo))
        return found

    async def _window(self, kind: Kind, window: Window, found: Outcome) -> None:
        rows, bad = await fetch(self._caller, kind, window)
        owners = await self._owners(rows, window)
        kept = [_kept(row, owners[row.row_id]) for row in rows]
        known = await self._known(kind, rows)
        read = WindowRow(
            kind=kind.value,
            start_ms=window.start_ms,
            end_ms=window.end_ms,
            complete=window.whole,
            rows=len(rows),
            unreadable=len(bad),
            done_ms=self._now_ms(),
        )
        found.new += await self._store.sync.keep(read, kept)
        found.known += len(known)
        found.external += sum(row.owner == EXTERNAL for row in kept)
        found.unreadable += len(bad)
        found.trouble = found.trouble or (str(bad[0]) if bad else "")
        found.missing += [
            row.row_id
            for row in kept
            if kind is Kind.EXECUTIONS and row.owner != EXTERNAL and row.row_id not in known and self._ours(row.link_id)
        ]
        setattr(found, kind.value, getattr(found, kind.value) + len(rows))

    async def _known(self, kind: Kind, rows: Iterable[HistoryRow]) -> set[str]:
        if kind is not Kind.EXECUTIONS:
            return set()
        return await self._store.sync.known_executions({row.row_id for row in rows})

    async def _owners(self, rows: Iterable[HistoryRow], window: Window) -> dict[str, str]:
        rows = list(rows)
        by_order = await self._store.sync.owners_of_orders({row.order_id for row in rows})
        trips = await self._store.sync.own_trades(window.start_ms - _NEAR_MS, window.end_ms + _NEAR_MS)
        codes = {profile.code: profile.name for profile in self._account.profiles}
        return {row.row_id: self._owner(row, by_order, trips, codes) for row in rows}

    def _owner(
        self, row: HistoryRow, by_order: Mapping[str, str], trips: list[OwnTrade], codes: Mapping[str, str]
    ) -> str:
        if self._ours(row.link_id):
            parts = row.link_id.split("-")
            return codes.get(parts[1], DESK) if len(parts) > 1 else DESK
        if row.order_id in by_order:
            return by_order[row.order_id]
        if row.made_by:
            # The exchange's own stop, target, liquidation or funding belongs to whoever held the position.
            for trip in trips:
                if trip.symbol == row.symbol and trip.entry_ms - _NEAR_MS <= row.at_ms <= trip.exit_ms + _NEAR_MS:
                    return trip.profile
        return EXTERNAL

    def _ours(self, link_id: str) -> bool:
        return is_ours(self._account.tag, link_id)


def _kept(row: HistoryRow, owner: str) -> PastRow:
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
        owner=owner,
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


async def standing(store: Store) -> Standing:
    """Say what is there."""
    read, counts = await store.sync.windows(), await store.sync.counts()
    rows: dict[str, int] = {kind.value: 0 for kind in Kind}
    for (kind, _), number in counts.items():
        rows[kind] = rows.get(kind, 0) + number
    return Standing(
        windows=len(read),
        incomplete=sum(not row.complete for row in read),
        oldest_ms=min((row.start_ms for row in read), default=None),
        newest_ms=max((row.end_ms for row in read), default=None),
        last_run_ms=max((row.done_ms for row in read), default=None),
        rows=rows,
        external=sum(number for (_, owner), number in counts.items() if owner == EXTERNAL),
    )
