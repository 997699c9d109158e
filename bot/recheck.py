"""The exchange account and its key, looked at again every day: what has become worse holds entries or is told."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from config.logging import get_logger
from engine.clock import Clock
from engine.core.events import AccountTroubled, Event
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
    """Looks once a day. Grave findings count once until they are gone; warnings are told at every look.

    `unfit` is called at every look, that of the start included, that found something grave.
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
        self._looked = self._was_unfit = False

    async def run(self, beat: Callable[[], None] = lambda: None) -> None:
        """Tell the warnings of the start, then look for ever."""
        self._take(self._account.findings, known=self._account.findings)
        wait_s = _DAY_S
        while True:
            await self._sleep(wait_s, beat)
            # What could not be looked at when the desk started was looked at, and told, a little later.
            known = () if self._looked else self._account.findings
            try:
                found = await self._account.look()
            except QueryFailedError as error:
                _log.warning("the account could not be looked at", why=str(error))
                wait_s = _AGAIN_S
            else:
                self._take(found, known=known)
                self._account.findings = found
                self._looked, wait_s = True, _DAY_S

    async def _sleep(self, seconds: float, beat: Callable[[], None]) -> None:
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0:
            beat()
            # An exchange that was away at the start is looked at as soon as it answers, and not by this task.
            if not self._was_unfit and faults(self._account):
                self._was_unfit = True
                self._unfit()
            await self._clock.sleep(min(left, _BEAT_S))

    def _take(self, found: "Sequence[Finding]", *, known: "Sequence[Finding]") -> None:
        grave = {str(each): None for each in found if each.grade == _STOP}
        news = [each for each in grave if each not in self._grave | {str(old) for old in known}]
        self._grave = set(grave)
        if grave:
            self._was_unfit = True
            self._unfit()
        light = [str(each) for each in found if each.grade != _STOP]
        if news:
            self._put(AccountTroubled("; ".join(news), self._now_ms()))
        if light:
            self._put(AccountTroubled("; ".join(light), self._now_ms(), grave=False))
