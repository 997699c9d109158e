"""Everything a local venue holds together: clock, market, accounts, limits, faults, log, connections."""

import asyncio
from dataclasses import dataclass, field

from bot.localvenue import ticking
from bot.localvenue.account import Account
from bot.localvenue.board import Board
from bot.localvenue.config import LocalVenueConfig
from bot.localvenue.faults import Faults
from bot.localvenue.feed import Feed
from bot.localvenue.hub import Hub
from bot.localvenue.publisher import Publisher
from bot.localvenue.ratelimit import RateLimiter
from bot.localvenue.requestlog import RequestLog
from bot.localvenue.timing import VenueClock


@dataclass(slots=True, kw_only=True)
class Core:
    """The parts that requests, sockets and the control API share."""

    config: LocalVenueConfig
    clock: VenueClock
    board: Board
    accounts: dict[str, Account]
    faults: Faults
    hub: Hub
    publisher: Publisher
    feed: Feed
    limiter: RateLimiter
    log: RequestLog = field(default_factory=RequestLog)
    _due: set[tuple[str, str]] = field(default_factory=set)

    def now_ms(self) -> int:
        """Return the market's time."""
        return self.feed.now_ms()

    def soon(self, account: Account, symbol: str) -> None:
        """Match a symbol and push the messages shortly, after the answer to the present request has left."""
        place = (account.identity.key, symbol)
        if place not in self._due:
            self._due.add(place)
            asyncio.get_running_loop().call_later(self.config.match_delay_s, self._match, account, symbol)

    def _match(self, account: Account, symbol: str) -> None:
        self._due.discard((account.identity.key, symbol))
        if symbol:
            ticking.match(account, symbol, self.now_ms())
        account.flush()
