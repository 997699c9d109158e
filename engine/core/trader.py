"""The heart: an event or a command goes in, effects come out. Routes; decides nothing itself. No clock, no I/O, no
awaiting.
"""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core import alerts as a
from engine.core import events as e
from engine.core import facts as f
from engine.core.approval import on_delivered, on_quieted
from engine.core.chat_events import AdminsQuieted, ApprovalDelivered
from engine.core.commands import ACCOUNT, Command
from engine.core.effects import Effect, QueryAccount
from engine.core.entries import on_bar
from engine.core.exits import ask
from engine.core.feed_events import AccountMended, Contradicted, SymbolsChanged, Warming
from engine.core.fills import (
    on_ended,
    on_executed,
    on_funding,
    on_not_found,
    on_protection,
    on_protection_refused,
    on_rejected,
    on_unknown,
    on_word,
)
from engine.core.flow import on_book
from engine.core.guards import on_time
from engine.core.listing import on_instrument
from engine.core.money import Money
from engine.core.orders import OrderStatus
from engine.core.profile import Account, HoldLevel, Profile, trading_on, with_added
from engine.core.profile_words import warming_words
from engine.core.reconcile import on_account, on_wallet, take_order
from engine.core.requests import on_command
from engine.core.state import State
from engine.core.strategy import BookDriven, Herald, Strategy
from engine.core.transfers import on_transfers
from engine.core.workspace import Workspace

_NEWS_MS = 600_000
_RISING = {OrderStatus.CREATED, OrderStatus.SUBMITTED}


class Trader:
    """One account's trading: profiles, books, risk. Drive it with `step`; read it through `workspace` and
    `engine.core.picture`.
    """

    def __init__(
        self, account: Account, strategies: Mapping[str, Strategy], state: State | None = None, *, telling: bool = True
    ) -> None:
        state = state or State()
        state.portfolio.account, state.portfolio.mode = account.name, account.mode
        account = with_added(account, state.symbols_added)
        self.workspace = Workspace(account, strategies, state, telling=telling, now_ms=state.clock_ms, dirty=True)
        self.workspace.agreed_ms = state.clock_ms
        self._profiles: dict[tuple[str, int], tuple[Profile, ...]] = {}
        self._watching: dict[str, tuple[tuple[Profile, BookDriven], ...]] = {}
        self._assign()
        self._routes: dict[type, Callable[[Any], None]] = self._table()

    def _assign(self) -> None:
        ws = self.workspace
        self._profiles, self._watching = {}, {}
        for profile in ws.account.profiles:
            strategy = ws.strategies.get(profile.name)
            for symbol in profile.symbols:
                key = (symbol, profile.timeframe)
                if isinstance(strategy, BookDriven):
                    self._watching[symbol] = (*self._watching.get(symbol, ()), (profile, strategy))
                else:
                    self._profiles[key] = (*self._profiles.get(key, ()), profile)

    def step(self, event: e.Event | Command) -> list[Effect]:
        """Take in one event or command and return what is asked of the world, in order."""
        ws = self.workspace
        effects: list[Effect] = []
        ws.effects = effects
        if isinstance(event, Command):
            on_command(ws, event)
        else:
            self._routes[type(event)](event)
        return effects

    def open_account(self, wallet: Money, at_ms: int) -> list[Effect]:
        """Begin the books with a wallet balance (a backtest's start; live it comes with the first account report)."""
        effects: list[Effect] = []
        self.workspace.effects = effects
        self.workspace.record(f.AccountOpened(wallet, at_ms))
        return effects

    def recover(self) -> list[Effect]:
        """Start after a crash or a clean stop, there is no other start: what was under way is unknown until the
        exchange says.
        """
        ws = self.workspace
        effects: list[Effect] = []
        ws.effects = effects
        for order in list(ws.state.book.open()):
            if order.status in _RISING:
                ws.record(e.OrderOutcomeUnknown(order.ticket.link_id, "the desk was restarted", ws.now_ms))
                ask(ws, order)
        ws.compared = False
        ws.emit(QueryAccount("start"))
        positions, orders = len(ws.positions), sum(1 for _ in ws.state.book.open())
        found = f"{positions or 'No'} open position{'' if positions == 1 else 's'}"
        found += f" and {orders} order{'' if orders == 1 else 's'} under way" if orders else ""
        holds = f" Held: {', '.join(hold.reason for hold in ws.state.holds.values())}." if ws.state.holds else ""
        detail = f"{found} in the books, now being compared with the exchange.{holds}"
        ws.alert(a.SystemAlert, topic="start", title="Desk started", detail=detail)
        return effects

    def _table(self) -> dict[type, Callable[[Any], None]]:
        ws = self.workspace
        table: dict[type, Callable[[Any], None]] = {
            e.PriceMoved: self._price,
            e.BarClosed: self._bar,
            e.BookMoved: self._book,
            e.TimePassed: self._time,
            e.DataTroubled: self._troubled,
            e.DataHealed: self._healed,
            e.InstrumentChanged: lambda event: on_instrument(ws, event),
            e.TurnoverReported: self._turnover,
            Warming: self._warming,
            SymbolsChanged: self._symbols_changed,
            Contradicted: self._contradicted,
            e.VenueChanged: self._venue,
            e.StoreChanged: self._store,
            e.StartTroubled: self._start_troubled,
            e.StrategyJudged: self._judged,
            e.AccountTroubled: self._account_troubled,
            AccountMended: self._account_mended,
            e.DeskStopping: self._stopping,
            e.OrderReport: lambda row: take_order(ws, row, ws.now_ms),
        }
        parts: dict[type, Callable[[Workspace, Any], None]] = {
            e.OrderSent: on_word,
            e.OrderAccepted: on_word,
            e.OrderRejected: on_rejected,
            e.OrderUnsent: on_rejected,
            e.OrderOutcomeUnknown: on_unknown,
            e.OrderEnded: on_ended,
            e.OrderNotFound: on_not_found,
            e.Executed: on_executed,
            e.FundingPaid: on_funding,
            e.ProtectionReported: on_protection,
            e.ProtectionRefused: on_protection_refused,
            e.AccountReported: on_account,
            e.WalletReported: on_wallet,
            e.TransfersReported: on_transfers,
            ApprovalDelivered: on_delivered,
            AdminsQuieted: on_quieted,
        }

        def dated(part: Callable[[Workspace, Any], None]) -> Callable[[Any], None]:
            def run(event: Any) -> None:
                ws.now_ms = max(ws.now_ms, event.at_ms)
                part(ws, event)

            return run

        return table | {kind: dated(part) for kind, part in parts.items()}

    def _price(self, event: e.PriceMoved) -> None:
        ws = self.workspace
        known = ws.prices.get(event.symbol)
        if known is not None and event.at_ms < known.at_ms:
            return
        ws.prices[event.symbol] = event
        ws.heard[event.symbol] = ws.wall_ms
        ws.now_ms = max(ws.now_ms, event.at_ms)
        position = ws.positions.get(event.symbol)
        if position is not None:
            position.see(event.low or event.last, event.high or event.last)
            ws.dirty = ws.dirty or ws.marks.get(event.symbol) != event.mark
        ws.marks[event.symbol] = event.mark

    def _bar(self, event: e.BarClosed) -> None:
        ws = self.workspace
        ws.now_ms = max(ws.now_ms, event.close_ms)
        high, low = event.inputs.get("high"), event.inputs.get("low")
        if high is not None and low is not None:
            ws.ranges[event.symbol] = (high - low, event.inputs.get("atr14"))
        for profile in self._profiles.get((event.symbol, event.timeframe), ()):
            if ws.telling:
                self._news(profile, event)
            on_bar(ws, profile, event)

    def _book(self, event: e.BookMoved) -> None:
        ws = self.workspace
        ws.now_ms = max(ws.now_ms, event.at_ms)
        for profile, strategy in self._watching.get(event.symbol, ()):
            on_book(ws, profile, strategy, event)

    def _news(self, profile: Profile, event: e.BarClosed) -> None:
        strategy = self.workspace.strategies[profile.name]
        news = strategy.news(event.inputs) if isinstance(strategy, Herald) else None
        if news is not None and self.workspace.enabled(profile):
            title = f"{event.symbol} {news.title}"
            self.workspace.alert(a.SystemAlert, topic="strategy", title=title, detail=f"{profile.name}: {news.detail}")

    def _time(self, event: e.TimePassed) -> None:
        ws = self.workspace
        ws.now_ms = max(ws.now_ms, event.market_ms)
        if not ws.wall_ms:
            # Asked before the wall clock was known: waiting for those answers begins now.
            ws.asked = dict.fromkeys(ws.asked, event.wall_ms)
        ws.wall_ms = max(ws.wall_ms, event.wall_ms)
        on_time(ws)

    def _troubled(self, event: e.DataTroubled) -> None:
        ws = self.workspace
        if event.symbol not in ws.troubled:
            detail = f"{event.why}. No new entries on {event.symbol}; stops are untouched."
            ws.alert(a.SystemAlert, topic="data", title=f"{event.symbol} data trouble", detail=detail)
        ws.troubled[event.symbol] = event.why

    def _healed(self, event: e.DataHealed) -> None:
        if self.workspace.troubled.pop(event.symbol, None) is not None:
            detail = "Candles are whole again; entries are allowed."
            self.workspace.alert(a.SystemAlert, topic="data", title=f"{event.symbol} data healed", detail=detail)

    def _turnover(self, event: e.TurnoverReported) -> None:
        self.workspace.turnover[event.symbol] = event.turnover

    def _warming(self, event: Warming) -> None:
        ws, key = self.workspace, (event.symbol, event.timeframe)
        if not event.until_ms:
            ws.warming.pop(key, None)
            return
        if key not in ws.warming:
            words = warming_words(event.timeframe, event.until_ms)
            detail = f"{event.symbol}: {words}. No signal comes before that; what is open keeps its exits."
            ws.alert(a.SystemAlert, topic="data", title=f"{event.symbol} has too few candles yet", detail=detail)
        ws.warming[key] = event.until_ms

    def _symbols_changed(self, event: SymbolsChanged) -> None:
        ws = self.workspace
        ws.account = trading_on(ws.account, event.profile, event.symbols)
        # What was chosen this day was chosen among others.
        ws.chosen.pop(event.profile, None)
        self._assign()

    def _contradicted(self, event: Contradicted) -> None:
        self.workspace.contradicted[event.profile] = event.found
        title = f"Settings of {event.profile} that do not go together"
        self.workspace.alert(a.SystemAlert, topic="settings", title=title, detail=" ".join(event.found))

    def _venue(self, event: e.VenueChanged) -> None:
        ws = self.workspace
        if event.state is ws.venue:
            return
        back, was = event.state is e.VenueState.UP, ws.venue
        ws.venue = event.state
        worse = was is e.VenueState.UP or (
            event.state is e.VenueState.DOWN and ws.wall_ms - ws.asked["venue"] >= _NEWS_MS
        )
        if not (back or worse):
            # One message when it begins and one when it is over; an outage long after a lesser trouble is news again.
            return
        ws.asked["venue"] = ws.wall_ms
        title = "Exchange connection is back" if back else f"Exchange connection {event.state.value}"
        detail = event.why if back else f"{event.why}. No new entries; stops on the exchange stay."
        ws.alert(a.SystemAlert, topic="exchange", title=title, detail=detail, critical=not back and bool(ws.positions))
        if back:
            ws.compared = False
            ws.emit(QueryAccount("exchange connection is back"))

    def _start_troubled(self, event: e.StartTroubled) -> None:
        self._reduce_only("start", "Started reduce-only", event.why)

    def _account_troubled(self, event: e.AccountTroubled) -> None:
        if event.grave:
            self._reduce_only("account", "Reduce-only: the account has changed", event.why)
        else:
            self.workspace.alert(a.SystemAlert, topic="account", title="Look at the account", detail=f"{event.why}.")

    def _account_mended(self, event: AccountMended) -> None:
        del event
        ws = self.workspace
        ways = {"golive": "/golive", "admin": "/resume"}
        lifts = {hold.lift for hold in ws.state.holds.values() if hold.scope == ACCOUNT}
        asked = " and ".join(way for lift, way in ways.items() if lift in lifts)
        detail = f"Nothing is wrong with it any more.{f' Entries are held until {asked}.' if asked else ''}"
        ws.alert(a.SystemAlert, topic="account", title="The account is in order again", detail=detail)

    def _reduce_only(self, name: str, title: str, why: str) -> None:
        ws = self.workspace
        reason = f"{name}: {why}"
        hold = f.Hold(
            hold_id=name, scope=ACCOUNT, level=HoldLevel.REDUCE_ONLY, reason=reason, lift="admin", set_ms=ws.now_ms
        )
        ws.record(f.HoldSet(hold, ws.now_ms))
        detail = f"{why}. Nothing new is opened; exits and stops go on. /resume when it is understood."
        ws.alert(a.SystemAlert, topic=name, title=title, detail=detail, critical=True)

    def _judged(self, event: e.StrategyJudged) -> None:
        ws = self.workspace
        if not event.why:
            if ws.blocked.pop(event.profile, None):
                detail = "Its entries are allowed again."
                ws.alert(a.SystemAlert, topic="strategy", title=f"Strategy of {event.profile} is well", detail=detail)
            return
        ws.blocked[event.profile] = event.why
        detail = f"{event.why}. It makes no entries; stops, age rules and limits of its positions go on."
        title = f"Strategy of {event.profile} is blocked"
        ws.alert(a.SystemAlert, topic="strategy", title=title, detail=detail, critical=True)

    def _stopping(self, event: e.DeskStopping) -> None:
        ws = self.workspace
        ws.now_ms = max(ws.now_ms, event.at_ms)
        left = f"{len(ws.positions)} positions stay open. " if ws.positions else "No position is open. "
        rest = "Stops and targets on the exchange stay; breakeven, age rules and loss limits rest until the next start."
        ws.alert(a.SystemAlert, topic="start", title="Desk stopped", detail=left + rest)

    def _store(self, event: e.StoreChanged) -> None:
        ws = self.workspace
        if event.writable is ws.writable:
            return
        ws.writable = event.writable
        title = "Journal is writable again" if event.writable else "Journal cannot be written"
        detail = event.why if event.writable else f"{event.why}. No new entries; exits and stops go on."
        ws.alert(a.SystemAlert, topic="storage", title=title, detail=detail, critical=not event.writable)
