"""One account, running: its desk with candles, market and equity, started in order."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from bot.contradictions import contradictions
from bot.equity import EquityRecorder
from bot.going_live import is_confirmed, lock
from bot.newcomers import Newcomers
from bot.outbox_wake import WakingJournal
from bot.recheck import Looked, Recheck
from bot.tasks import Supervisor, alive
from bot.user_code import UserCode
from bot.wiring import AccountWiring, recorded
from config import DeskMode
from config.logging import get_logger
from engine import plan
from engine.candles import Columns
from engine.clock import Clock
from engine.core.alerts import Alert
from engine.core.events import InstrumentChanged, StartTroubled
from engine.core.feed_events import Contradicted
from engine.core.money import to_money
from engine.core.profile import with_added
from engine.core.trader import Trader
from engine.exchanges.base import QueryFailedError
from engine.journal import JournalUnavailable
from engine.live import Desk
from engine.marketdata import LiveCandles, Stretch, nearest_tick
from engine.recovery import restore

_log = get_logger(__name__)
_ASK_AGAIN_S, _ASK_AGAIN_MOST_S = 2.0, 15.0
_LOOK_S = 0.02


class AccountDesk:
    """Made by `restored`; `start` begins its tasks, `on_warm` is called when the candles of the past are there. `label`
    follows task names where there are several accounts.
    """

    def __init__(self, wiring: AccountWiring, desk: Desk, clock: Clock, label: str) -> None:
        self.wiring, self.desk, self._clock, self._label = wiring, desk, clock, label
        self._code: UserCode | None = None
        self.on_warm: Callable[[], None] = lambda: None
        self._warm = False

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
        # What people added is part of the market before the account is opened on it.
        wiring.ground.follow([symbol for added in state.symbols_added.values() for symbol in added])
        # Before the account: a paper one must count what is held as the books do.
        wiring.ground.remember(state.held_instruments())
        exchange = wiring.ground.account(with_added(wiring.trading.account, state.symbols_added), wiring.settings)
        trader = Trader(wiring.trading.account, wiring.trading.strategies, state)
        desk = Desk(trader, exchange, WakingJournal(wiring.store.journal, wake, urgent), clock)
        wiring.store.watch(desk.on_store)
        return cls(wiring, desk, clock, label)

    def task(self, name: str) -> str:
        """The name of a task of this account."""
        return f"{name} {self._label}".strip()

    async def start(self, supervisor: Supervisor) -> None:
        """Let the exchange's events in and run: what is held is looked after at once, the market follows when its
        candles are there.
        """
        wiring, ground, desk = self.wiring, self.wiring.ground, self.desk
        known_ms = desk.trader.workspace.now_ms
        begin_ms = ground.begin_ms(known_ms)
        await self._hold_live()
        for instrument in ground.instruments.values():
            desk.put(InstrumentChanged(instrument, known_ms))
        apart = set(recorded(wiring.settings))
        desk.find_listed = lambda: ground.book.keys() - apart
        if wiring.store.findings:
            desk.put(StartTroubled("; ".join(wiring.store.findings), known_ms))
        begin, beat, task = supervisor.start, supervisor.heartbeat, self.task
        begin(task("desk"), desk.consume(beat(task("desk"))))
        await desk.start()
        if not ground.lockstep:
            begin(task("clock"), desk.tick(beat(task("clock"))))
        begin(task("reconciliation"), desk.reconcile(beat(task("reconciliation"))))
        begin(task("market"), self._market(supervisor, begin_ms))
        self._watch(supervisor)
        begin(task("equity"), EquityRecorder(desk, wiring.store.queries).run(beat(task("equity"))))

    async def known(self) -> None:
        """Wait until account, prices and candles are known."""
        ws = self.desk.trader.workspace
        while not (self._warm and ws.compared and ws.measurable and ws.heard):
            await self._clock.sleep(_LOOK_S)

    async def _market(self, supervisor: Supervisor, begin_ms: int) -> None:
        """Load the candles of the past, then deliver the market for ever."""
        wiring, ground, desk = self.wiring, self.wiring.ground, self.desk
        beat, trader = supervisor.heartbeat(self.task("market")), desk.trader.workspace
        wanted = plan.needs(trader.account, trader.strategies)
        candles = LiveCandles(wanted, ground.instruments, base_ms=ground.base_ms)
        await alive(self._load(candles, begin_ms), beat)
        desk.find_candles = candles.columns
        for waits in candles.warming():
            desk.put(waits)
        for found in self._contradictions(candles):
            desk.put(found)
        if ground.frames:
            apart = recorded(wiring.settings)
            newcomers, name = Newcomers(desk, ground, candles, self._clock, apart=apart), self.task("newcomers")
            supervisor.start(name, newcomers.run(supervisor.heartbeat(name)))
        self._warm = True
        self.on_warm()
        await ground.run(desk, candles, begin_ms, beat)

    async def _load(self, candles: LiveCandles, begin_ms: int) -> None:
        for stretch in candles.histories(self.wiring.ground.frames):
            for columns in await self._past(stretch, begin_ms):
                candles.seed([columns])
                # Symbol by symbol: what is held is being looked after meanwhile.
                await asyncio.sleep(0)

    async def _past(self, stretch: Stretch, begin_ms: int) -> Sequence[Columns]:
        wait_s = _ASK_AGAIN_S
        while True:
            try:
                return await self.wiring.ground.history(begin_ms, stretch.length_ms, stretch.symbols, stretch.timeframe)
            except QueryFailedError as error:
                _log.warning("no candles of the past; asked again soon", why=str(error), wait_s=wait_s)
                await self._clock.sleep(wait_s)
                wait_s = min(wait_s * 2, _ASK_AGAIN_MOST_S)

    def _contradictions(self, candles: LiveCandles) -> list[Contradicted]:
        wiring, ws = self.wiring, self.desk.trader.workspace
        base_ms, prices = wiring.ground.base_ms, dict[str, int]()
        for symbol, instrument in wiring.ground.instruments.items():
            last = candles.columns(symbol, base_ms, 1)
            if last is not None:
                prices[symbol] = nearest_tick(float(last.close[-1]), instrument)
        found = contradictions(
            ws.account,
            ws.strategies,
            instruments=wiring.ground.instruments,
            prices=prices,
            equity=ws.equity() if ws.measurable else to_money(wiring.settings.initial_balance),
            absent=wiring.absent,
        )
        for each in found:
            _log.warning("settings that do not go together", profile=each.profile, found=each.found)
        return found

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
