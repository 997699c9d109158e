"""What the screens need of the rest of the desk: protocols, and the small values that pass through them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from engine.core.commands import Answer, Command
from engine.core.snapshot import OrderResult, Snapshot
from engine.core.trades import Trade
from handlers.actions import Action

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


@dataclass(frozen=True, slots=True)
class Claimed:
    """The confirmation is this press's alone; the action may be carried out once."""

    action: Action


@dataclass(frozen=True, slots=True)
class Expired:
    """The confirmation's time is over."""


@dataclass(frozen=True, slots=True)
class Used:
    """The confirmation was pressed before, or never existed."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """The confirmation belongs to another person, chat or message."""


@dataclass(frozen=True, slots=True)
class TooSoon:
    """The press came before anybody could have read the preview; the confirmation stays good."""


type Claim = Claimed | Expired | Used | Foreign | TooSoon


class DeskPort(Protocol):
    """The running engine."""

    def snapshot(self) -> Snapshot:
        """The desk at this instant."""

    async def command(self, command: Command) -> Answer:
        """Carry out or refuse; on return risk-reducing orders are under way."""

    async def settled(self, link_ids: Sequence[str], timeout_s: float) -> tuple[OrderResult, ...]:
        """Wait until the orders are over, or the time is; what became of each."""

    def candles(self, symbol: str, timeframe_ms: int, count: int) -> "Columns | None":
        """The newest closed candles, or None when the desk has none of that symbol and timeframe."""


class EquityPoint(Protocol):
    """One recorded moment of the account, money in quote currency."""

    @property
    def at_ms(self) -> int: ...
    @property
    def equity(self) -> Decimal: ...
    @property
    def margin(self) -> Decimal: ...


class SignalRow(Protocol):
    """One recorded signal and what became of it."""

    @property
    def at_ms(self) -> int: ...
    @property
    def profile(self) -> str: ...
    @property
    def side(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def check(self) -> str: ...
    @property
    def detail(self) -> str: ...


class Queries(Protocol):
    """Stored results of this mode and account. Times are half-open: since <= t < until."""

    async def trades(
        self,
        *,
        since_ms: int | None = None,
        until_ms: int | None = None,
        profile: str | None = None,
        symbol: str | None = None,
        limit: int | None = None,
        offset: int = 0,
        newest_first: bool = True,
    ) -> list[Trade]:
        """Closed round trips by exit time."""

    async def count_trades(
        self,
        *,
        since_ms: int | None = None,
        until_ms: int | None = None,
        profile: str | None = None,
        symbol: str | None = None,
    ) -> int:
        """How many the same filters of `trades` would give."""

    async def equity(self, since_ms: int, until_ms: int) -> Sequence[EquityPoint]:
        """The equity series of a period, oldest first."""

    async def signals(
        self, limit: int, offset: int = 0, profile: str | None = None, symbol: str | None = None
    ) -> Sequence[SignalRow]:
        """The newest signals first."""


class Audit(Protocol):
    """The chained record of who did what."""

    async def add(self, *, at_ms: int, user_id: int, name: str, action: str, detail: str, answer: str) -> None:
        """Append one line."""


class Panels(Protocol):
    """Where the live panel of each chat is."""

    async def get(self, chat_id: int) -> int | None:
        """Message id of the chat's panel."""

    async def set(self, chat_id: int, message_id: int) -> None:
        """Remember the chat's panel."""


class StorePort(Protocol):
    """The part of the store that screens use."""

    @property
    def queries(self) -> Queries: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def panels(self) -> Panels: ...


class ConfirmPort(Protocol):
    """One-time confirmations, bound on the server to person, chat, message and action; good for 30 s."""

    async def ask(self, actor: Actor, chat_id: int, action: Action) -> str:
        """Store what is asked; returns the nonce that the button carries."""

    async def bind(self, nonce: str, message_id: int) -> None:
        """Tie the confirmation to the message that shows it."""

    async def claim(self, nonce: str, actor: Actor, chat_id: int, message_id: int) -> Claim:
        """Take the confirmation, at most once."""


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
