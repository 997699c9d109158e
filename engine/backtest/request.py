"""What a backtest is asked for and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.candles import Columns
from engine.core.events import Executed, FundingPaid
from engine.core.facts import Hold
from engine.core.market import Instrument
from engine.core.money import Money
from engine.core.profile import Account
from engine.core.quick import quick
from engine.core.strategy import Strategy
from engine.core.trades import Trade
from engine.datafiles_ticks import Book, Trades
from engine.exchanges.simulated import Terms


class BacktestError(ValueError):
    """A request that cannot be run, and what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One run. `data` holds, per symbol, the finest candles there are: orders meet them, strategies see what is built
    from them.

    Trading happens in [start_ms, end_ms); earlier candles only warm indicators up. `funding` gives recorded rates
    (fraction × 1e8) by
    symbol and settlement time. With `skipping` off every bar is looked at: slower, and the same by construction (a test
    compares them). With `ticks` the run goes from tick to tick, and `data` holds their candles.
    """

    account: Account
    strategies: Mapping[str, Strategy]
    instruments: Mapping[str, Instrument]
    data: Mapping[str, Columns]
    start_ms: int
    end_ms: int
    wallet: Money
    terms: Terms = field(default_factory=Terms)
    funding: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    skipping: bool = True
    ticks: tuple[Trades | Book, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class Fill:
    """One execution, the profile it belongs to and the reason behind it (the rule of an entry, what closed an exit)."""

    event: Executed
    profile: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a run. `times` (close, ms) and `equity` (quote) hold one point per bar, marked to market; `signals`
    counts outcomes; `holds` are those that limits and forced closes set.

    `ambiguous` counts trades whose deciding bar held both stop and target (the stop was taken); `unfunded` counts
    settlements of open
    positions without a recorded rate.
    """

    trades: tuple[Trade, ...]
    fills: tuple[Fill, ...]
    funding: tuple[FundingPaid, ...]
    holds: tuple[Hold, ...]
    times: npt.NDArray[np.int64]
    equity: npt.NDArray[np.float64]
    signals: Mapping[str, int]
    bars: int
    final_equity: float
    ambiguous: int
    unfunded: int
