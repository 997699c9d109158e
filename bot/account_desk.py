"""One account, running: its desk with candles, market and equity, started in order."""

from collections.abc import Callable
from contextlib import suppress

from bot.equity import EquityRecorder
from bot.going_live import is_confirmed, lock
from bot.outbox_wake import WakingJournal
from bot.recheck import Looked, Recheck
from bot.tasks import Supervisor
from bot.user_code import UserCode
from bot.wiring import AccountWiring
from config import DeskMode
from engine import plan
from engine.clock import Clock
from engine.core.alerts import Alert
from engine.core.events import InstrumentChanged, StartTroubled
from engine.core.trader import Trader
from engine.journal import JournalUnavailable
from engine.live import Desk
from engine.marketdata import LiveCandles
from engine.recovery import restore


class AccountDesk:
    """Made by `restored`; `start` begins its tasks. `label` follows task names where there are several accounts."""

    def __init__(self, wiring: AccountWiring, desk: Desk, clock: Clock, label: str) -> None:
        self.wiring, self.desk, self._clock, self._label = wiring, desk, clock, label
        self._code: UserCode | None = None

    @classmethod
    async def restored(
        cls,
        wiring: AccountWiring,
        clock: Clock,
        *,
        wake: Callable[[], None],
        urgent: Callable[[Alert], None],
        label: str = "",
    ) -> "AccountDesk":
        """Restore the account's state from its journal; raises JournalUnavailable."""
        state = await restore(wiring.store.journal)
        # Before the account: a paper one must count what is held as the books do.
        wiring.ground.remember(state.held_instruments())
        exchange = wiring.ground.account(wiring.trading.account, wiring.settings)
        trader = Trader(wiring.trading.account, wiring.trading.strategies, state)
        desk = Desk(trader, exchange, WakingJournal(wiring.store.journal, wake, urgent), clock)
        wiring.store.watch(desk.on_store)
        return cls(wiring, desk, clock, label)

    def task(self, name: str) -> str:
        """The name of a task of this account."""
        return f"{name} {self._label}".strip()

    async def start(self, supervisor: Supervisor) -> None:
        """Seed the candles, let the exchange's events in, run."""
        wiring, ground, desk = self.wiring, self.wiring.ground, self.desk
        known_ms = desk.trader.workspace.now_ms
        begin_ms = ground.begin_ms(known_ms)
        wanted = plan.needs(wiring.trading.account, wiring.trading.strategies)
        candles = LiveCandles(wanted, ground.instruments, base_ms=ground.base_ms)
        for length_ms, symbols in candles.histories():
            candles.seed(await ground.history(begin_ms, length_ms, symbols))
        desk.find_candles = candles.columns
        await self._hold_live()
        for instrument in ground.instruments.values():
            desk.put(InstrumentChanged(instrument, known_ms))
        if wiring.store.findings:
            desk.put(StartTroubled("; ".join(wiring.store.findings), known_ms))
        begin, beat, task = supervisor.start, supervisor.heartbeat, self.task
        begin(task("desk"), desk.consume(beat(task("desk"))))
        await desk.start()
        if not ground.lockstep:
            begin(task("clock"), desk.tick(beat(task("clock"))))
        begin(task("reconciliation"), desk.reconcile(beat(task("reconciliation"))))
        begin(task("market"), ground.run(desk, candles, begin_ms, beat(task("market"))))
        self._watch(supervisor)
        begin(task("equity"), EquityRecorder(desk, wiring.store.queries).run(beat(task("equity"))))

    async def _hold_live(self) -> None:
        """Hold entries of a live account that nobody has confirmed, before anything else reaches the desk."""
        wiring = self.wiring
        if wiring.settings.desk_mode is not DeskMode.LIVE:
            return
        confirmed = False
        # A database that does not answer has confirmed nothing.
        with suppress(JournalUnavailable):
            confirmed = await is_confirmed(wiring.store.settings, wiring.name, wiring.fingerprint)
        if not confirmed:
            self._lock()

    def _unfit(self) -> None:
        """An account or key that is not fit to trade for real waits until it is, and then for a confirmation."""
        if self.wiring.settings.desk_mode is DeskMode.LIVE:
            self._lock()

    def _lock(self) -> None:
        now = self._clock.wall_ms()
        self.desk.ask(lock(now, f"start.{now}"))

    def _watch(self, supervisor: Supervisor) -> None:
        desk, wiring = self.desk, self.wiring
        code = self._code = UserCode(desk, wiring.settings, wiring.trading.blocked)
        name = self.task("strategies")
        if code.start():
            supervisor.start(name, code.run(self._clock, supervisor.heartbeat(name)))
        if isinstance(desk.exchange, Looked):
            recheck = Recheck(
                desk.exchange, desk.put, self._clock, lambda: desk.trader.workspace.now_ms, unfit=self._unfit
            )
            name = self.task("recheck")
            supervisor.start(name, recheck.run(supervisor.heartbeat(name)))

    async def close(self) -> None:
        """Stop watching the user's code and taking in events; the exchange's stops stay."""
        if self._code is not None:
            await self._code.close()
        await self.desk.close()
