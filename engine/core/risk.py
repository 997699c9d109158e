"""Layer 1: the size of an entry and the checks it must pass. The first failure names itself, with its numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from engine.core.holds import forbids_entry, strictest
from engine.core.market import MINUTE_MS, Instrument, Status
from engine.core.money import PPM, Money, Steps, Ticks, at_rate, from_money, ppm_of
from engine.core.orders import Purpose
from engine.core.profile import Profile, SizeMode
from engine.core.quick import quick
from engine.core.runaway import CHECK as RUNAWAY
from engine.core.runaway import excess
from engine.core.selection import chosen
from engine.core.strategy import At, Level, Multiple, Nearest, Off
from engine.core.workspace import Workspace

MAINTENANCE_PPM = 5_000
FRESH_BARS = 2


@quick
@dataclass(frozen=True, slots=True)
class Draft:
    """An entry as wanted, before the checks. Prices in ticks; `qty` may be too small, which a check says."""

    profile: Profile
    instrument: Instrument
    long: bool
    expected: Ticks
    stop: Ticks | None
    target: Ticks | None
    qty: Steps
    leverage: int
    bar_ms: int

    @property
    def notional(self) -> Money:
        """Value of the entry at the expected price."""
        return self.instrument.notional(self.expected, self.qty)


@dataclass(frozen=True, slots=True)
class Denied:
    """Which check refused an entry, and why in numbers."""

    check: str
    detail: str


def level_price(
    level: Level | None,
    expected: Ticks,
    instrument: Instrument,
    *,
    up: bool,
    long: bool,
    stop: Ticks | None = None,
) -> Ticks | None:
    """Return a stop or target in ticks: a stop rounds away from the entry, a target towards it.

    For a long both round down, for a short both round up. `up` says on which side of the entry a distance lies, `stop`
    is what a multiple measures by.
    """
    sign = 1 if up else -1
    match level:
        case None:
            return None
        case Nearest(levels=levels):
            found = [level_price(each, expected, instrument, up=up, long=long) or 0 for each in levels]
            return min(found, key=lambda price: abs(price - expected), default=None)
        case At(price=price):
            exact = _written(price)
            return instrument.ticks_down(exact) if long else instrument.ticks_up(exact)
        case Off(distance=distance):
            exact = instrument.price(expected) + sign * _written(distance)
            return instrument.ticks_down(exact) if long else instrument.ticks_up(exact)
        case Multiple(ratio=ratio):
            ppm = round(ratio * PPM) * abs(expected - stop) if stop is not None else 0
            return _scaled(expected * PPM + sign * ppm, long=long)
    return _scaled(expected * (PPM + sign * level.ppm), long=long)


def _written(value: float) -> Decimal:
    # Computed values are noisy beyond twelve digits: that must not push a level on the grid to the next tick.
    return Decimal(f"{value:.12g}")


def _scaled(exact: int, *, long: bool) -> Ticks:
    return exact // PPM if long else -(-exact // PPM)


def wanted_notional(
    ws: Workspace, profile: Profile, instrument: Instrument, *, expected: Ticks, stop: Ticks | None
) -> Money:
    """Return the notional that the profile's sizing mode asks for, times the size factor of the weekly limits."""
    sizing = profile.sizing
    allocated = ws.allocated(profile)
    match sizing.mode:
        case SizeMode.QUANTITY:
            notional = sizing.amount * expected * instrument.unit // int(instrument.step * 10**8)
        case SizeMode.NOTIONAL:
            notional = sizing.amount
        case SizeMode.MARGIN:
            notional = sizing.amount * profile.leverage
        case SizeMode.EQUITY_MARGIN:
            notional = ppm_of(allocated, sizing.ppm) * profile.leverage
        case _:
            distance = abs(expected - stop) if stop is not None else 0
            notional = ppm_of(allocated, sizing.ppm) * expected // distance if distance else 0
    if sizing.cap is not None:
        notional = min(notional, allocated * sizing.cap)
    for scope, factor in ws.size_factor_ppm().items():
        if scope in {"", profile.name}:
            notional = ppm_of(notional, factor)
    return max(0, notional)


def minimum_qty(instrument: Instrument, expected: Ticks) -> Steps:
    """Return the smallest quantity the exchange takes at a price, in whole lots."""
    least = int(instrument.min_notional * 10**8)
    steps = max(instrument.min_qty, -(-least // (expected * instrument.unit)))
    return -(-steps // instrument.lot) * instrument.lot


def quantity(instrument: Instrument, profile: Profile, notional: Money, expected: Ticks) -> Steps:
    """Return steps for a notional, rounded down; a fixed size just below the minimum is raised by at most one step.

    Never to more than twice what was asked for: where one step is worth hundreds, "one step" would not be a rounding.
    """
    step = expected * instrument.unit
    qty = notional // step
    qty -= qty % instrument.lot
    least = minimum_qty(instrument, expected)
    fixed = profile.sizing.mode in {SizeMode.QUANTITY, SizeMode.NOTIONAL, SizeMode.MARGIN}
    return least if fixed and qty == least - instrument.lot and least * step <= 2 * notional else qty


def reserved(ws: Workspace) -> tuple[Money, Money]:
    """Return notional and margin of entries that may still fill: pending and unknown count in full."""
    notional = margin = 0
    for order in ws.state.book.open():
        if order.ticket.purpose is Purpose.ENTRY:
            instrument = ws.state.portfolio.instruments[order.ticket.symbol]
            value = instrument.notional(order.ticket.expected, order.open_qty)
            notional += value
            margin += value // order.ticket.leverage
    return notional, margin


def exposure(ws: Workspace) -> Money:
    """Return the notional of open positions at the mark."""
    total = 0
    for position in ws.positions.values():
        mark = ws.marks.get(position.symbol)
        total += mark * position.size * position.unit if mark else position.cost
    return total


def liquidation_price(entry: Ticks, leverage: int, *, long: bool) -> Ticks:
    """Estimate the isolated-margin liquidation price: entry × (1 ∓ (1/leverage − maintenance rate))."""
    distance = PPM // leverage - MAINTENANCE_PPM
    return entry * (PPM - distance if long else PPM + distance) // PPM


def _hold(ws: Workspace, d: Draft) -> str | None:
    hold = strictest(ws.state.holds.values(), d.profile.name, d.instrument.symbol)
    if forbids_entry(hold) and hold is not None:
        return hold.reason
    if not ws.enabled(d.profile):
        return f"profile {d.profile.name} is switched off"
    if d.profile.name in ws.blocked:
        return f"the strategy of {d.profile.name} may not enter: {ws.blocked[d.profile.name]}"
    if d.instrument.symbol in ws.state.symbols_off.get(d.profile.name, ()):
        return f"{d.instrument.symbol} is switched off in {d.profile.name}"
    if not ws.writable:
        return "the journal cannot be written"
    if ws.venue != "up":
        return f"exchange connection is {ws.venue.value}"
    return None if ws.compared else "the account is not compared with the exchange yet"


def _symbol_free(ws: Workspace, d: Draft) -> str | None:
    symbol = d.instrument.symbol
    if symbol in ws.positions:
        return f"{symbol} already has a position of {ws.positions[symbol].profile}"
    order = next(ws.state.book.open(symbol), None)
    return None if order is None else f"unresolved order on {symbol} ({order.status.value})"


def _count(ws: Workspace, d: Draft) -> str | None:
    held = {(p.symbol, p.profile) for p in ws.positions.values()}
    held.update((order.ticket.symbol, order.ticket.profile) for order in ws.state.book.open())
    mine = sum(1 for _, profile in held if profile == d.profile.name)
    busy = {symbol for symbol, _ in held}
    if mine >= d.profile.max_positions:
        return f"{mine} positions of {d.profile.name}, maximum {d.profile.max_positions}"
    return (
        None
        if len(busy) < ws.account.max_positions
        else f"{len(busy)} positions on the account, maximum {ws.account.max_positions}"
    )


def _cooldown(ws: Workspace, d: Draft) -> str | None:
    until = ws.state.cooldowns.get(d.instrument.symbol, 0)
    left = until - ws.now_ms
    return None if left <= 0 else f"cooldown, {-(-left // MINUTE_MS)} min left"


def _levels(ws: Workspace, d: Draft) -> str | None:
    price = d.instrument.price
    below = (d.stop if d.long else d.target) or 1
    above = (d.target if d.long else d.stop) or d.expected + 1
    if not 0 < below < d.expected < above:
        levels = f"stop {price(d.stop) if d.stop else '–'} and target {price(d.target) if d.target else '–'}"
        return f"{levels} must lie on either side of {price(d.expected)}"
    if d.stop is None:
        return None
    risk = abs(d.expected - d.stop)
    if (
        d.target is not None
        and d.profile.min_rr_ppm is not None
        and abs(d.target - d.expected) * PPM < risk * d.profile.min_rr_ppm
    ):
        return f"reward ÷ risk {abs(d.target - d.expected) / risk:.2f} below {d.profile.min_rr_ppm / PPM:g}"
    liquidation = liquidation_price(d.expected, d.leverage, long=d.long)
    buffer = ppm_of(d.expected, ws.account.liquidation_buffer_ppm)
    beyond = d.stop <= liquidation + buffer if d.long else d.stop >= liquidation - buffer
    return f"stop {price(d.stop)} too near liquidation {price(liquidation)} at {d.leverage}x" if beyond else None


def round_trip_cost(ws: Workspace, notional: Money, slippage_ppm: int | None = None) -> Money:
    """Return taker fee and slippage of both sides; the account's slippage unless given."""
    slippage = ws.account.slippage_ppm if slippage_ppm is None else slippage_ppm
    return 2 * (at_rate(notional, ws.account.taker_e8) + ppm_of(notional, slippage))


def _cost(ws: Workspace, d: Draft) -> str | None:
    most = d.profile.max_cost_share_ppm
    if most is None or d.stop is None:
        return None
    at_risk = abs(d.expected - d.stop) * d.qty * d.instrument.unit
    cost = round_trip_cost(ws, d.notional, d.profile.cost_slippage_ppm)
    if cost * PPM <= at_risk * most:
        return None
    return (
        f"round-trip cost {from_money(cost):.2f} is over {most / 10_000:g} % of the {from_money(at_risk):.2f} at risk"
    )


def _quantity(ws: Workspace, d: Draft) -> str | None:
    i = d.instrument
    least = minimum_qty(i, d.expected)
    if d.qty < least:
        worth = from_money(i.notional(d.expected, least))
        return f"quantity {i.quantity(d.qty)} below the exchange's minimum {i.quantity(least)} ({worth:.2f} USDT)"
    if d.qty > i.max_market_qty:
        return f"quantity {i.quantity(d.qty)} above the largest market order {i.quantity(i.max_market_qty)}"
    return (
        None if d.leverage <= i.max_leverage else f"leverage {d.leverage}x above {i.symbol}'s maximum {i.max_leverage}x"
    )


def _margin(ws: Workspace, d: Draft) -> str | None:
    pending, pending_margin = reserved(ws)
    used = sum(p.margin() for p in ws.positions.values()) + pending_margin
    # The exchange, too, sets the fee to close aside with that to open.
    need = d.notional // d.leverage + 2 * at_rate(d.notional, ws.account.taker_e8)
    equity = ws.equity()
    free = min(equity, ws.state.portfolio.wallet) - used
    if need > free:
        return f"needs {from_money(need):.2f} margin and fees, free {from_money(free):.2f}"
    total = exposure(ws) + pending + d.notional
    cap = equity * ws.account.max_exposure
    return (
        None
        if total <= cap
        else f"exposure {from_money(total):.2f} above {ws.account.max_exposure} × equity {from_money(equity):.2f}"
    )


def _sane(ws: Workspace, d: Draft) -> str | None:
    symbol = d.instrument.symbol
    if symbol in ws.troubled:
        return f"data: {ws.troubled[symbol]}"
    price = ws.prices.get(symbol)
    if price is None:
        return "no price yet"
    if abs(price.last - price.mark) * PPM > price.mark * ws.account.max_mark_gap_ppm:
        most = f"{ws.account.max_mark_gap_ppm / 10_000:g} %"
        return f"last {d.instrument.price(price.last)} is over {most} from mark {d.instrument.price(price.mark)}"
    age = ws.now_ms - min(price.at_ms, d.bar_ms)
    if age > min(FRESH_BARS * d.profile.timeframe, ws.account.max_age_ms):
        return f"data is {age // 1000} s old"
    width, atr = ws.ranges.get(symbol, (0.0, None))
    if atr is not None and width and width >= ws.account.max_range_atr * atr:
        return f"last candle's range {width:g} is not below {ws.account.max_range_atr} × ATR {atr:g}"
    return None


def _turnover(ws: Workspace, d: Draft) -> str | None:
    floor = d.profile.turnover_floor
    if not floor:
        return None
    turnover = ws.turnover.get(d.instrument.symbol)
    if turnover is None:
        return "24 h turnover not known yet"
    if turnover < floor:
        return f"24 h turnover {turnover:,} below {floor:,}"
    if not d.profile.largest or d.instrument.symbol in chosen(ws, d.profile):
        return None
    return f"{d.instrument.symbol} is not among the {d.profile.largest} largest of today"


def _listed(ws: Workspace, d: Draft) -> str | None:
    if d.instrument.status is not Status.TRADING:
        return f"{d.instrument.symbol} is {d.instrument.status.value}"
    return "announced for delisting" if d.instrument.delivery_ms else None


def _runaway(ws: Workspace, d: Draft) -> str | None:
    return excess(ws, d.notional)


CHECKS: tuple[tuple[str, Callable[[Workspace, Draft], str | None]], ...] = (
    ("hold", _hold),
    ("symbol", _symbol_free),
    ("count", _count),
    ("cooldown", _cooldown),
    ("levels", _levels),
    ("cost", _cost),
    ("quantity", _quantity),
    ("margin", _margin),
    ("price", _sane),
    ("turnover", _turnover),
    ("listed", _listed),
    # The last one: it counts only what all others let pass, and more than a refusal follows from it.
    (RUNAWAY, _runaway),
)


def check_entry(ws: Workspace, draft: Draft) -> Denied | None:
    """Run the checks in their order; None when the entry may be made."""
    for name, check in CHECKS:
        detail = check(ws, draft)
        if detail is not None:
            return Denied(name, detail)
    return None
