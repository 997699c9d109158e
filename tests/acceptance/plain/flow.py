"""Order flow over whole columns: what trades, books and candles say at every update of the book."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.acceptance.plain.candles import MINUTE, Floats, wide

type Times = npt.NDArray[np.int64]
WINDOW = 5_000
QUARTER = 15 * MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """Trades and best quotes as columns in order of time (ms). Of one instant the quotes come first."""

    traded: Times
    price: Floats
    quantity: Floats
    bought: npt.NDArray[np.bool_]
    quoted: Times
    bid: Floats
    bid_size: Floats
    ask: Floats
    ask_size: Floats


def volumes(ticks: Ticks) -> tuple[Times, Floats, Floats]:
    """Count of trades, volume bought and sold from the opening of the running minute up to each quote."""
    since = np.searchsorted(ticks.traded, ticks.quoted // MINUTE * MINUTE)
    until = np.searchsorted(ticks.traded, ticks.quoted)
    parts = [np.where(ticks.bought == side, ticks.quantity, 0.0) for side in (True, False)]
    bought, sold = (np.concatenate([[0.0], np.cumsum(part)]) for part in parts)
    return until - since, bought[until] - bought[since], sold[until] - sold[since]


def delta(ticks: Ticks) -> Floats:
    """Mean lean of the book over the last 5 s less that of the 5 s before; NaN until 10 s are seen."""
    at = ticks.quoted
    lean = (ticks.bid_size - ticks.ask_size) / (ticks.bid_size + ticks.ask_size)
    area = np.concatenate([[0.0], np.cumsum(lean[:-1] * np.diff(at))])

    def until(when: Times) -> Floats:
        row = np.maximum(np.searchsorted(at, when, side="right") - 1, 0)
        return np.asarray(area[row] + lean[row] * (when - at[row]))

    late, middle, early = until(at), until(at - WINDOW), until(at - 2 * WINDOW)
    return np.where(at - 2 * WINDOW >= at[0], (late - 2 * middle + early) / WINDOW, np.nan)


def minutes(ticks: Ticks) -> pd.DataFrame:
    """The candles that the trades of whole minutes make, by close time."""
    frame = pd.DataFrame({"price": ticks.price, "volume": ticks.quantity})
    closes = (ticks.traded // MINUTE + 1) * MINUTE
    grouped = frame.groupby(closes)
    found = pd.DataFrame({"open": grouped["price"].first(), "high": grouped["price"].max()})
    found = found.assign(low=grouped["price"].min(), close=grouped["price"].last(), volume=grouped["volume"].sum())
    return found.loc[(found.index > closes[0]) & (found.index < closes[-1])]


def trend(candles: pd.DataFrame, at: Times) -> Times:
    """1 where the last three closes of 15 minutes rise strictly, -1 where they fall, else 0."""
    step = wide(candles, QUARTER)["close"].diff()
    rising, falling = (step > 0) & (step.shift(1) > 0), (step < 0) & (step.shift(1) < 0)
    return np.nan_to_num(latest(rising.astype(float) - falling.astype(float), at)).astype(np.int64)


def simple_atr(candles: pd.DataFrame, at: Times) -> Floats:
    """Plain mean of the last 14 true ranges; NaN before."""
    before = candles["close"].shift(1)
    high = candles["high"].where(candles["high"] > before, before)
    low = candles["low"].where(candles["low"] < before, before)
    return latest((high - low).rolling(14).mean(), at)


def latest(values: "pd.Series[float]", at: Times) -> Floats:
    """The value of the last candle that is over at each time; NaN before the first."""
    row = np.searchsorted(values.index.to_numpy(), at, side="right")
    return np.concatenate([[np.nan], values.to_numpy()])[row]


def wishes(ticks: Ticks, candles: pd.DataFrame) -> Times:
    """1 where trend, volume and book all say long, -1 where they say short, else 0, at every quote."""
    count, bought, sold = volumes(ticks)
    total = bought + sold
    imbalance = np.where(count >= 10, (bought - sold) / np.where(total > 0, total, 1.0), 0.0)
    # Rounded: a value on its threshold has reached it, whatever the last digit of a float says.
    imbalance, leaning = np.round(imbalance, 12), np.round(np.nan_to_num(delta(ticks)), 12)
    direction = trend(candles, ticks.quoted)
    warm = ~np.isnan(simple_atr(candles, ticks.quoted))
    up = (direction > 0) & (imbalance >= 0.2) & (leaning >= 0.1)
    down = (direction < 0) & (imbalance <= -0.2) & (leaning <= -0.1)
    return np.where(warm, up.astype(np.int64) - down.astype(np.int64), 0)
