"""Requests with everything that follows from their answers: clock, limits, ban and health are dealt with here, and what
is left is a verdict.

Sent again is only what the exchange says it did not process, always as the same request with the same ids.
"""

import asyncio
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from engine.clock import Clock
from engine.core.events import VenueState
from engine.exchanges.bybit.codes import BAN_S, Action, Verdict, judge, operator_hint
from engine.exchanges.bybit.endpoints import SERVER_TIME, Endpoint
from engine.exchanges.bybit.health import Health
from engine.exchanges.bybit.rest import Reply, Rest
from engine.limiter import Lane

_RESET_UNSAID_S = 2.0
_RESET_LONGEST_S = 10.0
_BUSY_S = 0.5
_TRIES = 4
_QUERY_TRIES = 3
_QUERY_PAUSE_S = 0.3
# One lost answer is weather; this many in a row, or this long without one, is an outage.
_FAILURES_DEGRADED = 3
_DOWN_AFTER_S = 30.0
_AGAIN = frozenset({Verdict.CLOCK, Verdict.LIMITED, Verdict.BUSY})


class Said(NamedTuple):
    """A verdict and the reply it was made of."""

    verdict: Verdict
    reply: Reply

    @property
    def code(self) -> str:
        """The exchange's code, or the HTTP status where it gave none."""
        answer = self.reply.answer
        return str(answer.code if answer.code is not None else answer.status or "none")

    @property
    def why(self) -> str:
        """What happened, in the exchange's words where there are any."""
        return self.reply.answer.why or self.verdict.value


class Caller:
    """The one way to ask the exchange for something."""

    def __init__(self, rest: Rest, health: Health, clock: Clock) -> None:
        self.rest = rest
        self.health = health
        self._clock = clock
        self._failures = 0
        self._failing_since: float | None = None
        self._syncing: asyncio.Task[None] | None = None

    async def ask(
        self,
        action: Action,
        endpoint: Endpoint,
        params: Mapping[str, Any],
        lane: Lane,
        *,
        weight: int = 1,
        until_s: float = math.inf,
    ) -> Said:
        """Send a request, again where that cannot do it twice; questions also after lost answers. Nothing is sent after
        `until_s` of the monotonic clock.
        """
        before: Said | None = None
        for attempt in range(1, _TRIES + 1):
            reply = await self.rest.call(endpoint, params, lane, weight=weight, until_s=until_s)
            said = Said(judge(action, reply.answer), reply)
            if not reply.sent:
                if not reply.late:
                    # Perhaps another account of this address was told to be silent.
                    self._silent()
                # What the exchange was busy with may still be done: that nothing more left says nothing about it.
                return before if before is not None and before.verdict is Verdict.BUSY else said
            before = said
            self._learn(said, endpoint)
            if attempt == _TRIES or not await self._once_more(said, action, endpoint, attempt):
                return said
        raise AssertionError("the last attempt returns")

    async def _once_more(self, said: Said, action: Action, endpoint: Endpoint, attempt: int) -> bool:
        if said.verdict is Verdict.CLOCK:
            await self._resync()
        elif said.verdict is Verdict.LIMITED:
            self.rest.limiter.pause(endpoint.group, self._until_reset_s(said.reply.reset_ms))
        elif said.verdict is Verdict.BUSY:
            await self._clock.sleep(_BUSY_S)
        elif said.verdict is Verdict.UNKNOWN and action is Action.QUERY and attempt < _QUERY_TRIES:
            await self._clock.sleep(_QUERY_PAUSE_S * attempt)
        else:
            return False
        return True

    async def _resync(self) -> None:
        # Many requests may be refused at once; one measurement serves them all.
        if self._syncing is None or self._syncing.done():
            self.rest.time.signing.doubt()
            self._syncing = asyncio.create_task(self.sync_clock(Lane.EXIT))
        await asyncio.shield(self._syncing)

    async def sync_clock(self, lane: Lane = Lane.QUERY, *, samples: int = 3) -> None:
        """Measure the exchange's clock."""
        for _ in range(samples):
            await self.rest.call(SERVER_TIME, {}, lane)

    def _until_reset_s(self, reset_ms: int) -> float:
        if not reset_ms:
            return _RESET_UNSAID_S
        # The stamp may be in the past already, or nonsense.
        return min(max((reset_ms - self.rest.time.signing_ms()) / 1000, 0.0) + 0.05, _RESET_LONGEST_S)

    def _learn(self, said: Said, endpoint: Endpoint) -> None:
        answer = said.reply.answer
        if said.verdict is Verdict.BANNED:
            self.rest.limiter.silence(BAN_S)
            self._silent()
            return
        self.health.well("ban")
        if said.verdict is Verdict.FATAL and answer.code is not None and endpoint.signed:
            self.health.wrong("key", VenueState.DEGRADED, f"error {answer.code}: {operator_hint(answer.code)}")
        elif endpoint.signed and said.verdict is Verdict.DONE:
            self.health.well("key")
        if said.verdict is Verdict.UNKNOWN:
            self._failed(said)
        else:
            self._failures, self._failing_since = 0, None
            self.health.well("rest")

    def _silent(self) -> None:
        until = datetime.fromtimestamp(self._clock.wall_ms() / 1000 + self.rest.limiter.silent_s, UTC)
        why = f"the exchange asks for silence until {until:%H:%M} UTC (HTTP 403); closes wait for it"
        self.health.wrong("ban", VenueState.DOWN, why)

    def _failed(self, said: Said) -> None:
        now = self._clock.monotonic()
        self._failing_since = now if self._failing_since is None else self._failing_since
        self._failures += 1
        if now - self._failing_since >= _DOWN_AFTER_S and self._failures >= _FAILURES_DEGRADED:
            self.health.wrong("rest", VenueState.DOWN, f"the exchange has not answered for {_DOWN_AFTER_S:.0f} s")
        elif self._failures >= _FAILURES_DEGRADED:
            self.health.wrong("rest", VenueState.DEGRADED, f"the exchange does not answer ({said.why})")
