"""What the screens need of the rest of the desk: protocols, and the small values that pass through them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from engine.core.commands import Answer, Command
from engine.core.manual import EntryPreview
from engine.core.snapshot import OrderResult, Snapshot
from engine.core.trades import Trade
from handlers.actions import Action
from handlers.claims import Claim, Claimed, Expired, Foreign, TooSoon, Used
from handlers.store_port import EquityPoint, SignalRow, StorePort
from handlers.views.sync import Found

__all__ = [
    "Actor",
    "BacktestCancelled",
    "BacktestFailed",
    "BacktestOutcome",
    "BacktestResult",
    "ChartPort",
    "Claim",
    "Claimed",
    "ConfirmPort",
    "DeskPort",
    "EquityPoint",
    "Expired",
    "Foreign",
    "HealthPort",
    "HealthReport",
    "OnProgress",
    "QuietPort",
    "ResearchPort",
    "Role",
    "SignalRow",
    "StorePort",
    "SyncPort",
    "TaskBeat",
    "TooSoon",
    "Used",
    "Window",
]

if TYPE_CHECKING:
    from engine.analytics.charts.requests import ChartFailed, ChartRequest, NoPicture, Picture
    from engine.analytics.metrics import Metrics
    from engine.analytics.series import EquitySeries
    from engine.candles import Columns


class Role(StrEnum):
    """What a person may do, by Telegram user id."""

    OWNER = "owner"
    ADMIN = "admin"
    VIEWER = "viewer"

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what `needed` may do."""
        order = (Role.VIEWER, Role.ADMIN, Role.OWNER)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The person behind an update."""

    user_id: int
    name: str
    role: Role


class DeskPort(Protocol):
    """The running engine."""

    def snapshot(self) -> Snapshot:
        """The desk at this instant."""

    async def command(self, command: Command) -> Answer:
        """Carry out or refuse; on return risk-reducing orders are under way."""

    def preview(self, symbol: str, *, long: bool, amount: Decimal | None) -> EntryPreview | str:
        """What an entry by hand of so many USDT (None: as its profile sizes) would be now, or why there is none."""

    async def settled(self, link_ids: Sequence[str], timeout_s: float) -> tuple[OrderResult, ...]:
        """Wait until the orders are over, or the time is; what became of each."""

    def candles(self, symbol: str, timeframe_ms: int, count: int) -> "Columns | None":
        """The newest closed candles, or None when the desk has none of that symbol and timeframe."""

    def listed(self) -> Collection[str]:
        """The symbols that could be traded here, whether or not a profile does."""


class ConfirmPort(Protocol):
    """One-time confirmations, bound on the server to person, chat, message and action; good for 30 s."""

    async def ask(self, actor: Actor, chat_id: int, action: Action) -> str:
        """Store what is asked; returns the nonce that the button carries."""

    async def bind(self, nonce: str, message_id: int) -> None:
        """Tie the confirmation to the message that shows it."""

    async def claim(self, nonce: str, actor: Actor, chat_id: int, message_id: int) -> Claim:
        """Take the confirmation, at most once."""


type Window = tuple[int, int]


class QuietPort(Protocol):
    """Quiet hours by user: minutes of the day in the desk's zone, from and until."""

    def of(self, user_id: int) -> Window | None:
        """A person's quiet hours; None for none."""

    async def set(self, user_id: int, window: Window | None) -> bool:
        """Set or end them; False when they could not be stored."""


class ChartPort(Protocol):
    """Draws pictures outside the desk's process."""

    async def render(self, request: "ChartRequest") -> "Picture | NoPicture | ChartFailed":
        """Draw, or say in a sentence why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestResult:
    """A finished backtest. `metrics` cover the whole period; `took_s` is wall time."""

    profile: str
    symbol: str
    since_ms: int
    until_ms: int
    bars: int
    initial_balance: Decimal
    final_equity: Decimal
    metrics: "Metrics"
    equity: "EquitySeries"
    trades: tuple[Trade, ...]
    took_s: float


@dataclass(frozen=True, slots=True)
class BacktestFailed:
    """The backtest gave no result: a plain sentence for the reader."""

    reason: str


@dataclass(frozen=True, slots=True)
class BacktestCancelled:
    """The backtest was stopped on request."""


type BacktestOutcome = BacktestResult | BacktestFailed | BacktestCancelled
type OnProgress = Callable[[float], Awaitable[None]]


class ResearchPort(Protocol):
    """Heavy computing outside the desk's process."""

    async def backtest(
        self, *, profile: str, symbol: str, since_ms: int, until_ms: int, on_progress: OnProgress, cancel: asyncio.Event
    ) -> BacktestOutcome:
        """Run a profile over recorded candles; progress is 0 … 1."""

    async def metrics(
        self,
        trades: Sequence[Trade],
        equity: Sequence[EquityPoint],
        *,
        initial_balance: Decimal,
        start_ms: int,
        end_ms: int,
    ) -> "Metrics":
        """All metrics of a period."""


class SyncPort(Protocol):
    """Reads the account's past from the exchange; both raise QueryFailedError and JournalUnavailable."""

    async def backfill(self, months: int, progress: "Callable[[int, int], Awaitable[None]]") -> Found:
        """The last months; windows read whole before are not asked for again."""

    async def now(self, progress: "Callable[[int, int], Awaitable[None]]") -> Found:
        """What is newer than what was read so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskBeat:
    """A long-lived task and how long ago it last showed life."""

    name: str
    age_ms: int | None
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """How the process is. Sizes in bytes; `versions` are (name, version) with the app first."""

    mode: str
    uptime_ms: int
    memory_bytes: int
    tasks: tuple[TaskBeat, ...]
    feed_age_ms: int | None
    exchange: str
    database_ok: bool
    database_bytes: int
    disk_free_bytes: int
    outbox_waiting: int
    versions: tuple[tuple[str, str], ...]


class HealthPort(Protocol):
    """Knows how the process is."""

    async def report(self) -> HealthReport:
        """Look now."""
