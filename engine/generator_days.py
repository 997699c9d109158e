"""The slow part of the demo market: daily closes, daily volatility and the regimes of each day.

All of it follows from the seed. Daily series cover a fixed span of days, so any day can be asked for on its own.
"""

import math
import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.core.market import DAY_MS
from engine.universe import UNIVERSE
from engine.validate import Floats

MINUTES = 1_440
FIRST_DAY = 16_071  # 2014-01-01
LAST_DAY = 32_871  # 2059-12-31
LEADER = "BTCUSDT"

_LEADER_DAILY = 0.024
# Log prices return to the typical price with a half-life of some months: a demo of any date shows credible prices.
_RETURN_TO_BASE = 0.994
# Wild stretches raise the average: a usual minute is calmer than an even share of the day.
_CALM = 0.6
_PERSISTENCE = 0.9
_MINUTE_PERSISTENCE = 0.985
_VOLATILITY_OF_VOLATILITY = 0.35


@dataclass(frozen=True, slots=True)
class Regime:
    """How a stretch of a day behaves: drift in units of volatility a minute, volatility and volume multipliers."""

    name: str
    drift: float
    volatility: float
    volume: float
    weight: float


REGIMES = (
    Regime("trend up", 0.12, 1.0, 1.2, 0.22),
    Regime("trend down", -0.12, 1.0, 1.2, 0.22),
    Regime("range", 0.0, 0.6, 0.7, 0.44),
    Regime("panic", -0.22, 2.4, 3.0, 0.06),
    Regime("squeeze up", 0.22, 1.9, 2.4, 0.06),
)


@dataclass(frozen=True, slots=True, eq=False)
class DayShape:
    """Per minute of one day: volatility and drift in units of the symbol's usual minute, and a volume multiplier."""

    volatility: Floats
    drift: Floats
    volume: Floats
    regime: tuple[str, ...]


def rng(seed: int, *keys: str | int) -> np.random.Generator:
    """Return the random stream that belongs to these keys and to nothing else."""
    words = [key if isinstance(key, int) else zlib.crc32(key.encode()) for key in keys]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


def check_day(day: int) -> None:
    """Raise ValueError for a day (since 1970) outside the generated span."""
    if not FIRST_DAY < day <= LAST_DAY:
        first, last = (np.datetime64(number, "D") for number in (FIRST_DAY + 1, LAST_DAY))
        asked = day * DAY_MS
        raise ValueError(f"the demo market exists from {first} to {last}, asked for the day that opens at {asked} ms")


@lru_cache(maxsize=64)
def daily_closes(seed: int, symbol: str) -> Floats:
    """Return the close of every day from FIRST_DAY on, before rounding to ticks."""
    spec = UNIVERSE[symbol]
    count = LAST_DAY - FIRST_DAY + 1
    shocks = spec.beta * _LEADER_DAILY * rng(seed, "days", LEADER).standard_normal(count)
    if spec.own:
        shocks += spec.own * rng(seed, "days", symbol).standard_normal(count)
    level, path = 0.0, []
    for shock in shocks.tolist():
        level = _RETURN_TO_BASE * level + shock
        path.append(level)
    return _read_only(spec.base_price * np.exp(np.array(path)))


@lru_cache(maxsize=16)
def daily_volatility(seed: int) -> Floats:
    """Return the market-wide volatility multiplier of every day: quiet and wild days come in clusters."""
    level, path = 0.0, []
    for shock in rng(seed, "volatility").standard_normal(LAST_DAY - FIRST_DAY + 1).tolist():
        level = _PERSISTENCE * level + 0.13 * shock
        path.append(level)
    return _read_only(np.exp(np.array(path)))


@lru_cache(maxsize=96)
def day_shape(seed: int, symbol: str, day: int) -> DayShape:
    """Return regimes and clustered volatility of a day. Volatility is in units of the symbol's usual minute."""
    stream = rng(seed, "shape", symbol, day)
    which = _regimes(stream)
    table = np.array([(regime.drift, regime.volatility, regime.volume) for regime in REGIMES])
    drift, volatility, volume = table[which].T
    clustered = np.exp(_persistent(stream.standard_normal(MINUTES)) * _VOLATILITY_OF_VOLATILITY)
    level = daily_volatility(seed)[day - FIRST_DAY] * volatility * clustered
    names = tuple(REGIMES[index].name for index in which.tolist())
    return DayShape(_read_only(level), _read_only(drift * level), _read_only(volume * clustered), names)


def usual_minute(symbol: str) -> tuple[float, float]:
    """Return the standard deviation of a minute's log return: the part shared with the leader, and the symbol's own."""
    spec = UNIVERSE[symbol]
    root = math.sqrt(MINUTES) / _CALM
    return spec.beta * _LEADER_DAILY / root, spec.own / root


def _regimes(stream: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    # Stretches of one to five hours; panics and squeezes burn out in a third of that.
    weights = np.array([regime.weight for regime in REGIMES])
    chosen = stream.choice(len(REGIMES), size=MINUTES // 20, p=weights / weights.sum())
    lengths = stream.integers(60, 300, size=len(chosen)) // np.where(np.array(chosen) >= 3, 3, 1)
    return np.repeat(chosen, lengths)[:MINUTES].astype(np.int64)


def _persistent(noise: Floats) -> Floats:
    # An AR(1) process of unit variance in closed form; the powers stay far inside the range of a double.
    powers = _MINUTE_PERSISTENCE ** np.arange(len(noise))
    scale = math.sqrt(1 - _MINUTE_PERSISTENCE**2)
    series: Floats = powers * np.cumsum(scale * noise / powers)
    return series


def _read_only(values: Floats) -> Floats:
    values.flags.writeable = False
    return values
