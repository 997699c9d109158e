"""Indicator values of the newest closed bar, computed once for each bar and shared by every profile."""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.candle_store import CandleStore
from engine.indicators import IndicatorColumns, compute
from engine.indicators_names import warmup_bars

# Rows beyond the doubled warm-up, so that the bars just before the newest one are as exact as it is.
_SPARE_ROWS = 64


@dataclass(frozen=True, slots=True)
class _Computed:
    revision: int
    columns: IndicatorColumns


class LiveIndicators:
    """Indicators over the rolling windows of a candle store.

    The window is twice the longest warm-up, so the values equal those of the whole history (to a relative 1e-8). One
    computation serves all names asked for on a symbol and timeframe; asking again at the same bar costs a lookup.
    """

    __slots__ = ("_computed", "_names", "_store")

    def __init__(self, store: CandleStore) -> None:
        self._store = store
        self._names: dict[tuple[str, int], tuple[str, ...]] = {}
        self._computed: dict[tuple[str, int], _Computed] = {}

    def need(self, symbol: str, *, timeframe_ms: int, names: Iterable[str]) -> int:
        """Add names to what is computed for a symbol and timeframe and return how many bars of history to load.

        Opens (or enlarges) the store's window. Raises ValueError for an unknown name.
        """
        key = symbol, timeframe_ms
        wanted = tuple(dict.fromkeys((*self._names.get(key, ()), *names)))
        rows = 2 * warmup_bars(wanted)
        self._store.open(symbol, timeframe_ms=timeframe_ms, capacity=rows + _SPARE_ROWS)
        self._names[key] = wanted
        self._computed.pop(key, None)
        return rows

    def latest(self, symbol: str, *, timeframe_ms: int) -> IndicatorColumns | None:
        """Return the values of the kept bars, the newest last; None while there is no bar.

        Raises KeyError for a symbol and timeframe nobody needs.
        """
        key = symbol, timeframe_ms
        ring = self._store.ring(symbol, timeframe_ms)
        if not len(ring):
            return None
        known = self._computed.get(key)
        if known is None or known.revision != ring.revision:
            known = _Computed(ring.revision, compute(ring.view(), self._names[key]))
            self._computed[key] = known
        return known.columns
