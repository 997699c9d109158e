"""Backtests from chat: started with a line, watched in place, cancelled or ended with a card and charts."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import assert_never

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import deeds
from handlers.arguments import NotFound, Period, close_names, period_of, same_name, symbol_of, words_of
from handlers.catalogue import command as info_of
from handlers.context import PREPARES, READS, Context
from handlers.ports import BacktestCancelled, BacktestFailed, BacktestOutcome, BacktestResult, ChartPort, ResearchPort
from handlers.runs import Runs
from handlers.spot import Screen, Shot
from handlers.views.format import esc
from handlers.views.help import render_topic
from handlers.views.research import render_progress, render_result, render_stopped
from keyboards import research as keys
from keyboards.data import Backtest, Open, Place

router = Router(name="research")
_EVERY_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A backtest as asked for."""

    profile: str
    symbol: str
    period: Period


def _order(typed: list[str], ctx: Context) -> Order | str:
    if len(typed) != 3:
        return "A profile, a symbol and a period are needed."
    names = [profile.name for profile in ctx.snapshot.profiles]
    profile = same_name(typed[0], names)
    if profile is None:
        return f"There is no profile {typed[0]}. Profiles: {', '.join(close_names(typed[0], names) or names)}."
    found = symbol_of(typed[1], ctx.snapshot)
    if isinstance(found, NotFound):
        near = f" Did you mean {' or '.join(found.close)}?" if found.close else ""
        return f"{found.wanted} is not a symbol of this desk.{near}"
    period = period_of(typed[2], now_ms=ctx.snapshot.market_ms)
    if period is None:
        return f"{typed[2]} is not a period."
    return Order(profile=profile, symbol=found.symbol, period=period)


@router.message(Command("backtest"), flags=PREPARES)
async def backtest(_message: Message, command: CommandObject, ctx: Context, research: ResearchPort, runs: Runs) -> None:
    """`/backtest PROFILE SYMBOL PERIOD`"""
    typed = words_of(command.args)
    order = _order(typed, ctx)
    if isinstance(order, str):
        await ctx.usage("backtest", order, " ".join(typed))
        return
    begun = runs.begin()
    if begun is None:
        await ctx.show(Screen("A backtest is running already. Wait for it or cancel it."))
        return
    run, cancel = begun
    watch = _Watch(ctx, order, run)
    await watch.show(0.0)
    work = _run(watch, research, runs, cancel)
    ctx.jobs.start(work, failed=lambda error: deeds.tell_failed(ctx, "The backtest", error))


@dataclass(slots=True)
class _Watch:
    """Shows progress in place, at most every two seconds."""

    ctx: Context
    order: Order
    run: str
    shown_at: float = field(default=0.0)

    async def progress(self, share: float) -> None:
        if time.monotonic() - self.shown_at >= _EVERY_S:
            await self.show(share)

    async def show(self, share: float) -> None:
        self.shown_at = time.monotonic()
        text = render_progress(
            self.order.profile,
            self.order.symbol,
            since_ms=self.order.period.since_ms,
            until_ms=self.order.period.until_ms,
            share=share,
        )
        await self.ctx.show(Screen(text, keys.running_keyboard(self.run)))


async def _run(watch: _Watch, research: ResearchPort, runs: Runs, cancel: asyncio.Event) -> None:
    order, result = watch.order, None
    try:
        outcome = await research.backtest(
            profile=order.profile,
            symbol=order.symbol,
            since_ms=order.period.since_ms,
            until_ms=order.period.until_ms,
            on_progress=watch.progress,
            cancel=cancel,
        )
        result = outcome if isinstance(outcome, BacktestResult) else None
    finally:
        runs.end(watch.run, result)
    await watch.ctx.show(_ended(watch, outcome))


def _ended(watch: _Watch, outcome: BacktestOutcome) -> Screen:
    order = watch.order
    match outcome:
        case BacktestResult():
            return Screen(render_result(outcome), keys.result_keyboard(watch.run))
        case BacktestFailed(reason=reason):
            why = reason
        case BacktestCancelled():
            why = "cancelled."
        case _:
            assert_never(outcome)
    since_ms, until_ms = order.period.since_ms, order.period.until_ms
    return Screen(render_stopped(order.profile, order.symbol, since_ms=since_ms, until_ms=until_ms, why=why))


@router.callback_query(Open.filter(F.place == Place.BACKTEST), flags=READS)
async def backtest_opened(_callback: CallbackQuery, ctx: Context) -> None:
    """[Backtest]: how to start one."""
    await ctx.show(Screen(render_topic("/backtest", [info_of("backtest")])))


@router.callback_query(Backtest.filter(F.what == keys.STOP), flags=PREPARES)
async def stop_pressed(_callback: CallbackQuery, callback_data: Backtest, ctx: Context, runs: Runs) -> None:
    """[Cancel]: the running backtest ends and says so itself."""
    if not runs.cancel(callback_data.run):
        await ctx.show(Screen("This backtest is over, or the desk was restarted since. Start it again with /backtest."))


@router.callback_query(Backtest.filter(), flags=READS)
async def chart_pressed(
    _callback: CallbackQuery, callback_data: Backtest, ctx: Context, runs: Runs, charts: ChartPort
) -> None:
    """A chart of a finished backtest, as a new message under its card."""
    result = runs.results.get(callback_data.run)
    if result is None:
        await ctx.elsewhere().show(Screen("This result is no longer in memory. Run the backtest again for its charts."))
        return
    work = _chart(ctx.elsewhere(), charts, result, callback_data.what)
    ctx.jobs.start(work, failed=lambda error: deeds.tell_failed(ctx, "Drawing", error))


async def _chart(ctx: Context, charts: ChartPort, result: BacktestResult, what: str) -> None:
    from engine.analytics.charts import requests as r

    look = r.Look(mode="BACKTEST", zone=ctx.zone.key)
    kinds: dict[str, r.ChartRequest] = {
        "equity": r.EquityChart(look=look, series=result.equity),
        "drawdown": r.DrawdownChart(look=look, series=result.equity),
        "distribution": r.DistributionChart(look=look, trades=result.trades),
    }
    found = await charts.render(kinds.get(what, r.PnlChart(look=look, trades=result.trades)))
    if not isinstance(found, r.Picture):
        await ctx.show(Screen(esc(found.reason)))
        return
    await ctx.spot.show(Shot(png=found.png, name=f"backtest-{what}", caption=esc(found.caption)))
