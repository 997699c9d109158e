"""What people do by hand that adds risk: opening a position, ending a cooldown, choosing symbols.

An entry by hand goes through the sizing, checks, protection and recording of any signal, under a profile whose strategy
is `manual`.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches

from engine.core import alerts as a
from engine.core import commands as c
from engine.core.entries import admit, expected_entry, place_entry
from engine.core.facts import CooldownLifted, SignalRecorded, SymbolSwitched
from engine.core.market import Instrument
from engine.core.money import PPM, Money, from_money, to_money
from engine.core.profile import Profile, SizeMode, Sizing
from engine.core.risk import Denied, Draft, check_entry, level_price, quantity, round_trip_cost, wanted_notional
from engine.core.strategy import BookDriven, Enter
from engine.core.workspace import Workspace

STRATEGY = "manual"
RULE = "by hand"
# How far the price may move between preview and press.
MAX_DRIFT_PPM = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPreview:
    """What an entry by hand would be now. `risk` and `reward` are results at stop and target after both sides' costs;
    `refusal` is empty when every check passes.
    """

    symbol: str
    profile: str
    long: bool
    quantity: Decimal
    price: Decimal
    tick: Decimal
    notional: Decimal
    leverage: int
    margin: Decimal
    stop: Decimal | None
    target: Decimal | None
    cost: Decimal
    risk: Decimal | None
    reward: Decimal | None
    refusal: str


def no_symbol(ws: Workspace, symbol: str) -> str:
    """Say that the desk does not know a symbol, and which ones look like it."""
    near = get_close_matches(symbol, ws.state.portfolio.instruments, 3, 0.5)
    return f"There is no symbol {symbol}." + (f" Did you mean {' or '.join(near)}?" if near else "")


def said(denied: Denied) -> str:
    """Say which check refused, once."""
    return denied.detail if denied.detail.startswith(denied.check) else f"{denied.check}: {denied.detail}"


def preview(ws: Workspace, symbol: str, *, long: bool, amount: Decimal | None) -> EntryPreview | str:
    """Return what an entry by hand of so many USDT notional (None: as the profile sizes) would be, or why there is
    none.
    """
    found = _parts(ws, symbol)
    if isinstance(found, str):
        return found
    profile, instrument = found
    if amount is not None:
        profile = replace(profile, sizing=Sizing(mode=SizeMode.NOTIONAL, amount=to_money(amount)))
    draft = _draft(ws, profile, instrument, long=long)
    denied = check_entry(ws, draft)
    notional, price = draft.notional, instrument.price
    cost = round_trip_cost(ws, notional)
    return EntryPreview(
        symbol=symbol,
        profile=profile.name,
        long=long,
        quantity=instrument.quantity(draft.qty),
        price=price(draft.expected),
        tick=instrument.tick,
        notional=from_money(notional),
        leverage=draft.leverage,
        margin=from_money(notional // draft.leverage),
        stop=price(draft.stop) if draft.stop else None,
        target=price(draft.target) if draft.target else None,
        cost=from_money(cost),
        risk=_result(draft, draft.stop, cost),
        reward=_result(draft, draft.target, cost),
        refusal=said(denied) if denied else "",
    )


def _parts(ws: Workspace, symbol: str) -> tuple[Profile, Instrument] | str:
    profile = next((p for p in ws.account.profiles if p.strategy == STRATEGY), None)
    if profile is None:
        return f"No profile of this account trades by hand. Add a profile with the strategy {STRATEGY} to its settings."
    instrument = ws.instrument(symbol)
    if instrument is None:
        return no_symbol(ws, symbol)
    return (profile, instrument) if symbol in ws.prices else f"No price of {symbol} yet."


def _draft(ws: Workspace, profile: Profile, instrument: Instrument, *, long: bool) -> Draft:
    price = ws.prices[instrument.symbol]
    expected = expected_entry(ws, instrument.symbol, price.last, long=long)
    stop = level_price(profile.stop, expected, instrument, up=not long, long=long)
    target = level_price(profile.target, expected, instrument, up=long, long=long)
    notional = wanted_notional(ws, profile, instrument, expected=expected, stop=stop)
    qty = quantity(instrument, profile, notional, expected)
    return Draft(profile, instrument, long, expected, stop, target, qty, profile.leverage, price.at_ms)


def _result(draft: Draft, level: int | None, cost: Money) -> Decimal | None:
    if not level:
        return None
    moved = level - draft.expected if draft.long else draft.expected - level
    return from_money(moved * draft.qty * draft.instrument.unit - cost)


def open_manual(ws: Workspace, command: c.OpenManual) -> c.Answer:
    """Open what was previewed, unless the price moved away or a check refuses it now."""
    found = _parts(ws, command.symbol)
    if isinstance(found, str):
        return c.Refused(command.command_id, found)
    profile, instrument = found
    draft = replace(_draft(ws, profile, instrument, long=command.long), qty=instrument.steps(command.quantity))
    now, seen = instrument.price(draft.expected), command.seen_price
    if abs(now - seen) * PPM > seen * MAX_DRIFT_PPM:
        moved = f"{command.symbol} moved from {seen} to {now}, more than {MAX_DRIFT_PPM / 10_000:g} %"
        return c.Refused(command.command_id, f"{moved}. Nothing was opened; look at it again.")
    denied = admit(ws, draft)
    _note(
        ws, draft, command, "refused" if denied else "traded", *((denied.check, denied.detail) if denied else ("", ""))
    )
    if denied is not None:
        return c.Refused(command.command_id, said(denied))
    link = place_entry(ws, draft, Enter(long=command.long, rule=RULE), f"{STRATEGY}/{command.command_id}")
    return c.Done(command.command_id, (link,))


def _note(ws: Workspace, draft: Draft, command: c.OpenManual, outcome: str, check: str, detail: str) -> None:
    ws.record(
        SignalRecorded(
            signal_id=f"{draft.profile.code}-{command.command_id}",
            profile=draft.profile.name,
            symbol=command.symbol,
            at_ms=ws.now_ms,
            side="long" if command.long else "short",
            rule=RULE,
            also=(),
            price=draft.instrument.price(draft.expected),
            values=(),
            outcome=outcome,
            check=check,
            detail=detail,
        )
    )


def unlock(ws: Workspace, command: c.UnlockSymbol) -> c.Answer:
    """End a cooldown now."""
    if ws.instrument(command.symbol) is None:
        return c.Refused(command.command_id, no_symbol(ws, command.symbol))
    if ws.state.cooldowns.get(command.symbol, 0) <= ws.now_ms:
        return c.Refused(command.command_id, f"{command.symbol} has no cooldown.")
    ws.record(CooldownLifted(command.symbol, command.by, ws.now_ms))
    ws.alert(a.ChangeAlert, what=f"{command.symbol} cooldown", old="resting", new="free", by=command.by)
    return c.Done(command.command_id)


def switch_symbol(ws: Workspace, command: c.SwitchSymbol) -> c.Answer:
    """Let a profile enter on one of its symbols, or no longer."""
    profile = ws.profile(command.profile)
    if profile is None:
        names = ", ".join(p.name for p in ws.account.profiles)
        return c.Refused(command.command_id, f"There is no profile {command.profile}. Profiles: {names}.")
    known = {*profile.symbols, *ws.state.symbols_added.get(profile.name, ())}
    added = command.symbol not in known
    wrong = _cannot_add(ws, profile, command) if added else ""
    if wrong:
        return c.Refused(command.command_id, wrong)
    ws.record(SymbolSwitched(profile.name, command.symbol, command.on, command.by, ws.now_ms, added))
    before, now = ("off", "on") if command.on else ("on", "off")
    before = "not watched" if added else before
    ws.alert(a.ChangeAlert, what=f"{command.symbol} in {profile.name}", old=before, new=now, by=command.by)
    return c.Done(command.command_id)


def _cannot_add(ws: Workspace, profile: Profile, command: c.SwitchSymbol) -> str:
    if not (command.on and command.add):
        return f"{profile.name} does not trade {command.symbol}. Its symbols: /symbols {profile.name}."
    if profile.largest:
        return f"{profile.name} chooses its symbols by turnover itself; name symbols in its settings instead."
    if isinstance(ws.strategies[profile.name], BookDriven):
        return f"{profile.name} reads the books of its symbols from the start on: add {command.symbol} to its settings."
    return ""
