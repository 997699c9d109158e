"""Checks of what the profiles want to trade against what the exchange lists and takes. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from bot.check_findings import Area, Finding
from bot.check_rules import wanted_size
from engine.core.market import Instrument, Status
from engine.core.money import Money, Ticks, from_money, ppm_of
from engine.core.profile import Profile, SizeMode
from engine.core.risk import minimum_qty, quantity

_SYMBOLS, _SIZES = Area("symbols"), Area("sizes")
_NAMED = 5
# Rounding up by one step may go this far before somebody should know.
_RAISED_PPM = 1_250_000


def wanted(profiles: Iterable[Profile]) -> tuple[str, ...]:
    """Return every symbol of the profiles once."""
    return tuple(dict.fromkeys(symbol for profile in profiles for symbol in profile.symbols))


def symbol_findings(symbols: Sequence[str], instruments: Mapping[str, Instrument]) -> list[Finding]:
    """Find symbols that are not listed or not traded now; with none left there is nothing to do for the desk."""
    todo = "take them out of the profiles"
    absent = [symbol for symbol in symbols if symbol not in instruments]
    resting = [s for s in symbols if s in instruments and instruments[s].status is not Status.TRADING]
    traded = len(symbols) - len(absent) - len(resting)
    found = [_SYMBOLS.warning(f"not listed: {_some(absent)}", todo)] if absent else []
    if resting:
        found.append(_SYMBOLS.warning(f"listed, but not traded now: {_some(resting)}", todo))
    if not traded:
        return [*found, _SYMBOLS.fault("there is nothing to trade", "give the profiles symbols that are listed")]
    return [*found, _SYMBOLS.ok(f"{traded} of {len(symbols)} symbols are traded")]


def size_findings(
    profiles: Iterable[Profile],
    instruments: Mapping[str, Instrument],
    prices: Mapping[str, Ticks],
    equity: Money | None = None,
) -> list[Finding]:
    """Hold each profile's leverage against the symbols' maximum, and its size against their minimum at a price in
    ticks. A size that is a share of equity is judged at an equity, if one is given; it changes with it.
    """
    found = []
    for profile in profiles:
        known = [instruments[symbol] for symbol in profile.symbols if symbol in instruments]
        wrong = _too_high(profile, known) + _too_small(profile, known, prices, equity)
        if known and not wrong:
            what = f"profile {profile.name}: size and {profile.leverage}x leverage fit {len(known)} symbols"
            found.append(_SIZES.ok(what))
        found += wrong
    return found


def _too_high(profile: Profile, known: list[Instrument]) -> list[Finding]:
    beyond = [f"{each.symbol} (at most {each.max_leverage.normalize():f}x)" for each in known]
    beyond = [words for words, each in zip(beyond, known, strict=True) if profile.leverage > each.max_leverage]
    what = f"profile {profile.name}: {profile.leverage}x leverage is refused for {_some(beyond)}"
    return _graded(what, beyond, known, "lower the profile's leverage, or take the symbols out of it")


def _too_small(
    profile: Profile, known: list[Instrument], prices: Mapping[str, Ticks], equity: Money | None
) -> list[Finding]:
    refused, raised = [], []
    for each in known:
        price = prices.get(each.symbol, 0)
        notional = fixed_notional(profile, each, price) if price else None
        if notional is None and price and equity is not None:
            notional = wanted_size(profile, equity)
        if notional is None:
            continue
        least = minimum_qty(each, price)
        needed = each.notional(price, least)
        words = f"{each.symbol} (wants {from_money(notional):,.2f}, least {from_money(needed):,.2f} USDT)"
        if quantity(each, profile, notional, price) < least:
            refused.append(words)
        elif needed > ppm_of(notional, _RAISED_PPM):
            raised.append(words)
    todo = "take the symbols out of the profile, or use one with a larger size"
    what = f"profile {profile.name}: the size is below the exchange's minimum for {_some(refused)}"
    more = f"profile {profile.name}: the size is raised to the exchange's minimum for {_some(raised)}"
    return _graded(what, refused, known, todo) + ([_SIZES.warning(more, todo)] if raised else [])


def _graded(what: str, beyond: list[str], known: list[Instrument], todo: str) -> list[Finding]:
    if not beyond:
        return []
    return [_SIZES.fault(what, todo) if len(beyond) == len(known) else _SIZES.warning(what, todo)]


def fixed_notional(profile: Profile, instrument: Instrument, price: Ticks) -> Money | None:
    """Return the notional that a profile of fixed size wants at a price; None where the size is a share of equity."""
    sizing = profile.sizing
    match sizing.mode:
        case SizeMode.QUANTITY:
            return sizing.amount * price * instrument.unit // int(instrument.step * 10**8)
        case SizeMode.NOTIONAL:
            return sizing.amount
        case SizeMode.MARGIN:
            return sizing.amount * profile.leverage
        case _:
            return None


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
