"""The trading rules of a backtest's instruments: known ones, or grids read off the data."""

from dataclasses import replace
from decimal import Decimal

import numpy as np

from engine.backtest.request import BacktestError
from engine.candles import Columns
from engine.core.market import Instrument
from engine.universe import UNIVERSE
from engine.validate import Floats

_FINEST = 8
_LARGEST = 10**12


def instrument_of(columns: Columns, *, tick: Decimal | None, step: Decimal | None) -> tuple[Instrument, str]:
    """Return a symbol's instrument, and a sentence where its grids were not known (empty otherwise).

    The rule for unknown symbols: the tick is one unit of the last decimal place that any price uses, the step the same
    of the volumes, coarser where tick × step would be finer than 1e-8; minimum order value 5, leverage up to 50.
    Given grids go before known and inferred ones. Raises BacktestError when no exact grid fits.
    """
    symbol = columns.symbol
    known = UNIVERSE.get(symbol)
    try:
        if known is not None and tick is None and step is None:
            return known.instrument(), _rounded(columns, known.tick)
        if known is not None:
            base = known.instrument()
            return _regridded(base, tick or base.tick, step or base.step), ""
        prices = np.concatenate([columns.open, columns.high, columns.low, columns.close])
        found = tick or Decimal(1).scaleb(-places(prices))
        size = step or max(Decimal(1).scaleb(-places(columns.volume)), Decimal("1e-8") / found)
        note = (
            f"{symbol}: tick {found:f} and step {size:f} were read off the data; give --tick and --step if they are not"
        )
        return Instrument(symbol=symbol, tick=found, step=size, min_qty=1, max_market_qty=_LARGEST), note
    except ValueError as error:
        raise BacktestError(f"{error}; give a coarser --tick or --step") from error


def _rounded(columns: Columns, tick: Decimal) -> str:
    ticks = columns.close / float(tick)
    if (np.abs(ticks - np.rint(ticks)) <= 1e-6 * ticks).all():
        return ""
    return f"{columns.symbol}: prices finer than the tick {tick} are rounded to it; give another with --tick"


def places(values: Floats) -> int:
    """Return how many decimal places the values use, at most 8."""
    for count in range(_FINEST):
        scaled = values * 10.0**count
        if (np.abs(scaled - np.rint(scaled)) <= 1e-9 * np.maximum(np.abs(scaled), 1.0)).all():
            return count
    return _FINEST


def _regridded(known: Instrument, tick: Decimal, step: Decimal) -> Instrument:
    smallest = max(1, -(-int(known.quantity(known.min_qty) * 10**8) // int(step * 10**8)))
    largest = max(smallest, int(known.quantity(known.max_market_qty) / step))
    return replace(known, tick=tick, step=step, min_qty=smallest, max_market_qty=largest)
