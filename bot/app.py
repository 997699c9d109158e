"""The composition root: every object of a running desk, built once, started in order, stopped in reverse."""

import asyncio
import gc
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import bot.lazy_aiogram  # noqa: F401  # before anything else imports aiogram
from bot import pulse as pulse_file
from bot.accounts import TAG_KEY, Trading, new_tag, trading
from bot.equity import EquityRecorder
from bot.ground import Ground, open_ground
from bot.health import Health
from bot.market import MarketPlan
from bot.outbox_wake import WakingJournal
from bot.recheck import Looked, Recheck
from bot.research import Research
from bot.service import ChatService
from bot.sync import Sync
from bot.tasks import Supervisor, TaskDiedError
from bot.user_code import UserCode
from config import LogLevel, Settings
from config.logging import get_logger
from engine import plan
from engine.analytics.worker import ChartWorker
from engine.clock import SystemClock
from engine.core.alerts import Alert
from engine.core.events import DeskStopping, InstrumentChanged, StartTroubled
from engine.core.money import to_money
from engine.core.trader import Trader
from engine.indicators_kernels import library
from engine.live import Desk
from engine.marketdata import LiveCandles
from engine.recovery import restore
from storage.store import Store

_log = get_logger(__name__)
# Libraries that tell of every step; settings may turn them up again.
QUIETER = {"aiogram.event": LogLevel.WARNING, "apscheduler": LogLevel.WARNING}
# How long a clean stop waits for the message that says so.
_FAREWELL_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What is built before the desk: settings, the ground it stands on, store, what trades."""

    settings: Settings
    ground: Ground
    store: Store
    trading: Trading


async def open_wiring(settings: Settings, market: MarketPlan | None = None) -> Wiring:
    """Open market (as in `open_ground`) and store; raises what `open_ground`, `Store.open` and `trading` do."""
    wanted = trading(settings, tag=new_tag())
    symbols = plan.symbols(wanted.account, wanted.strategies)
    async with AsyncExitStack() as undo:
        ground = await open_ground(settings, market, symbols, SystemClock())
        undo.push_async_callback(ground.close)
        found = {p.name: await ground.largest(p.largest * 3 // 2) for p in wanted.account.profiles if p.largest}
        store = await Store.open(
            settings.database,
            mode=settings.desk_mode.value,
            account=settings.desk_name,
            instruments=ground.instruments.values(),
            state_dir=settings.desk_state_dir,
        )
        undo.push_async_callback(store.close)
        what = trading(settings, tag=await install_tag(store)).following(found)
        what = what.only(ground.instruments, base_ms=ground.base_ms)
        what = replace(what, account=replace(what.account, prices=ground.prices))
        undo.pop_all()
    return Wiring(settings=settings, ground=ground, store=store, trading=what)


async def install_tag(store: Store) -> str:
    """Return this installation's tag for order ids, making it the first time."""
    known = await store.settings.get(TAG_KEY)
    if isinstance(known, str):
        return known
    tag = new_tag()
    await store.settings.set(TAG_KEY, tag)
    return tag


class App:
    """One running desk. `await run()` returns after a clean stop and raises TaskDiedError after a death."""

    def __init__(self, wiring: Wiring, *, on_ready: Callable[[], None] = lambda: None) -> None:
        self._wiring = wiring
        self._on_ready = on_ready
        self._clock = SystemClock()
        self.supervisor = Supervisor()
        self._desk: Desk | None = None
        self._chat: ChatService | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self.claim_code: str | None = None
        self._failure: BaseException | None = None
        self._stops: list[Callable[[], Any]] = [wiring.ground.close, wiring.store.close]

    async def run(self) -> None:
        """Start everything, watch it, stop it."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._broken)
        try:
            await self._start()
            self._on_ready()
            gc.collect()
            gc.freeze()
            await self.supervisor.run()
            if self._failure is not None:
                raise TaskDiedError("unwatched", self._failure) from self._failure
        finally:
            for stop in reversed(self._stops):
                await stop()

    def stop_on_signals(self) -> None:
        """Let Ctrl-C and SIGTERM end the desk cleanly."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._leave)

    def _wake(self) -> None:
        if self._chat is not None:
            self._chat.wake_outbox()

    def _urgent(self, alert: Alert) -> None:
        if self._chat is not None:
            task = asyncio.create_task(self._chat.urgent(alert))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def _leave(self) -> None:
        if self._leaving is not None or self._desk is None:
            # Asked a second time, or before there was a desk: at once.
            self.supervisor.request_stop()
            return
        self._leaving = asyncio.create_task(self._farewell(self._desk))

    async def _farewell(self, desk: Desk) -> None:
        """Tell the people that the desk stops, give the message a moment, stop."""
        desk.put(DeskStopping(desk.trader.workspace.now_ms))
        until = self._clock.monotonic() + _FAREWELL_S
        await desk.settle()
        while (await self._wiring.store.outbox.counts()).get("pending") and self._clock.monotonic() < until:
            await self._clock.sleep(0.1)
        self.supervisor.request_stop()

    async def _start(self) -> None:
        wiring = self._wiring
        exchange = wiring.ground.account(wiring.trading.account, wiring.settings)
        state = await restore(wiring.store.journal)
        trader = Trader(wiring.trading.account, wiring.trading.strategies, state)
        # The chat is made below: it needs the desk, whose journal wakes it.
        journal = WakingJournal(wiring.store.journal, self._wake, self._urgent)
        desk = Desk(trader, exchange, journal, self._clock)
        self._desk = desk
        self._stops.append(desk.close)
        wiring.store.watch(desk.on_store)
        charts = ChartWorker()
        research = Research(wiring.trading, wiring.ground, to_money(wiring.settings.initial_balance))
        self._stops += [charts.close, research.close]
        health = Health(desk, wiring.store, self.supervisor, wiring.settings.desk_state_dir)
        chat = ChatService(
            wiring.settings, wiring.store, desk, charts=charts, research=research, health=health, sync=_sync(wiring)
        )
        self._chat = chat
        self._stops.append(chat.stop)
        await asyncio.to_thread(library)
        await self._start_desk(desk)
        await chat.start()
        self.claim_code = chat.claim_code
        for name, work in chat.tasks(self.supervisor):
            self.supervisor.start(name, work)
        pulse = pulse_file.keep(
            wiring.settings.desk_state_dir / pulse_file.FILE, health.brief, self.supervisor.heartbeat("pulse")
        )
        self.supervisor.start("pulse", pulse)

    async def _start_desk(self, desk: Desk) -> None:
        wiring, ground = self._wiring, self._wiring.ground
        known_ms = desk.trader.workspace.now_ms
        ground.remember(desk.trader.workspace.state.held_instruments())
        begin_ms = ground.begin_ms(known_ms)
        candles = LiveCandles(
            plan.needs(wiring.trading.account, wiring.trading.strategies), ground.instruments, base_ms=ground.base_ms
        )
        for length_ms, symbols in candles.histories():
            candles.seed(await ground.history(begin_ms, length_ms, symbols))
        desk.find_candles = candles.columns
        for instrument in ground.instruments.values():
            desk.put(InstrumentChanged(instrument, known_ms))
        if wiring.store.findings:
            desk.put(StartTroubled("; ".join(wiring.store.findings), known_ms))
        begin = self.supervisor.start
        begin("desk", desk.consume(self.supervisor.heartbeat("desk")))
        await desk.start()
        if not ground.lockstep:
            begin("clock", desk.tick(self.supervisor.heartbeat("clock")))
        begin("reconciliation", desk.reconcile(self.supervisor.heartbeat("reconciliation")))
        begin("market", ground.run(desk, candles, begin_ms, self.supervisor.heartbeat("market")))
        code = UserCode(desk, wiring.settings, wiring.trading.blocked)
        self._stops.append(code.close)
        if code.start():
            begin("strategies", code.run(self._clock, self.supervisor.heartbeat("strategies")))
        if isinstance(desk.exchange, Looked):
            recheck = Recheck(desk.exchange, desk.put, self._clock, lambda: desk.trader.workspace.now_ms)
            begin("recheck", recheck.run(self.supervisor.heartbeat("recheck")))
        recorder = EquityRecorder(desk, wiring.store.queries)
        begin("equity", recorder.run(self.supervisor.heartbeat("equity")))

    def _broken(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # Something failed where nobody awaits it: a programming error. The process ends, and starts again by recovery.
        loop.default_exception_handler(context)
        error = context.get("exception")
        if error is not None:
            _log.critical("unhandled error", exc_info=error)
            self._failure = error
            self.supervisor.request_stop()


def _sync(wiring: Wiring) -> Sync | None:
    past = wiring.ground.past
    if past is None:
        return None
    return Sync(past.caller, wiring.store, wiring.trading.account, past.time.now_ms)
