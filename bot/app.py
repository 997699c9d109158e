"""The composition root: every object of a running desk, built once, started in order, stopped in reverse."""

import asyncio
import gc
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import bot.lazy_aiogram  # noqa: F401  # before anything else imports aiogram
from bot import pulse as pulse_file
from bot.account_desk import AccountDesk
from bot.disk import DiskRoom, DiskWatch
from bot.health import Health, brief
from bot.lease import LeaseKeeper
from bot.recheck import faults
from bot.research import Research
from bot.seats import Room
from bot.service import ChatService
from bot.sync import Sync
from bot.tasks import Supervisor, TaskDiedError
from bot.warm import warm_up
from bot.wiring import AccountWiring, Wiring, install_tag, open_wiring
from config import LogLevel
from config.logging import get_logger
from engine.analytics.worker import ChartWorker
from engine.clock import SystemClock
from engine.core.alerts import Alert, SystemAlert
from engine.core.events import DeskStopping
from engine.core.money import to_money
from engine.journal import JournalUnavailable
from storage.lease import LeaseLostError

__all__ = ["QUIETER", "App", "Wiring", "install_tag", "open_wiring"]
_log = get_logger(__name__)
# Libraries that tell of every step; settings may turn them up again.
QUIETER = {"aiogram.event": LogLevel.WARNING, "apscheduler": LogLevel.WARNING}
# How long a clean stop waits for the message that says so.
_FAREWELL_S = 2.0
# The first answers wait so long for their numbers: mostly they are there by then, and closing must not wait for them.
_NUMBERS_S = 3.0
# How long a process that lost an account tries to say so.
_LAST_WORDS_S = 5.0


class App:
    """All accounts of a process, in one chat. `await run()` returns after a clean stop and raises TaskDiedError after a
    death.
    """

    def __init__(self, wiring: Wiring, *, on_ready: Callable[[], None] = lambda: None) -> None:
        self._wiring = wiring
        self._on_ready = on_ready
        self._clock = SystemClock()
        self.supervisor = Supervisor()
        self._desks: list[AccountDesk] = []
        self._chat: ChatService | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self.claim_code: str | None = None
        self._failure: BaseException | None = None
        # The chat, and the candles of every account.
        self._missing = 1 + len(wiring.accounts)
        self._lost = False
        grounds = [account.ground.close for account in wiring.accounts]
        self._stops: list[Callable[[], Any]] = [*grounds, wiring.store.close, self._release]

    async def run(self) -> None:
        """Start everything, watch it, stop it."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._broken)
        try:
            await self._start()
            await self.supervisor.run()
            if self._failure is not None:
                raise TaskDiedError("unwatched", self._failure) from self._failure
        finally:
            for stop in reversed(self._stops):
                await stop()

    def _part_ready(self) -> None:
        self._missing -= 1
        if not self._missing:
            self._on_ready()
            # What is there now stays: later collections need not look at it.
            gc.freeze()

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
        if self._leaving is not None or not self._desks:
            # Asked a second time, or before there was a desk: at once.
            self.supervisor.request_stop()
            return
        self._leaving = asyncio.create_task(self._farewell())

    async def _farewell(self) -> None:
        """Tell the people that the desk stops, give the message a moment, stop."""
        desks = [account.desk for account in self._desks]
        for desk in desks:
            desk.put(DeskStopping(desk.trader.workspace.now_ms))
        until = self._clock.monotonic() + _FAREWELL_S
        await asyncio.gather(*(desk.settle() for desk in desks))
        while (await self._wiring.store.outbox.counts()).get("pending") and self._clock.monotonic() < until:
            await self._clock.sleep(0.1)
        self.supervisor.request_stop()

    async def _start(self) -> None:
        several = len(self._wiring.accounts) > 1
        for account in self._wiring.accounts:
            # The chat is made below: it needs the desks, whose journals wake it.
            made = await AccountDesk.restored(
                account, self._clock, wake=self._wake, urgent=self._urgent, label=account.name if several else ""
            )
            made.on_warm = self._part_ready
            self._stops.append(made.close)
            self._desks.append(made)
        chat = self._chat = self._made_chat()
        self._stops.append(chat.stop)
        await asyncio.to_thread(warm_up)
        # Here nothing trades yet that a collection could hold up.
        gc.collect()
        self.supervisor.start("storage", self._storage())
        for account_desk in self._desks:
            self._keep_lease(account_desk)
            await account_desk.start(self.supervisor)
        await chat.start()
        self.claim_code = chat.claim_code
        for name, work in chat.tasks(self.supervisor):
            self.supervisor.start(name, work)
        with suppress(TimeoutError):
            async with asyncio.timeout(_NUMBERS_S):
                await asyncio.gather(*(account_desk.known() for account_desk in self._desks))
        for name, work in chat.answering(self.supervisor):
            self.supervisor.start(name, work)
        path, beat = self._wiring.settings.desk_state_dir / pulse_file.FILE, self.supervisor.heartbeat("pulse")
        disk = DiskWatch(
            DiskRoom(free=self._free_bytes, shot=self._desks[0].desk.snapshot, tell=chat.alert), self._clock
        )
        self.supervisor.start("disk", disk.run(self.supervisor.heartbeat("disk")))
        self.supervisor.start("pulse", pulse_file.keep(path, self._brief, beat))
        self._part_ready()

    def _made_chat(self) -> ChatService:
        charts, settings = ChartWorker(), self._wiring.settings
        self._stops.append(charts.close)
        rooms = [self._room(account) for account in self._desks]
        return ChatService(settings, rooms, charts=charts, health=self._health(self._desks[0]))

    def _room(self, account: AccountDesk) -> Room:
        wiring = account.wiring
        research = Research(wiring.trading, wiring.ground, to_money(wiring.settings.initial_balance))
        self._stops.append(research.close)
        return Room(
            store=wiring.store,
            desk=account.desk,
            research=research,
            health=self._health(account),
            sync=_sync(wiring),
            fingerprint=wiring.fingerprint,
            faults=lambda: faults(account.desk.exchange),
            tell=account.desk.put,
        )

    def _health(self, account: AccountDesk) -> Health:
        return Health(account.desk, account.wiring.store, self.supervisor, self._wiring.settings.desk_state_dir)

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self._wiring.settings.desk_state_dir).free

    def _brief(self) -> dict[str, Any]:
        return brief([self._health(account) for account in self._desks])

    # Leases

    def _keep_lease(self, account: AccountDesk) -> None:
        keeper = LeaseKeeper(account.wiring.store.lease, self._clock, self._taken_over)
        name = account.task("lease")
        self.supervisor.start(name, keeper.run(self.supervisor.heartbeat(name)))

    async def _storage(self) -> None:
        """End with the writer: without it nothing becomes durable any more."""
        beat = self.supervisor.heartbeat("storage")
        while not (task := self._wiring.store.task).done():
            beat()
            await asyncio.wait([task], timeout=1.0)
        try:
            task.result()
        except LeaseLostError as error:
            await self._taken_over(str(error))
            raise

    async def _taken_over(self, why: str) -> None:
        """Stop all entries at once and say why, past a database that belongs to somebody else now."""
        self._lost = True
        for account in self._desks:
            account.desk.on_store(False, why)
        if self._chat is None:
            return
        shot = self._desks[0].desk.snapshot()
        detail = f"{why}. This process opens nothing more and ends; stops on the exchange stay."
        title = "An account was taken over by another process"
        alert = SystemAlert(
            account=shot.account,
            mode=shot.mode,
            at_ms=shot.market_ms,
            topic="lease",
            title=title,
            detail=detail,
            critical=True,
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await self._chat.last_words(alert, detail)

    async def _release(self) -> None:
        """Let another process take the accounts at once."""
        if self._lost:
            return
        with suppress(JournalUnavailable):
            for account in self._wiring.accounts:
                await account.store.lease.release()

    def _broken(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # Something failed where nobody awaits it: a programming error. The process ends, and starts again by recovery.
        loop.default_exception_handler(context)
        error = context.get("exception")
        if error is not None:
            _log.critical("unhandled error", exc_info=error)
            self._failure = error
            self.supervisor.request_stop()


def _sync(wiring: AccountWiring) -> Sync | None:
    past = wiring.ground.past
    if past is None:
        return None
    return Sync(past.caller, wiring.store, wiring.trading.account, past.time.now_ms)
