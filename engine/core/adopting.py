"""Giving an external position to a profile: a person asks, the profile's levels fill in what it lacks."""

from dataclasses import dataclass

from engine.core import alerts as a
from engine.core.commands import AdoptPosition, Answer, Done, Refused
from engine.core.effects import SetProtection
from engine.core.facts import PositionAssigned, ReferenceSet
from engine.core.money import Money, Ticks
from engine.core.portfolio import EXTERNAL, Position
from engine.core.profile import Profile
from engine.core.risk import level_price
from engine.core.workspace import Workspace

PREFERRED = "manual"


@dataclass(frozen=True, slots=True)
class Offer:
    """The profile that would take a position, and the stop and target it would then have (0 = none)."""

    profile: Profile
    stop: Ticks
    target: Ticks


def offer(ws: Workspace, position: Position) -> Offer | None:
    """Return who can adopt a position: `manual` where there is one, else a profile that trades the symbol. What the
    exchange holds stays; what is missing lies at the profile's distance from the mark, so that nothing triggers at
    once.
    """
    mark = ws.marks.get(position.symbol)
    profile = _taker(ws, position.symbol)
    if position.profile != EXTERNAL or position.closing or profile is None or not mark:
        return None
    instrument, long = ws.state.portfolio.instruments[position.symbol], position.long
    stop = position.held_stop or level_price(profile.stop, mark, instrument, up=not long, long=long) or 0
    target = position.held_target or level_price(profile.target, mark, instrument, up=long, long=long) or 0
    return Offer(profile, stop, target)


def _taker(ws: Workspace, symbol: str) -> Profile | None:
    trades = [profile for profile in ws.account.profiles if symbol in profile.symbols]
    return ws.profile(PREFERRED) or next(iter(trades), None)


def adopt(ws: Workspace, command: AdoptPosition) -> Answer:
    """Give the external position on a symbol to the profile that was offered, and protect it."""
    position = ws.positions.get(command.symbol)
    found = offer(ws, position) if position is not None else None
    if position is None or found is None:
        why = "It is not open, not external, being closed, without a price, or no profile trades it."
        return Refused(command.command_id, f"{command.symbol} cannot be adopted. {why}")
    if found.profile.name != command.profile:
        why = f"{command.symbol} would go to {found.profile.name}, not to {command.profile}."
        return Refused(command.command_id, why)
    assign(ws, command.symbol, found, by=command.by)
    return Done(command.command_id)


def assign(ws: Workspace, symbol: str, found: Offer, *, by: str) -> None:
    """Give an external position to a profile with these levels, and tell."""
    position, name = ws.positions[symbol], found.profile.name
    before = ws.ledger(name).equity
    ws.record(
        PositionAssigned(
            symbol=symbol,
            profile=name,
            leverage=found.profile.leverage,
            stop=found.stop,
            target=found.target,
            by=by,
            at_ms=ws.now_ms,
        )
    )
    _begin(ws, name, ws.ledger(name).equity - before)
    if (position.held_stop, position.held_target) != (found.stop, found.target):
        ws.emit(SetProtection(symbol, found.stop, found.target, position.held_trail))
    ws.alert(a.ChangeAlert, what=f"position {symbol}", old=EXTERNAL, new=name, by=by)


def _begin(ws: Workspace, scope: str, result: Money) -> None:
    # What the position gained or lost before is no result of the profile: its limits measure from here.
    for name, value in list(ws.state.references.get(scope, {}).items()):
        if result and not name.endswith((".at", ".balance")):
            ws.record(ReferenceSet(scope, name, value + result, ws.now_ms))
