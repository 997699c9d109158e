"""Symbols that come to a profile while the desk runs: the largest by turnover each UTC day, and what people add."""

from collections.abc import Callable, Collection

from bot.ground import Ground
from bot.tasks import alive
from config.logging import get_logger
from engine import plan
from engine.clock import Clock
from engine.core.feed_events import SymbolsChanged
from engine.core.market import day_start
from engine.core.profile import Account, Profile, trading_on
from engine.exchanges.base import QueryFailedError
from engine.live import Desk
from engine.marketdata import LiveCandles

_log = get_logger(__name__)
_LOOK_S, _AGAIN_S = 5.0, 60.0


def wanted(profile: Profile) -> int:
    """Return how many symbols are followed for a profile: more than it enters, so that ranks may change in a day."""
    return profile.largest * 3 // 2


class Newcomers:
    """Begins with symbols that were added or became one of the largest; `apart` are those that nobody may trade. What
    left the ranks is followed on: something may be held there, and it may come back.
    """

    def __init__(
        self, desk: Desk, ground: Ground, candles: LiveCandles, clock: Clock, *, apart: Collection[str] = ()
    ) -> None:
        self._desk, self._ground, self._candles, self._clock = desk, ground, candles, clock
        self._apart = frozenset(apart)

    @property
    def _account(self) -> Account:
        return self._desk.trader.workspace.account

    async def run(self, beat: Callable[[], None] = lambda: None) -> None:
        """Look for what was added, and at the beginning of every UTC day of the market for what is large; for ever.
        What could not be read is asked for again.
        """
        day = self._day()
        while True:
            beat()
            await self._clock.sleep(_LOOK_S)
            now = self._day()
            well = await alive(self.take_added(), beat)
            if well and now != day:
                well = await alive(self.renew(), beat)
                day = now if well else day
            if not well:
                await self._pause(beat)

    def _day(self) -> int:
        return day_start(self._desk.trader.workspace.now_ms)

    async def _pause(self, beat: Callable[[], None]) -> None:
        until = self._clock.monotonic() + _AGAIN_S
        while self._clock.monotonic() < until:
            beat()
            await self._clock.sleep(_LOOK_S)

    async def take_added(self) -> bool:
        """Begin with what people added to profiles; False when something could not be read."""
        for profile in self._account.profiles:
            added = self._desk.trader.workspace.state.symbols_added.get(profile.name, ())
            fresh = tuple(s for s in added if s not in {*profile.symbols, *self._apart} and s in self._ground.book)
            if fresh and not await self._begun(profile, fresh):
                return False
        return True

    async def renew(self) -> bool:
        """Look once; False when something could not be read."""
        for profile in self._account.profiles:
            if profile.largest and not await self._renewed(profile):
                return False
        return True

    async def _renewed(self, profile: Profile) -> bool:
        found = await self._ground.largest(wanted(profile))
        fresh = tuple(symbol for symbol in found if symbol not in {*profile.symbols, *self._apart})
        # Even without newcomers: the day's symbols are chosen anew, by what was just told of their turnover.
        return await self._begun(profile, fresh) and bool(found)

    async def _begun(self, profile: Profile, fresh: tuple[str, ...]) -> bool:
        try:
            if fresh:
                await self._begin(profile, fresh)
        except QueryFailedError as error:
            _log.warning("candles of new symbols could not be read; asked again soon", why=str(error))
            return False
        self._desk.put(SymbolsChanged(profile.name, (*profile.symbols, *fresh)))
        return True

    async def _begin(self, profile: Profile, fresh: tuple[str, ...]) -> None:
        account = trading_on(self._account, profile.name, (*profile.symbols, *fresh))
        instruments = {symbol: self._ground.book[symbol] for symbol in fresh}
        needs = plan.needs(account, self._desk.trader.workspace.strategies)
        self._candles.extend([need for need in needs if need.symbol in fresh], instruments)
        begin_ms = self._ground.begin_ms(0)
        for stretch in self._candles.histories(self._ground.frames, fresh):
            history = await self._ground.history(begin_ms, stretch.length_ms, stretch.symbols, stretch.timeframe)
            self._candles.seed(history)
        self._ground.follow(fresh)
        for told in self._candles.warming():
            self._desk.put(told)
