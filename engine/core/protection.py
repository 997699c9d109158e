"""Layer 3: what becomes of an open position with time and profit. Pure questions; nothing here sends anything."""

from dataclasses import dataclass

from engine.core.money import PPM, Money, Ticks, at_rate, from_money
from engine.core.portfolio import Position
from engine.core.profile import Protection

GRID_MS = 120_000


@dataclass(frozen=True, slots=True)
class MoveStop:
    """Move the stop to a better price."""

    stop: Ticks
    why: str


@dataclass(frozen=True, slots=True)
class CloseFor:
    """Close the position for a reason."""

    reason: str


def grid(at_ms: int) -> int:
    """Return the number of the 120 s slot that holds a time."""
    return at_ms // GRID_MS


def due(position: Position, rules: Protection, mark: Ticks, *, at_ms: int, taker_e8: int) -> MoveStop | CloseFor | None:
    """Return what the rules ask for at this mark and time; closing comes before moving, the better of two stops is
    taken.
    """
    age = at_ms - position.opened_ms
    if rules.max_age_ms is not None and age >= rules.max_age_ms:
        return CloseFor("max age")
    if rules.losing_after_ms is not None and age > rules.losing_after_ms and position.unrealised(mark) < 0:
        return CloseFor("losing too long")
    moves = [move for move in (_breakeven(position, rules, mark, taker_e8), _trail(position, rules)) if move]
    if not moves:
        return None
    return max(moves, key=lambda move: move.stop) if position.long else min(moves, key=lambda move: move.stop)


def better(position: Position, stop: Ticks) -> bool:
    """Whether a stop is nearer to profit than the present one."""
    if not position.stop:
        return True
    return stop > position.stop if position.long else stop < position.stop


def breakeven_stop(position: Position, taker_e8: int, buffer_ppm: int) -> Ticks:
    """Return entry ± (round-trip commission + buffer), rounded towards profit.

    The commission is both sides' taker fee on the entry value, as a price distance.
    """
    distance = 2 * at_rate(position.cost, taker_e8) + position.cost * buffer_ppm // PPM
    per_tick = position.size * position.unit
    if position.long:
        return -(-(position.cost + distance) // per_tick)
    return (position.cost - distance) // per_tick


def _triggered(position: Position, rules: Protection, mark: Ticks) -> bool:
    profit = position.unrealised(mark)
    if rules.breakeven_profit is not None and profit >= rules.breakeven_profit:
        return True
    return rules.breakeven_ppm is not None and profit * PPM >= position.cost * rules.breakeven_ppm


def _breakeven(position: Position, rules: Protection, mark: Ticks, taker_e8: int) -> MoveStop | None:
    if not _triggered(position, rules, mark):
        return None
    stop = breakeven_stop(position, taker_e8, rules.breakeven_buffer_ppm)
    beyond = stop >= mark if position.long else stop <= mark
    return None if beyond or not better(position, stop) else MoveStop(stop, "breakeven")


def _trail(position: Position, rules: Protection) -> MoveStop | None:
    if rules.trail_from_ppm is None or rules.trail_by_ppm is None:
        return None
    if position.unrealised(position.best) * PPM < position.cost * rules.trail_from_ppm:
        return None
    if position.long:
        stop = position.best * (PPM - rules.trail_by_ppm) // PPM
    else:
        stop = -(-position.best * (PPM + rules.trail_by_ppm) // PPM)
    return MoveStop(stop, "trailing") if better(position, stop) else None


def trigger_prices(position: Position, rules: Protection) -> list[Ticks]:
    """Return the marks at which a rule that looks at profit may wake (the first tick beyond each), for skipping quiet
    bars.
    """
    wanted: list[Money] = []
    if rules.breakeven_profit is not None:
        wanted.append(rules.breakeven_profit)
    if rules.breakeven_ppm is not None:
        wanted.append(position.cost * rules.breakeven_ppm // PPM)
    per_tick = position.size * position.unit
    sign = 1 if position.long else -1
    return [(position.cost + sign * profit) // per_tick for profit in wanted]


def describe(rules: Protection) -> tuple[str, ...]:
    """Return the rules in words for the strategies screen."""
    words = []
    if rules.breakeven_profit is not None:
        words.append(f"breakeven at +{from_money(rules.breakeven_profit).normalize():f} USDT")
    if rules.breakeven_ppm is not None:
        words.append(f"breakeven at +{rules.breakeven_ppm / 10_000:g} %")
    if rules.trail_from_ppm is not None and rules.trail_by_ppm is not None:
        words.append(f"trails {rules.trail_by_ppm / 10_000:g} % from +{rules.trail_from_ppm / 10_000:g} %")
    if rules.exchange_trail_ppm is not None:
        words.append(f"trails {rules.exchange_trail_ppm / 10_000:g} % on the exchange")
    if rules.losing_after_ms is not None:
        words.append(f"closes losers after {rules.losing_after_ms // 3_600_000} h")
    if rules.max_age_ms is not None:
        words.append(f"closes after {rules.max_age_ms // 3_600_000} h")
    return tuple(words)
