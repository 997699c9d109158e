"""Carries effects to the exchange and outcomes back as events. Entries wait until their intent is durable; nothing else
waits.

A request that was handed to the exchange is never abandoned half-way: its outcome, or that it is unknown, always
returns.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from engine.clock import Clock
from engine.core.effects import (
    CancelOrder,
    Effect,
    PlaceOrder,
    QueryAccount,
    QueryOrder,
    QueryTransfers,
    SetProtection,
)
from engine.core.events import (
    Event,
    OrderAccepted,
    OrderOutcomeUnknown,
    OrderRejected,
    OrderSent,
    OrderUnsent,
    ProtectionRefused,
)
from engine.core.orders import Purpose, Ticket
from engine.exchanges.base import EXPIRED, Accepted, Exchange, QueryFailedError, Rejected
from engine.journal import JournalUnavailable

type Put = Callable[[Event], None]
type Durable = asyncio.Future[int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long an entry may wait to be sent; how long to wait after a question that failed, and at least between two
    answers about the whole account.
    """

    entry_ttl_s: float = 10.0
    retry_s: float = 2.0
    spacing_s: float = 1.0


class Courier:
    """One account's way to its exchange. `idle` is set while nothing is under way."""

    def __init__(self, exchange: Exchange, put: Put, clock: Clock, since: Callable[[], int], terms: Terms) -> None:
        self._exchange = exchange
        self._put = put
        self._clock = clock
        self._since = since
        self._terms = terms
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: dict[str, Ticket] = {}
        self._sending: set[str] = set()
        self._recalled: set[str] = set()
        self._asking = self._wanted = self._closed = False
        self._answered_s = -terms.spacing_s
        self.idle = asyncio.Event()
        self.idle.set()

    def carry(self, effect: Effect, durable: Durable, since_s: float | None = None) -> None:
        """Begin to carry one effect out; `durable` is the journal's promise for the facts of its step, `since_s` the
        monotonic time at which what decided it came in (now, unless given). Once closed, nothing is sent: what was
        decided is in the journal for the next start.
        """
        if self._closed:
            return
        match effect:
            case PlaceOrder(ticket=ticket) if ticket.purpose is Purpose.ENTRY:
                self._waiting[ticket.link_id] = ticket
                self._begin(self._enter(ticket, durable, self._until(since_s)))
            case PlaceOrder(ticket=ticket):
                self._begin(self._place(ticket))
            case CancelOrder(link_id=link_id, symbol=symbol):
                self._recall(link_id, symbol)
            case SetProtection():
                self._begin(self._protect(effect))
            case QueryOrder():
                self._begin(self._ask_order(effect))
            case QueryAccount():
                self._want_account()
            case QueryTransfers(since_ms=since_ms):
                self._begin(self._ask_transfers(since_ms))
            case _:
                pass

    def _until(self, since_s: float | None) -> float:
        return (self._clock.monotonic() if since_s is None else since_s) + self._terms.entry_ttl_s

    def _recall(self, link_id: str, symbol: str) -> None:
        ticket = self._waiting.pop(link_id, None)
        if ticket is not None:
            self._put(OrderUnsent(link_id, "cancelled before it was sent", ticket.decided_ms))
        elif link_id in self._sending:
            # On its way: a cancel that overtook it would find nothing, and the order would live.
            self._recalled.add(link_id)
        else:
            self._begin(self._cancel(link_id, symbol))

    def _want_account(self) -> None:
        # Wanted again while an answer is on its way: that answer may be older than the reason for asking.
        self._wanted = True
        if not self._asking:
            self._asking = True
            self._begin(self._ask_account())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        self.idle.clear()
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not self._tasks:
            self.idle.set()
        if not task.cancelled() and task.exception() is not None:
            # A programming error in an adapter: let the loop's handler, and with it the supervisor, have it.
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a request to the exchange broke", "exception": task.exception(), "task": task}
            )

    async def _enter(self, ticket: Ticket, durable: Durable, until_s: float) -> None:
        why = await self._made_durable(durable)
        if self._waiting.pop(ticket.link_id, None) is None:
            return
        if not why and self._clock.monotonic() > until_s:
            why = f"expired: waited over {self._terms.entry_ttl_s:g} s"
        if why:
            self._put(OrderUnsent(ticket.link_id, why, ticket.decided_ms))
            return
        await self._place(ticket, until_s)

    async def _made_durable(self, durable: Durable) -> str:
        if durable is None:
            return "its intent was not recorded"
        try:
            # Bare: a shield would cost a turn of the loop. Only an end of the whole desk cancels this.
            await durable
        except JournalUnavailable as error:
            return f"the journal cannot be written: {error}"
        return ""

    async def _place(self, ticket: Ticket, until_s: float = math.inf) -> None:
        at_ms = ticket.decided_ms
        self._put(OrderSent(ticket.link_id, at_ms))
        self._sending.add(ticket.link_id)
        try:
            outcome = await self._exchange.place(ticket, until_s)
        finally:
            self._sending.discard(ticket.link_id)
        match outcome:
            case Accepted(order_id=order_id):
                self._put(OrderAccepted(ticket.link_id, order_id, at_ms))
            case Rejected(code=code, reason=reason) if code == EXPIRED:
                self._put(OrderUnsent(ticket.link_id, reason, at_ms))
            case Rejected(code=code, reason=reason):
                self._put(OrderRejected(ticket.link_id, code, reason, at_ms))
            case _:
                self._put(OrderOutcomeUnknown(ticket.link_id, outcome.why, at_ms))
        if ticket.link_id in self._recalled:
            self._recalled.discard(ticket.link_id)
            await self._cancel(ticket.link_id, ticket.symbol)

    async def _cancel(self, link_id: str, symbol: str) -> None:
        # Whatever is answered, the order's own news or the next reconciliation says what became of it.
        await self._exchange.cancel(link_id, symbol)

    async def _protect(self, wanted: SetProtection) -> None:
        outcome = await self._exchange.protect(wanted.symbol, wanted.stop, wanted.target, wanted.trail)
        if isinstance(outcome, Rejected):
            self._put(ProtectionRefused(wanted.symbol, f"{outcome.code}: {outcome.reason}", 0))

    async def _ask_order(self, question: QueryOrder) -> None:
        answer = await _answered(self._exchange.order(question.link_id, question.symbol, question.sent_ms))
        if answer is not None:
            self._put(answer)

    async def _ask_transfers(self, since_ms: int) -> None:
        answer = await _answered(self._exchange.transfers(since_ms))
        if answer is not None:
            self._put(answer)

    async def _ask_account(self) -> None:
        try:
            while self._wanted:
                # A question whose answer raises the same question would else be asked without a pause.
                early = self._answered_s + self._terms.spacing_s - self._clock.monotonic()
                if early > 0:
                    await self._clock.sleep(early)
                self._wanted = False
                report = await _answered(self._exchange.account(self._since()))
                if report is None:
                    self._wanted = True
                    await self._clock.sleep(self._terms.retry_s)
                else:
                    self._answered_s = self._clock.monotonic()
                    self._put(report)
        finally:
            self._asking = False

    async def close(self) -> None:
        """Send nothing from now on. Let requests that are on their way end by themselves for a moment, then cancel
        them.
        """
        self._closed = True
        self._wanted = False
        self._waiting.clear()
        tasks = list(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=self._terms.retry_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answered[T](question: Awaitable[T]) -> T | None:
    try:
        return await question
    except QueryFailedError:
        return None
