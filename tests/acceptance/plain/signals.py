"""The signals of each strategy over whole columns: side, rule and levels at every close that brings one."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import talib

from tests.acceptance.plain.candles import DAY, Floats, wide

type Mask = npt.NDArray[np.bool_]
QUARTER = 900_000


@dataclass(frozen=True, slots=True)
class Signal:
    """What a close says: `side` is long, short or conflict; `stop` a price where the strategy names one, else 0; the
    candle's range and the ATR belong to the price checks; `also` are other rules that fired.
    """

    side: str
    rule: str
    range: float
    atr: float
    stop: float = 0.0
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """Of one symbol: signals by close time, and the closes at which a long or a short position must end, with why."""

    signals: dict[int, Signal]
    end_long: dict[int, str]
    end_short: dict[int, str]


def atr(frame: pd.DataFrame) -> Floats:
    """Wilder's ATR of 14 bars."""
    found: Floats = talib.ATR(frame["high"].to_numpy(), frame["low"].to_numpy(), frame["close"].to_numpy(), 14)
    return found


def ma_cross(frame: pd.DataFrame) -> Said:
    """A thousandth beyond the mean of the sixty closes before, on the quarter hours; the opposite ends a position."""
    mean = frame["close"].rolling(60).mean().shift(1)
    asked = frame.index.to_numpy() % QUARTER == 0
    # Rounded: a close on the threshold is not beyond it, whatever the last digit of a float says.
    away = (frame["close"] / mean - 1).round(12)
    over, under = asked & (away > 0.001), asked & (away < -0.001)
    found = signals(frame, {"long": over, "short": under}, rule="close")
    opposite = {
        "long": dict.fromkeys(frame.index[under], "opposite"),
        "short": dict.fromkeys(frame.index[over], "opposite"),
    }
    return Said(found, opposite["long"], opposite["short"])


def shortseller(frame: pd.DataFrame, *, reenter: bool = False) -> Said:
    """The bar on which EMA 240 falls below EMA 600, at most the twelfth cross of the day; above, the position ends."""
    fast, slow = (pd.Series(talib.EMA(frame["close"].to_numpy(), span), frame.index) for span in (240, 600))
    active, warm = fast < slow, slow.notna() & slow.shift(1).notna()
    crossed = warm & (active != active.shift(1, fill_value=False))
    crosses = crossed.groupby(frame.index // DAY).cumsum()
    wanted = active & (crossed | (frame["close"] < fast) if reenter else crossed)
    found = signals(frame, {"short": warm & wanted}, rule="regime")
    if reenter:
        again = warm & wanted & ~crossed
        found = {at: signal if not again[at] else _renamed(signal, "below") for at, signal in found.items()}
    many = dict.fromkeys(frame.index[crosses > 12], "crosses")
    kept = {at: signal if at not in many else _renamed(signal, "crosses") for at, signal in found.items()}
    return Said(kept, {}, dict.fromkeys(frame.index[warm & ~active], "regime"))


def momentum(frame: pd.DataFrame, bitcoin: pd.DataFrame, *, tick: float) -> Said:
    """Five conditions of a breakout out of narrow bands; a close below the mean of twenty ends the position. The entry
    that the stop is measured from is a price on the exchange's grid.
    """
    close, volume = frame["close"], frame["volume"]
    upper, middle, lower = (pd.Series(band, frame.index) for band in talib.BBANDS(close.to_numpy(), 20, 2, 2))
    width = (upper - lower) / middle
    before = width.shift(1)
    smaller = sum((width.shift(1 + back) < before).astype(int) for back in range(1, 541))
    compressed = (smaller < 0.35 * 540) & width.shift(541).notna()
    mean, slow = close.rolling(20).mean(), close.rolling(50).mean()
    busy = volume / volume.rolling(20).mean().shift(1) > 2.0
    days = wide(bitcoin, DAY)["close"]
    calm = (days > days.rolling(50).mean()).reindex(frame.index, method="ffill", fill_value=False)
    wanted = compressed & (close > upper) & busy & (close > mean) & (mean > slow) & calm
    entry = (close / tick).round() * tick
    stop = pd.concat([frame["low"].rolling(10).min(), entry - 2 * atr(frame), entry * 0.85], axis=1).max(axis=1)
    found = signals(frame, {"long": wanted}, rule="compression", stop=stop)
    return Said(found, dict.fromkeys(frame.index[close < mean], "close"), {})


def rules8(frame: pd.DataFrame) -> Said:
    """The eight rules; the lowest of one side names the signal, and both sides at once are a conflict."""
    low, high, close = (frame[name].to_numpy() for name in ("low", "high", "close"))
    apart = talib.SMA(close, 50) - talib.SMA(close, 200)
    rsi = talib.RSI(close, 14)
    upper, _, lower = talib.BBANDS(close, 20, 2, 2)
    macd, line, _ = talib.MACD(close, 12, 26, 9)
    died, rose = _recent(_crossed(-apart)), _recent(_crossed(apart))
    fired = np.array(
        [
            died & (rsi < 30),
            rose & (rsi > 70),
            rsi < 20,
            rsi > 80,
            (low <= lower) & (close > lower),
            (high >= upper) & (close < upper),
            _crossed(macd - line),
            _crossed(line - macd),
        ]
    )
    longs = np.array([False, True, True, False, True, False, True, False])
    up, down = fired[longs].any(axis=0), fired[~longs].any(axis=0)
    sides = {"long": up & ~down, "short": down & ~up, "conflict": up & down}
    found = signals(frame, {side: pd.Series(mask, frame.index) for side, mask in sides.items()}, rule="")
    numbers = {at: [str(rule + 1) for rule in np.flatnonzero(fired[:, row])] for row, at in enumerate(frame.index)}
    return Said({at: _renamed(signal, *numbers[at]) for at, signal in found.items()}, {}, {})


def signals(
    frame: pd.DataFrame, sides: "dict[str, pd.Series[bool]]", *, rule: str, stop: "pd.Series[float] | None" = None
) -> dict[int, Signal]:
    """Signals where a side's mask is true."""
    closes: list[int] = frame.index.tolist()
    spread, average = (frame["high"] - frame["low"]).to_numpy(), atr(frame)
    found = {}
    for side, mask in sides.items():
        for row in np.flatnonzero(mask):
            level = 0.0 if stop is None else float(stop.iloc[row])
            found[closes[row]] = Signal(side, rule, float(spread[row]), float(average[row]), level)
    return dict(sorted(found.items()))


def _renamed(signal: Signal, rule: str, *also: str) -> Signal:
    return replace(signal, rule=rule, also=also)


def _crossed(gap: Floats) -> Mask:
    before = np.concatenate([[np.nan], gap[:-1]])
    return (before <= 0) & (gap > 0)


def _recent(mask: Mask) -> Mask:
    found = mask.copy()
    found[1:] |= mask[:-1]
    found[2:] |= mask[:-2]
    return found
