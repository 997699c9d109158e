"""From a closed bar to an entry order: ask the strategy, draft, check, record, place."""

from decimal import Decimal

from engine.core import runaway
from engine.core.effects import PlaceOrder
from engine.core.events import BarClosed
from engine.core.exits import close_position
from engine.core.facts import OrderIntended, SignalRecorded
from engine.core.ids import link_id
from engine.core.market import Instrument
from engine.core.money import Ticks
from engine.core.orders import Purpose, Ticket
from engine.core.portfolio import Position
from engine.core.profile import Profile
from engine.core.risk import Denied, Draft, check_entry, level_price, quantity, wanted_notional
from engine.core.strategy import BookDriven, Conflict, Decision, Enter, Exit, Held, Withheld
from engine.core.workspace import Reversal, Workspace

BOOK_FRESH_MS = 10_000


def on_bar(ws: Workspace, profile: Profile, event: BarClosed) -> None:
    """Let a profile decide on a closed bar of one of its symbols."""
    key = f"{profile.name}/{event.symbol}"
    if event.symbol in ws.troubled or ws.state.signalled.get(key, 0) >= event.close_ms:
        return
    position = ws.positions.get(event.symbol)
    mine = position if position is not None and position.profile == profile.name else None
    held = Held(mine.long, mine.opened_ms) if mine else None
    strategy = ws.strategies[profile.name]
    off = ws.rules_off(profile)
    decision = strategy.decide(event.inputs, held, off)
    if decision is not None:
        _act(ws, profile, event, decision, mine, reverses=strategy.reverses)


def _act(
    ws: Workspace, profile: Profile, event: BarClosed, decision: Decision, mine: Position | None, *, reverses: bool
) -> None:
    match decision:
        case Enter() if reverses and mine is not None:
            if decision.long is not mine.long:
                _note(ws, profile, event, decision, "exit", detail="opposite signal")
                close_position(ws, mine, "opposite signal")
                if not event.backfilled:
                    ws.reversals[event.symbol] = Reversal(profile, event, decision)
        case Enter():
            enter(ws, profile, event, decision)
        case Exit() if mine is not None:
            _note(ws, profile, event, decision, "exit", detail=decision.rule)
            close_position(ws, mine, decision.rule)
        case Conflict():
            _note(ws, profile, event, decision, "conflict", detail=" against ".join(decision.rules))
        case Withheld() if mine is None:
            _note(ws, profile, event, decision, "refused", check=decision.check, detail=decision.detail)
        case _:
            return


def enter(ws: Workspace, profile: Profile, event: BarClosed, decision: Enter) -> None:
    """Draft an entry, check it, record the signal with what became of it, and place the order when it passed."""
    if event.backfilled:
        _note(ws, profile, event, decision, "ignored", check="backfilled", detail="a backfilled bar opens nothing")
        return
    instrument = ws.instrument(event.symbol)
    if instrument is None:
        _note(ws, profile, event, decision, "refused", check="listed", detail=f"{event.symbol} is not listed")
        return
    draft = draft_entry(ws, profile, instrument, decision, event)
    denied = admit(ws, draft)
    if denied is not None:
        _note(ws, profile, event, decision, "refused", check=denied.check, detail=denied.detail)
        return
    _note(ws, profile, event, decision, "traded")
    place_entry(ws, draft, decision, f"{profile.name}/{event.symbol}/{event.close_ms}/{decision.long}")


def admit(ws: Workspace, draft: Draft) -> Denied | None:
    """Check an entry that is about to be made; one that runs away halts the account."""
    denied = check_entry(ws, draft)
    if denied is not None and denied.check == runaway.CHECK:
        runaway.halt(ws, denied.detail)
    return denied


def expected_entry(ws: Workspace, symbol: str, close: Ticks, *, long: bool) -> Ticks:
    """Return the ask or bid where a fresh book is known, else the last close."""
    price = ws.prices.get(symbol)
    if price is not None and price.bid and price.ask and ws.now_ms - price.at_ms <= BOOK_FRESH_MS:
        return price.ask if long else price.bid
    return close


def draft_entry(ws: Workspace, profile: Profile, instrument: Instrument, decision: Enter, event: BarClosed) -> Draft:
    """Work out levels and size of an entry from the expected price."""
    long = decision.long
    expected = expected_entry(ws, event.symbol, event.close, long=long)
    stop = level_price(decision.stop or profile.stop, expected, instrument, up=not long, long=long)
    target = level_price(decision.target or profile.target, expected, instrument, up=long, long=long, stop=stop)
    notional = wanted_notional(ws, profile, instrument, expected=expected, stop=stop)
    qty = quantity(instrument, profile, notional, expected)
    return Draft(profile, instrument, long, expected, stop, target, qty, profile.leverage, event.close_ms)


def place_entry(ws: Workspace, draft: Draft, decision: Enter, decided: str) -> str:
    """Record the intent and ask for the order; returns its client order id, which is a function of the decision."""
    ws.record(OrderIntended(ticket := _ticket(ws, draft, decision, decided), ws.now_ms))
    ws.emit(PlaceOrder(ticket))
    return ticket.link_id


def _ticket(ws: Workspace, draft: Draft, decision: Enter, decided: str) -> Ticket:
    name = link_id(ws.account.tag, draft.profile.code, Purpose.ENTRY, 0, decided)
    return Ticket(
        link_id=name,
        position_id=name,
        profile=draft.profile.name,
        symbol=draft.instrument.symbol,
        buy=draft.long,
        qty=draft.qty,
        purpose=Purpose.ENTRY,
        expected=draft.expected,
        reason=decision.rule,
        decided_ms=ws.now_ms,
        leverage=draft.leverage,
        stop=draft.stop,
        target=draft.target,
        also=decision.also,
        unit=draft.instrument.unit,
    )


def reverse(ws: Workspace, symbol: str) -> None:
    """Enter the other way after an opposite signal closed the position, if the signal is still fresh; refused means
    flat.
    """
    pending = ws.reversals.pop(symbol, None)
    if pending is not None and ws.now_ms - pending.event.close_ms <= ws.account.entry_ttl_ms:
        enter(ws, pending.profile, pending.event, pending.decision)


def _note(
    ws: Workspace,
    profile: Profile,
    event: BarClosed,
    decision: Decision,
    outcome: str,
    *,
    check: str = "",
    detail: str = "",
) -> None:
    instrument = ws.instrument(event.symbol)
    strategy = ws.strategies[profile.name]
    reads = strategy.reads if isinstance(strategy, BookDriven) else strategy.needs
    names = reads if ws.telling else ()
    values = [(name, event.inputs.get(name)) for name in names]
    match decision:
        case Enter():
            side, rule, also = "long" if decision.long else "short", decision.rule, decision.also
        case Withheld():
            side, rule, also = "long" if decision.long else "short", decision.rule, ()
        case Conflict():
            side, rule, also = "conflict", decision.rules[0], decision.rules[1:]
        case _:
            side, rule, also = "exit", detail, ()
    ws.record(
        SignalRecorded(
            signal_id=f"{profile.code}-{event.symbol}-{event.close_ms}-{outcome}",
            profile=profile.name,
            symbol=event.symbol,
            at_ms=event.close_ms,
            side=side,
            rule=rule,
            also=also,
            price=instrument.price(event.close) if instrument else Decimal(0),
            values=tuple((name, value) for name, value in values if value is not None),
            outcome=outcome,
            check=check,
            detail=detail,
        )
    )
