"""Heavy computing for the chat, in worker processes: backtests over the desk's own market, and metrics."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot.accounts import Trading
from bot.ground import Ground
from engine.core.money import MONEY_SCALE, Money, to_money
from engine.core.strategy import LOOK_BACK
from engine.workers import ReportProgress, WorkerFailed, WorkerPool
from handlers.ports import BacktestCancelled, BacktestFailed, BacktestOutcome, BacktestResult, EquityPoint, OnProgress

if TYPE_CHECKING:
    from engine.analytics.metrics import Metrics
    from engine.backtest import Request
    from engine.core.trades import Trade

_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbers:
    """What metrics are computed from."""

    trades: "tuple[Trade, ...]"
    times: tuple[int, ...]
    equity: tuple[float, ...]
    initial: Decimal
    start_ms: int
    end_ms: int


def run_backtest(request: "Request", report: ReportProgress) -> BacktestResult | BacktestFailed:
    """Run a backtest in this process and reduce it to what a card and charts need."""
    from engine.analytics.metrics import compute
    from engine.analytics.series import EquitySeries
    from engine.backtest import BacktestError, run

    began = time.monotonic()
    try:
        result = run(request, report)
    except BacktestError as error:
        return BacktestFailed(str(error))
    initial = Decimal(request.wallet) / MONEY_SCALE
    equity = EquitySeries(times_ms=result.times, equity=result.equity)
    metrics = compute(
        result.trades,
        equity,
        initial_balance=initial,
        start_ms=request.start_ms,
        end_ms=request.end_ms,
        fills=len(result.fills),
    )
    profile = request.account.profiles[0]
    return BacktestResult(
        profile=profile.name,
        symbol=profile.symbols[0],
        since_ms=request.start_ms,
        until_ms=request.end_ms,
        bars=result.bars,
        initial_balance=initial,
        final_equity=Decimal(f"{result.final_equity:.4f}"),
        metrics=metrics,
        equity=equity,
        trades=result.trades,
        took_s=time.monotonic() - began,
    )


def run_metrics(numbers: _Numbers, report: ReportProgress) -> "Metrics":
    """Compute all metrics in this process."""
    import numpy as np

    from engine.analytics.metrics import compute
    from engine.analytics.series import EquitySeries

    del report
    times = np.array(numbers.times, dtype=np.int64)
    series = EquitySeries(times_ms=times, equity=np.array(numbers.equity, dtype=np.float64))
    return compute(
        numbers.trades,
        series,
        initial_balance=numbers.initial,
        start_ms=numbers.start_ms,
        end_ms=numbers.end_ms,
    )


class Research:
    """The chat's laboratory. One backtest at a time; metrics have a worker of their own."""

    def __init__(self, trading: Trading, ground: Ground, wallet: Money) -> None:
        self._trading = trading
        self._ground = ground
        self._wallet = wallet
        self._pool = WorkerPool()
        self._quick = WorkerPool()

    async def backtest(
        self, *, profile: str, symbol: str, since_ms: int, until_ms: int, on_progress: OnProgress, cancel: asyncio.Event
    ) -> BacktestOutcome:
        """Run a profile on one symbol of the desk's market; progress is 0 … 1."""
        preparing = self._request(profile, symbol, since_ms, until_ms)
        request = await _unless(cancel, preparing)
        if request is None:
            return BacktestCancelled()
        if isinstance(request, BacktestFailed):
            return request
        loop = asyncio.get_running_loop()
        told: set[asyncio.Task[None]] = set()

        def relay(value: object) -> None:
            if isinstance(value, float):
                task = loop.create_task(_tell(on_progress, value))
                told.add(task)
                task.add_done_callback(told.discard)

        work = self._pool.run(run_backtest, request, progress=relay, timeout_s=_TIMEOUT_S)
        outcome = await _unless(cancel, work)
        if outcome is None:
            return BacktestCancelled()
        return BacktestFailed(outcome.reason) if isinstance(outcome, WorkerFailed) else outcome

    async def _request(self, profile: str, symbol: str, since_ms: int, until_ms: int) -> "Request | BacktestFailed":
        from engine.backtest import Request
        from engine.plan import needs

        found = self._trading.account.profile(profile)
        if found is None or symbol not in self._ground.instruments:
            return BacktestFailed(f"{profile} on {symbol} cannot be tested here.")
        account = replace(self._trading.account, profiles=(replace(found, symbols=(symbol,), enabled=True),))
        wanted = needs(account, self._trading.strategies)
        warm_ms = max((need.bars + LOOK_BACK + 1) * need.timeframe for need in wanted)
        read = tuple(dict.fromkeys(need.symbol for need in wanted))
        parts = await self._ground.history(until_ms, until_ms - since_ms + warm_ms, read)
        history = {part.symbol: part for part in parts}
        if symbol not in history:
            return BacktestFailed(f"There are no candles of {symbol} in that period.")
        return Request(
            account=account,
            strategies={profile: self._trading.strategies[profile]},
            instruments={symbol: self._ground.instruments[symbol]},
            data=history,
            start_ms=since_ms,
            end_ms=until_ms,
            wallet=self._wallet,
        )

    async def metrics(
        self,
        trades: "Sequence[Trade]",
        equity: Sequence[EquityPoint],
        *,
        initial_balance: Decimal,
        start_ms: int,
        end_ms: int,
    ) -> "Metrics":
        """All metrics of a period; raises RuntimeError when the worker failed."""
        numbers = _Numbers(
            trades=tuple(trades),
            times=tuple(point.at_ms for point in equity),
            equity=tuple(float(point.equity) for point in equity),
            initial=initial_balance,
            start_ms=start_ms,
            end_ms=end_ms,
        )
        outcome = await self._quick.run(run_metrics, numbers, timeout_s=60.0)
        if isinstance(outcome, WorkerFailed):
            raise RuntimeError(outcome.reason)
        return outcome

    async def close(self) -> None:
        """Stop the workers."""
        await self._pool.close()
        await self._quick.close()


async def _unless[T](cancel: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Wait for work to end; None when it was cancelled before."""
    task, stop = asyncio.ensure_future(work), asyncio.ensure_future(cancel.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        return None if stop.done() and not task.done() else await task
    finally:
        stop.cancel()
        if not task.done():
            task.cancel()


async def _tell(on_progress: OnProgress, value: float) -> None:
    await on_progress(value)


def wallet_of(balance: Decimal) -> Money:
    """Return a starting balance in money units."""
    return to_money(balance)
