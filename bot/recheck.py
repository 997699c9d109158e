"""The exchange account and its key, looked at again and again: what became worse holds entries or is told; so is that
it was mended.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from config.logging import get_logger
from engine.clock import Clock
from engine.core.events import AccountTroubled, Event
from engine.core.feed_events import AccountMended
from engine.exchanges.base import QueryFailedError

if TYPE_CHECKING:
    from engine.exchanges.bybit.checks import Finding

_log = get_logger(__name__)
_DAY_S = 86_400.0
_AGAIN_S = 600.0
_BEAT_S = 60.0
_STOP = "stop"


@runtime_checkable
class Looked(Protocol):
    """An exchange whose account can be looked at; `findings` are those of its newest look, the first one told by it."""

    findings: "list[Finding]"

    async def look(self) -> "list[Finding]":
        """Look now; raises QueryFailedError."""


def faults(exchange: object) -> tuple[str, ...]:
    """Return what was grave at the newest look of an exchange's own; nothing for one that cannot be looked at."""
    if not isinstance(exchange, Looked):
        return ()
    return tuple(str(each) for each in exchange.findings if each.grade == _STOP)


class Recheck:
    """Looks once a day, and every ten minutes while something is grave: what is mended is known soon. Grave findings
    count once until they are gone; warnings are told once a day.

    `unfit` is called when something grave is found where nothing was before, at the start included.
    """

    def __init__(
        self,
        account: Looked,
        put: Callable[[Event], None],
        clock: Clock,
        now_ms: Callable[[], int],
        *,
        unfit: Callable[[], None] = lambda: None,
    ) -> None:
        self._account = account
        self._unfit = unfit
        self._put = put
        self._clock = clock
        self._now_ms = now_ms
        self._grave: set[str] = set()
        self._failed = self._looked = False
        self._warned_s = -math.inf

    async def run(self, beat: Callable[[], None] = lambda: None) -> None:
        """Tell the warnings of the start, then look for ever."""
        while True:
            await self._wait(beat)
            try:
                found = await self._account.look()
            except QueryFailedError as error:
                _log.warning("the account could not be looked at", why=str(error))
                self._failed = True
            else:
                self._failed, self._looked = False, True
                self._compare(found)
                self._account.findings = found
                self._warn(found)

    async def _wait(self, beat: Callable[[], None]) -> None:
        began = self._clock.monotonic()
        while True:
            beat()
            # An exchange that was away at the start is looked at, and told of, as soon as it answers: not by this task.
            self._know(set(faults(self._account)))
            pause_s = _AGAIN_S if self._grave or self._failed else _DAY_S
            left = began + pause_s - self._clock.monotonic()
            if left <= 0:
                return
            if not self._looked:
                self._warn(self._account.findings)
            await self._clock.sleep(min(left, _BEAT_S))

    def _compare(self, found: "Sequence[Finding]") -> None:
        grave = [str(each) for each in found if each.grade == _STOP]
        if news := [each for each in grave if each not in self._grave]:
            self._put(AccountTroubled("; ".join(news), self._now_ms()))
        elif self._grave and not grave:
            self._put(AccountMended(self._now_ms()))
        self._know(set(grave))

    def _know(self, grave: set[str]) -> None:
        before, self._grave = self._grave, grave
        if grave and not before:
            self._unfit()

    def _warn(self, found: "Sequence[Finding]") -> None:
        light = [str(each) for each in found if each.grade != _STOP]
        if light and self._clock.monotonic() - self._warned_s >= _DAY_S:
            self._warned_s = self._clock.monotonic()
            self._put(AccountTroubled("; ".join(light), self._now_ms(), grave=False))
