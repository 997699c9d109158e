"""One Bybit account behind the Exchange port: orders out with honest outcomes, the account's events in."""

import asyncio
import logging
import math
from collections.abc import Coroutine, Iterable
from typing import Any

from engine.core.events import (
    AccountReported,
    AccountTroubled,
    Executed,
    InstrumentChanged,
    OrderNotFound,
    OrderReport,
    ProtectionReported,
    StartTroubled,
    TransfersReported,
    VenueState,
)
from engine.core.money import Ticks
from engine.core.orders import Purpose, Ticket
from engine.exchanges.base import EXPIRED, Accepted, Outcome, QueryFailedError, Rejected, Sink, Unknown
from engine.exchanges.bybit import checks
from engine.exchanges.bybit.account import AccountView
from engine.exchanges.bybit.caller import Said
from engine.exchanges.bybit.codes import Action, Verdict
from engine.exchanges.bybit.connection import Connection
from engine.exchanges.bybit.endpoints import CANCEL, CATEGORY, SET_LEVERAGE, TRADING_STOP
from engine.exchanges.bybit.evidence import Evidence
from engine.exchanges.bybit.hosts import DEMO, LIVE
from engine.exchanges.bybit.orders import OrderDesk, order_body, stop_body
from engine.exchanges.bybit.private import TOPICS, PrivateEvents
from engine.exchanges.bybit.stream import Ears, Stream, StreamState, StreamTerms, Wire
from engine.limiter import Lane

log = logging.getLogger(__name__)

_STREAM_WAIT_S = 10.0
_KEEP_S = 60.0
_RETRY_S = 5.0
_SILENCED = "silenced"
# One report that failed is weather.
_UNREAD = 2


class BybitExchange:
    """One account. `symbols` are those the desk will trade: their modes are checked when connecting. Working orders
    without the installation's `tag` are told of; `world` says what the key may be asked and must be.
    """

    def __init__(
        self,
        connection: Connection,
        symbols: Iterable[str],
        *,
        tag: str = "",
        world: str = DEMO,
        stream_terms: StreamTerms | None = None,
    ) -> None:
        if connection.login is None:
            raise ValueError("an account needs a key: set BYBIT_API_KEY and BYBIT_API_SECRET")
        self._connection = connection
        self._caller = connection.caller
        self._instruments = connection.instruments
        self._symbols = tuple(symbols)
        now_ms = connection.time.now_ms
        self._view = AccountView(
            self._caller, self._instruments, connection.clock, now_ms=now_ms, stranger=self._stranger
        )
        self._evidence = Evidence(
            self._caller, self._instruments, time=connection.time, recv_window_ms=connection.terms.recv_window_ms
        )
        self._orders = OrderDesk(self._caller)
        self._world = world
        self._events = PrivateEvents(self._instruments, self._heard, self._unreadable, tag=tag)
        wire = Wire(connection.clock, connection.terms.dial, stream_terms or StreamTerms(), connection.terms.random)
        ears = Ears(self._events.take, self._stream_changed)
        self._stream = Stream(connection.hosts.private, TOPICS, wire=wire, ears=ears, login=connection.login)
        self._sink: Sink | None = None
        self._leverage: dict[str, int] = {}
        self._strangers: set[str] = set()
        self._introduced = set(self._symbols)
        self._tasks: set[asyncio.Task[None]] = set()
        self._prepared = self._clock_told = False
        self._unread = 0
        self.findings: list[checks.Finding] = []

    # Connecting

    async def connect(self, sink: Sink) -> None:
        """Check the account and start delivering events. An exchange that does not answer is no error: it is told as
        an event, and tried again until it does.
        """
        self._sink = sink
        self._connection.health.connect(sink)
        await self._try_to_prepare()
        self._begin(self._stream.run())
        self._begin(self._keep())
        try:
            async with asyncio.timeout(_STREAM_WAIT_S):
                await self._stream.live.wait()
        except TimeoutError:
            why = "the account's stream is not there yet"
            self._connection.health.wrong("private", VenueState.DEGRADED, why)

    async def close(self) -> None:
        """Stop delivering events; requests on their way end by themselves. The connection is its maker's to close."""
        self._sink = None
        self._connection.health.connect(None)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _try_to_prepare(self) -> None:
        try:
            await self._prepare()
        except QueryFailedError as error:
            log.warning("the account could not be checked: %s", error)
            self._connection.health.wrong("start", VenueState.DOWN, "the account could not be checked yet")
        else:
            self._prepared = True
            self._connection.health.well("start")

    async def _prepare(self) -> None:
        await self._caller.sync_clock()
        if not self._connection.time.signing.known:
            raise QueryFailedError("the exchange's clock cannot be read")
        if not self._instruments:
            await self._instruments.refresh()
        self.findings = await self.look()
        for finding in self.findings:
            if finding.grade is checks.Grade.STOP:
                self._tell(StartTroubled(str(finding), self._connection.time.now_ms()))
        self._judge_clock()

    async def look(self) -> list[checks.Finding]:
        """Look at the account, its key and how it holds the symbols; raises QueryFailedError."""
        states = await checks.symbol_states(self._caller, self._instruments, self._symbols)
        self._leverage |= {name: state.leverage for name, state in states.items() if state.leverage is not None}
        found = [*await checks.account_findings(self._caller), *checks.mode_findings(states)]
        if self._world != DEMO:
            # The demo world does not tell what a key may do.
            found += await checks.key_findings(self._caller, live=self._world == LIVE)
        missing = [symbol for symbol in self._symbols if symbol not in self._instruments]
        if missing:
            what, todo = f"the exchange does not know {', '.join(missing)}", "take them out of the profiles"
            found.append(checks.Finding(checks.Grade.WARN, what, todo))
        return found

    async def _keep(self) -> None:
        while True:
            # While something is wrong nobody else may be asking, and only an answer shows that it is over.
            well = self._prepared and self._connection.health.state is VenueState.UP
            await self._connection.clock.sleep(_KEEP_S if well else _RETRY_S)
            if self._prepared:
                await self._caller.sync_clock(samples=1)
                self._judge_clock()
            else:
                await self._try_to_prepare()

    def _judge_clock(self) -> None:
        found = checks.clock_findings(self._connection.time.signing.ms)
        if found and found[0].grade is checks.Grade.STOP:
            self._connection.health.wrong("clock", VenueState.DEGRADED, str(found[0]))
        else:
            self._connection.health.well("clock")
            if found and not self._clock_told:
                self._tell(AccountTroubled(str(found[0]), self._connection.time.now_ms(), grave=False))
        self._clock_told = bool(found)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a part of the exchange connection broke", "exception": task.exception(), "task": task}
            )

    # Events

    def _tell(self, event: Any) -> None:
        if self._sink is not None:
            self._sink(event)

    def _heard(self, event: Any) -> None:
        if isinstance(event, Executed):
            self._introduce(event.symbol)
        self._tell(event)

    def _introduce(self, symbol: str) -> None:
        # The desk knows the symbols that it trades; the account's owner may trade any.
        instrument = self._instruments.get(symbol)
        if instrument is not None and symbol not in self._introduced:
            self._introduced.add(symbol)
            self._tell(InstrumentChanged(instrument, self._connection.time.now_ms()))

    def _stream_changed(self, state: StreamState, why: str) -> None:
        # Becoming well again makes the desk ask for the whole account: what was missed is in there.
        if state is StreamState.LOST:
            self._events.forget()
            self._connection.health.wrong("private", VenueState.DEGRADED, f"the account's stream was lost ({why})")
        else:
            self._connection.health.well("private")

    def _unreadable(self, why: str) -> None:
        self._connection.health.wrong("data", VenueState.DEGRADED, f"a message could not be read ({why})")
        self._connection.health.well("data")

    def _stranger(self, symbol: str) -> None:
        if symbol not in self._strangers:
            self._strangers.add(symbol)
            why = f"the account holds a position on {symbol[:40]}, which the desk does not know"
            self._tell(StartTroubled(why, self._connection.time.now_ms()))

    # Actions

    async def place(self, ticket: Ticket, until_s: float = math.inf) -> Outcome:
        """Place a market order. An id that the exchange has already is answered with the order it belongs to. An entry
        does not leave after `until_s`.
        """
        instrument = self._instruments.at(ticket.symbol, ticket.unit)
        if instrument is None:
            return Rejected("symbol", f"{ticket.symbol} is not known from the exchange")
        entry = ticket.purpose is Purpose.ENTRY
        if entry:
            refused = await self._lever(ticket, until_s)
            if refused is not None:
                return refused
        self._evidence.sending(ticket.link_id, self._events.positions.get(ticket.symbol))
        outcome: Outcome = Unknown("interrupted while sending")
        try:
            said = await self._send(order_body(ticket, instrument), until_s, entry=entry)
            outcome = await self._outcome(said, ticket)
        finally:
            self._evidence.answered(ticket.link_id, settled=not isinstance(outcome, Unknown))
        return outcome

    async def _send(self, body: dict[str, Any], until_s: float, *, entry: bool) -> Said:
        if entry:
            return await self._orders.send(body, Lane.ENTRY, until_s)
        while True:
            # An exit outlasts a silence that the exchange asks for, and leaves in the moment it ends.
            while self._connection.limiter.silent_s:
                await self._connection.clock.sleep(self._connection.limiter.silent_s)
            said = await self._orders.send(body, Lane.EXIT)
            if said.reply.sent or not self._connection.limiter.silent_s:
                return said

    async def _outcome(self, said: Said, ticket: Ticket) -> Outcome:
        if not said.reply.sent:
            return Rejected(_unsent(said), said.why)
        match said.verdict:
            case Verdict.DONE:
                return Accepted(str(said.reply.result.get("orderId", "")))
            case Verdict.EXISTS:
                return await self._existing(ticket)
            case Verdict.UNKNOWN | Verdict.BANNED | Verdict.BUSY:
                return Unknown(said.why)
            case Verdict.HALTED:
                halted = self._instruments.halt(ticket.symbol)
                if halted is not None:
                    self._tell(InstrumentChanged(halted, self._connection.time.now_ms()))
        return Rejected(said.code, said.why)

    async def _existing(self, ticket: Ticket) -> Outcome:
        try:
            found = await self._evidence.find(ticket.link_id, ticket.symbol)
        except QueryFailedError as error:
            return Unknown(f"the id is taken; {error}")
        return Accepted(found.order_id) if found else Unknown("the id is taken, but its order does not show yet")

    async def _lever(self, ticket: Ticket, until_s: float) -> Rejected | None:
        if self._leverage.get(ticket.symbol) == ticket.leverage:
            return None
        leverage = str(ticket.leverage)
        body = {"category": CATEGORY, "symbol": ticket.symbol, "buyLeverage": leverage, "sellLeverage": leverage}
        said = await self._caller.ask(Action.LEVERAGE, SET_LEVERAGE, body, Lane.ENTRY, until_s=until_s)
        if said.verdict is not Verdict.DONE:
            # Whatever became of it, the order itself was not sent.
            self._leverage.pop(ticket.symbol, None)
            return Rejected(said.code if said.reply.sent else _unsent(said), f"leverage {leverage} not set: {said.why}")
        self._leverage[ticket.symbol] = ticket.leverage
        return None

    async def cancel(self, link_id: str, symbol: str) -> Outcome:
        """Cancel an order; one that is over already is `Accepted`, one the exchange never had is refused."""
        body = {"category": CATEGORY, "symbol": symbol, "orderLinkId": link_id}
        said = await self._caller.ask(Action.CANCEL, CANCEL, body, Lane.PROTECTION)
        if not said.reply.sent:
            return Rejected(_SILENCED, said.why)
        if said.verdict is Verdict.DONE:
            return Accepted(str(said.reply.result.get("orderId", "")))
        if said.verdict is Verdict.OVER:
            try:
                found = await self._evidence.find(link_id, symbol)
            except QueryFailedError as error:
                return Unknown(str(error))
            return Accepted(found.order_id) if found else Rejected(said.code, said.why)
        unknown = said.verdict in {Verdict.UNKNOWN, Verdict.BANNED, Verdict.BUSY}
        return Unknown(said.why) if unknown else Rejected(said.code, said.why)

    async def protect(self, symbol: str, stop: Ticks, target: Ticks, trail: Ticks = 0) -> Outcome:
        """Set stop, target and trailing distance of the whole position (0 = none), as market orders on the last price;
        the same values again are `Accepted`.
        """
        instrument = self._instruments.get(symbol)
        if instrument is None:
            return Rejected("symbol", f"{symbol} is not known from the exchange")
        body = stop_body(symbol, stop, target, instrument, trail=trail)
        said = await self._caller.ask(Action.PROTECT, TRADING_STOP, body, Lane.PROTECTION)
        if not said.reply.sent:
            return Rejected(_SILENCED, said.why)
        if said.verdict is Verdict.DONE:
            if said.reply.answer.code:
                # "Not modified" is evidence of what the exchange holds, and no message will follow it.
                self._tell(ProtectionReported(symbol, stop, target, self._connection.time.now_ms(), trail))
            return Accepted()
        unknown = said.verdict in {Verdict.UNKNOWN, Verdict.BANNED, Verdict.BUSY}
        return Unknown(said.why) if unknown else Rejected(said.code, said.why)

    # Questions

    async def account(self, since_ms: int) -> AccountReported:
        """Return the whole view, with executions since a time (0: the last seven days); raises QueryFailedError."""
        try:
            report = await self._view.report(since_ms)
        except QueryFailedError as error:
            self._unread += 1
            if self._unread >= _UNREAD and not self._connection.limiter.silent_s:
                why = f"the account cannot be read ({error})"
                self._connection.health.wrong("account", VenueState.DEGRADED, why)
            raise
        self._unread = 0
        self._connection.health.well("account")
        # The first report reaches back before the books begin.
        for row in (*report.positions, *(report.executions if since_ms else ())):
            self._introduce(row.symbol)
        return report

    async def transfers(self, since_ms: int) -> TransfersReported:
        """Return what moved the wallet since a time without a trade; raises QueryFailedError."""
        return await self._view.transfers(since_ms)

    async def order(self, link_id: str, symbol: str, sent_ms: int) -> OrderReport | OrderNotFound:
        """Return what the exchange knows of an order; absence is conclusive only on the evidence of `evidence.py`.
        Raises QueryFailedError.
        """
        return await self._evidence.of(link_id, symbol, sent_ms)


def _unsent(said: Said) -> str:
    return EXPIRED if said.reply.late else _SILENCED
