"""Indicator values of the newest closed bar, computed once for each bar and shared by every profile."""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.candle_store import CandleStore
from engine.candles import Columns
from engine.indicators import IndicatorColumns, compute
from engine.indicators_names import rows_wanted


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest candles and their values, row for row, as of a revision of the store."""

    revision: int
    candles: Columns
    values: IndicatorColumns


class LiveIndicators:
    """Indicators over the rolling windows of a candle store.

    Values are computed over at least twice the longest warm-up (and a day, where one counts since 00:00), so they equal
    those of the whole history (to a relative 1e-8), also `LOOK_BACK` bars ago. One computation serves all names asked
    for on a symbol and timeframe; asking again at the same bar costs a lookup.
    """

    __slots__ = ("_computed", "_names", "_store")

    def __init__(self, store: CandleStore) -> None:
        self._store = store
        self._names: dict[tuple[str, int], tuple[str, ...]] = {}
        self._computed: dict[tuple[str, int], Latest] = {}

    def need(self, symbol: str, *, timeframe_ms: int, names: Iterable[str]) -> None:
        """Add names to what is computed for a symbol and timeframe.

        Opens (or enlarges) the store's window. Raises ValueError for an unknown name.
        """
        key = symbol, timeframe_ms
        wanted = tuple(dict.fromkeys((*self._names.get(key, ()), *names)))
        self._store.open(symbol, timeframe_ms=timeframe_ms, capacity=rows_wanted(wanted, timeframe_ms))
        self._names[key] = wanted
        self._computed.pop(key, None)

    def latest(self, symbol: str, *, timeframe_ms: int) -> Latest | None:
        """Return the newest candles and their values, the newest last; None while there is no bar.

        Raises KeyError for a symbol and timeframe nobody needs.
        """
        key = symbol, timeframe_ms
        ring = self._store.ring(symbol, timeframe_ms)
        if not len(ring):
            return None
        known = self._computed.get(key)
        if known is None or known.revision != ring.revision:
            names, kept = self._names[key], ring.view()
            # A ring may keep more, for charts: computing over a week of minutes would cost five times as much.
            candles = kept.rows(max(0, len(kept) - rows_wanted(names, timeframe_ms)), len(kept))
            known = self._computed[key] = Latest(ring.revision, candles, compute(candles, names))
        return known
