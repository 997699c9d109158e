"""Hand-written stand-ins for the desk, the store, confirmations, charts, research and health."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np

from bot.sync import Outcome, Progress
from engine.analytics.charts.requests import ChartFailed, NoPicture, Picture
from engine.analytics.metrics import Metrics, compute
from engine.analytics.series import equity_of_trades
from engine.candles import Columns
from engine.core.commands import Answer, CloseAll, ClosePosition, Command, Done, OpenManual
from engine.core.manual import EntryPreview
from engine.core.market import DAY_MS
from engine.core.snapshot import OrderResult, Snapshot
from engine.core.trades import Trade
from handlers.actions import Action
from handlers.ports import Actor, BacktestOutcome, Claim, Claimed, Foreign, HealthReport, Used
from tests.unit.views import examples as ex
from tests.unit.views import examples_risk as more


@dataclass
class FakeDesk:
    """Carries out nothing, remembers everything; `answers` come before the usual one."""

    state: Snapshot
    commands: list[Command] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    results: tuple[OrderResult, ...] = ()
    over: asyncio.Event = field(default_factory=asyncio.Event)
    has_candles: bool = True
    entry: EntryPreview | str = more.ENTRY_PREVIEW
    others: tuple[str, ...] = ("PEPEUSDT",)

    def listed(self) -> tuple[str, ...]:
        return (*(symbol.symbol for symbol in self.state.symbols), *self.others)

    def snapshot(self) -> Snapshot:
        return self.state

    async def command(self, command: Command) -> Answer:
        self.commands.append(command)
        if self.answers:
            return self.answers.pop(0)
        closing = isinstance(command, ClosePosition | CloseAll | OpenManual)
        return Done(command.command_id, tuple(result.link_id for result in self.results) if closing else ())

    def preview(self, symbol: str, *, long: bool, amount: Decimal | None) -> EntryPreview | str:
        return self.entry if isinstance(self.entry, str) else replace(self.entry, symbol=symbol, long=long)

    async def settled(self, link_ids: Sequence[str], timeout_s: float) -> tuple[OrderResult, ...]:
        await self.over.wait()
        return tuple(result for result in self.results if result.link_id in link_ids)

    def candles(self, symbol: str, timeframe_ms: int, count: int) -> Columns | None:
        if not self.has_candles:
            return None
        times = np.arange(1, 201, dtype=np.int64) * timeframe_ms + ex.NOW_MS // DAY_MS * DAY_MS
        price = np.full(200, 142.0)
        return Columns(
            symbol=symbol,
            timeframe_ms=timeframe_ms,
            time=times,
            open=price,
            high=price + 1,
            low=price - 1,
            close=price,
            volume=price,
        )


@dataclass
class FakeQueries:
    """Answers from a list of trades."""

    rows: tuple[Trade, ...] = ex.TRADES

    async def trades(self, **wanted: Any) -> list[Trade]:
        since, until = wanted.get("since_ms") or 0, wanted.get("until_ms") or 1 << 60
        found = [trade for trade in self.rows if since <= trade.exit_ms < until]
        first = wanted.get("offset", 0)
        limit = wanted.get("limit")
        return found[first:] if limit is None else found[first : first + limit]

    async def count_trades(self, **wanted: Any) -> int:
        return len(await self.trades(**wanted))

    async def equity(self, since_ms: int, until_ms: int) -> list[ex.Point]:
        return [ex.Point(equity=Decimal(10_000), at_ms=since_ms), ex.Point(equity=Decimal(10_010), at_ms=until_ms - 1)]

    async def signals(
        self, limit: int, offset: int = 0, profile: str | None = None, symbol: str | None = None
    ) -> list[ex.Signal]:
        return [ex.Signal()]


@dataclass
class FakeAudit:
    """Keeps lines; `broken` raises instead."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    broken: Exception | None = None

    async def add(self, **line: Any) -> None:
        if self.broken is not None:
            raise self.broken
        self.lines.append(line)


@dataclass
class FakePanels:
    """Panels by chat."""

    found: dict[int, int] = field(default_factory=dict)

    async def get(self, chat_id: int) -> int | None:
        return self.found.get(chat_id)

    async def set(self, chat_id: int, message_id: int) -> None:
        self.found[chat_id] = message_id


@dataclass
class FakeStore:
    """Queries, audit and panels."""

    queries: FakeQueries = field(default_factory=FakeQueries)
    audit: FakeAudit = field(default_factory=FakeAudit)
    panels: FakePanels = field(default_factory=FakePanels)


@dataclass
class FakeConfirm:
    """Claims once; `next_claim` overrides what the next press gets; `away` makes asking fail."""

    asked: dict[str, tuple[int, int, Action]] = field(default_factory=dict)
    bound: dict[str, int] = field(default_factory=dict)
    next_claim: Claim | None = None
    away: Exception | None = None

    async def ask(self, actor: Actor, chat_id: int, action: Action) -> str:
        if self.away is not None:
            raise self.away
        nonce = f"nonce{len(self.bound)}"
        self.asked[nonce] = (actor.user_id, chat_id, action)
        return nonce

    async def bind(self, nonce: str, message_id: int) -> None:
        self.bound[nonce] = message_id

    async def claim(self, nonce: str, actor: Actor, chat_id: int, message_id: int) -> Claim:
        if self.next_claim is not None:
            claim, self.next_claim = self.next_claim, None
            return claim
        if nonce not in self.asked:
            return Used()
        user_id, chat, action = self.asked[nonce]
        if (user_id, chat, self.bound[nonce]) != (actor.user_id, chat_id, message_id):
            return Foreign()
        del self.asked[nonce]
        return Claimed(action)


@dataclass
class FakeCharts:
    """Draws one pixel, or says what it is told to say."""

    requests: list[Any] = field(default_factory=list)
    answer: Picture | NoPicture | ChartFailed = field(
        default_factory=lambda: Picture(png=b"png", width=1, height=1, caption="Equity <10,000>")
    )

    async def render(self, request: Any) -> Picture | NoPicture | ChartFailed:
        self.requests.append(request)
        return self.answer


@dataclass
class FakeResearch:
    """Reports progress and waits until it may end or is cancelled."""

    outcome: BacktestOutcome
    shares: tuple[float, ...] = (0.1, 0.2)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def backtest(self, **wanted: Any) -> BacktestOutcome:
        self.asked.append(wanted)
        for share in self.shares:
            await wanted["on_progress"](share)
        waits = [asyncio.ensure_future(event.wait()) for event in (self.go, wanted["cancel"])]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return self.outcome

    async def metrics(
        self, trades: Sequence[Trade], equity: Any, *, initial_balance: Decimal, start_ms: int, end_ms: int
    ) -> Metrics:
        series = equity_of_trades(trades, initial_balance=initial_balance, start_ms=start_ms)
        return compute(trades, series, initial_balance=initial_balance, start_ms=start_ms, end_ms=end_ms)


class FakeHealth:
    """All is well."""

    async def report(self) -> HealthReport:
        return HealthReport(
            mode="paper",
            uptime_ms=1_000,
            memory_bytes=1,
            tasks=(),
            feed_age_ms=1,
            exchange="up",
            database_ok=True,
            database_bytes=1,
            disk_free_bytes=10**12,
            outbox_waiting=0,
            versions=(("pocketdesk", "0.1.0"), ("Python", "3.13.0")),
        )


@dataclass
class FakeSync:
    """Finds what it is told to find once `go` is set; `broken` raises instead."""

    found: Outcome = field(default_factory=lambda: more.SYNCED)
    broken: Exception | None = None
    asked: list[int] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def backfill(self, months: int, progress: Progress) -> Outcome:
        self.asked.append(months)
        await progress(1, 3)
        self.begun.set()
        await self.go.wait()
        if self.broken is not None:
            raise self.broken
        return self.found

    async def now(self, progress: Progress) -> Outcome:
        return await self.backfill(0, progress)
