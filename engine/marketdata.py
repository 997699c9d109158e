"""Live candles: finer bars in, closed bars of every wanted timeframe with their indicator values out, computed once for
all profiles.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.candle_file import joined
from engine.candle_store import Appended, Bad, CandleStore, Duplicate
from engine.candles import Bar, Columns, Gap, columns_of
from engine.core.events import BarClosed, DataHealed, DataTroubled, TurnoverReported
from engine.core.feed_events import Warming
from engine.core.market import DAY_MS, Instrument, timeframe_name
from engine.core.money import Ticks
from engine.indicators_live import LiveIndicators
from engine.indicators_names import warmup_bars
from engine.plan import Foreign, Need, Row, foreign, readable
from engine.resample import Incomplete, Resampler, resample

# Base bars kept for charts and turnover: a week of minutes.
KEPT_BARS = 10_080

type Told = BarClosed | DataTroubled | DataHealed | TurnoverReported | Warming


@dataclass(frozen=True, slots=True)
class Stretch:
    """History that some symbols want: candles of a timeframe over a length of time before the first live bar."""

    timeframe: int
    length_ms: int
    symbols: tuple[str, ...]


def nearest_tick(price: float, instrument: Instrument) -> Ticks:
    """Return a price as ticks of the instrument, to the nearest."""
    return round(price / float(instrument.tick))


class LiveCandles:
    """Candles of every symbol at the feed's own timeframe (`base_ms`) and at those the profiles need."""

    def __init__(self, needs: Iterable[Need], instruments: Mapping[str, Instrument], *, base_ms: int) -> None:
        self._base_ms = base_ms
        self._instruments = dict(instruments)
        self._store = CandleStore()
        self._indicators = LiveIndicators(self._store)
        self._needs: dict[str, list[Need]] = {}
        self._resamplers: dict[tuple[str, int], Resampler] = {}
        self._troubled: set[str] = set()
        self._waiting: list[tuple[Need, int]] = []
        self._warming: set[tuple[str, int]] = set()
        self._unseeded: set[tuple[str, int]] = set()
        self.revision = 0
        for need in needs:
            self._add(need)
        for symbol in instruments:
            self._store.open(symbol, timeframe_ms=base_ms, capacity=KEPT_BARS)

    def _add(self, need: Need) -> None:
        if need.timeframe % self._base_ms:
            wanted, have = timeframe_name(need.timeframe), timeframe_name(self._base_ms)
            raise ValueError(f"{need.symbol}: {wanted} candles cannot be built from {have} ones")
        self._needs.setdefault(need.symbol, []).append(need)
        self._indicators.need(need.symbol, timeframe_ms=need.timeframe, names=need.names)
        if need.timeframe != self._base_ms and (need.symbol, need.timeframe) not in self._resamplers:
            resampler = Resampler(need.symbol, finer_ms=self._base_ms, timeframe_ms=need.timeframe)
            self._resamplers[need.symbol, need.timeframe] = resampler

    def follow(self, instrument: Instrument) -> None:
        """Take over a symbol's new price grid; candles themselves are plain prices."""
        if instrument.symbol in self._instruments:
            self._instruments[instrument.symbol] = instrument

    def extend(self, needs: Iterable[Need], instruments: Mapping[str, Instrument]) -> None:
        """Keep candles of more symbols, or more of them, from now on; what is new decides nothing until seeded."""
        self._instruments |= instruments
        for need in needs:
            known = self._needs.get(need.symbol, [])
            if all(each.timeframe != need.timeframe for each in known):
                self._unseeded.add((need.symbol, need.timeframe))
            self._needs[need.symbol] = [each for each in known if each.timeframe != need.timeframe]
            self._add(need)
        for symbol in instruments:
            self._store.open(symbol, timeframe_ms=self._base_ms, capacity=KEPT_BARS)

    def history_ms(self, symbol: str | None = None, given: Collection[int] = ()) -> int:
        """Return how much history of base bars before the first live bar warms everything up (of one symbol, when
        given). Of timeframes that are `given` on their own no more is wanted than is kept, and the running candle.
        """
        wanted = [need for needs in self._needs.values() for need in needs if symbol in {None, need.symbol}]
        return max((self._base_length(need, given) for need in wanted), default=0) + self._base_ms

    def _base_length(self, need: Need, given: Collection[int]) -> int:
        whole = need.rows * need.timeframe
        return max(KEPT_BARS * self._base_ms, need.timeframe) if self._apart(need, given) else whole

    def _apart(self, need: Need, given: Collection[int]) -> bool:
        far = need.rows * need.timeframe > max(KEPT_BARS * self._base_ms, need.timeframe)
        return far and need.timeframe in given and need.timeframe != self._base_ms

    def histories(self, given: Collection[int] = (), symbols: Iterable[str] | None = None) -> tuple[Stretch, ...]:
        """Return what to seed, in this order, for all symbols or some: base bars, the length that most symbols want
        first; then candles of the `given` timeframes, where base bars would have to reach back too far.
        """
        chosen = tuple(self._instruments if symbols is None else symbols)
        groups: dict[tuple[int, int], list[str]] = {}
        for symbol in chosen:
            groups.setdefault((self._base_ms, self.history_ms(symbol, given)), []).append(symbol)
        base = sorted(groups.items(), key=lambda group: -len(group[1]))
        groups = {}
        for need in (need for symbol in chosen for need in self._needs.get(symbol, ()) if self._apart(need, given)):
            groups.setdefault((need.timeframe, need.rows * need.timeframe), []).append(need.symbol)
        return tuple(Stretch(*key, tuple(group)) for key, group in (*base, *groups.items()))

    def seed(self, history: Sequence[Columns]) -> None:
        """Load history up to now, from the last gap on; strategies are not asked about it. Coarser candles go before
        those that follow from the base bars, which are seeded first.
        """
        self.revision += 1
        for whole in history:
            if not len(whole):
                continue
            columns = whole.rows(*whole.segments()[-1])
            if columns.timeframe_ms == self._base_ms:
                self._seed_base(columns)
            else:
                self._older(columns)

    def _older(self, columns: Columns) -> Columns:
        """Put candles before those that are there already; return all."""
        ring = self._store.ring(columns.symbol, columns.timeframe_ms)
        own = ring.view()
        older = columns.slice(start_ms=0, end_ms=int(own.time[0])) if len(own) else columns
        whole = joined(older if len(older) else None, own if len(own) else None) or columns
        ring.replace(whole)
        return whole

    def _seed_base(self, columns: Columns) -> None:
        columns = self._older(columns)
        for need in self._needs.get(columns.symbol, ()):
            key = columns.symbol, need.timeframe
            resampler = self._resamplers.get(key)
            begins = key in self._unseeded or not len(self._store.ring(*key))
            self._unseeded.discard(key)
            if resampler is None:
                continue
            self._older(resample(columns, timeframe_ms=need.timeframe))
            end = int(columns.time[-1]) + self._base_ms
            begun = (end % need.timeframe) // self._base_ms if begins else 0
            for row in range(max(0, len(columns) - begun), len(columns)):
                resampler.feed(columns.bar(row))

    def warming(self) -> list[Warming]:
        """Return what changed since it was last asked: decisions whose candles are too few, until when; and those that
        have enough by now.
        """
        return [told for needs in self._needs.values() for need in needs if need.decides for told in self._warms(need)]

    def _warms(self, need: Need) -> Iterable[Warming]:
        key, until = (need.symbol, need.timeframe), self._warm_ms(need)
        if until:
            self._warming.add(key)
            yield Warming(*key, until)
        elif key in self._warming:
            self._warming.discard(key)
            yield Warming(*key, 0)

    def _warm_ms(self, need: Need) -> int:
        """When every value of a decision has its bars, 0 when they have them; of other symbols as far as they are
        followed.
        """
        read = [(need.symbol, need.timeframe, need.bars)]
        places = [there for there in need.foreign.values() if there.symbol in self._instruments]
        read += [(there.symbol, there.timeframe, warmup_bars([there.name])) for there in places]
        return max(self._missing_until(*each) for each in read)

    def _missing_until(self, symbol: str, timeframe: int, bars: int) -> int:
        ring = self._store.ring(symbol, timeframe)
        missing = bars - len(ring)
        if missing <= 0 or ring.last_ms is None:
            return 0
        return ring.last_ms + (missing + 1) * timeframe

    def on_bar(self, bar: Bar) -> list[Told]:
        """Take in one closed base bar; return what strategies and checks must hear, in order."""
        self.revision += 1
        # A decision that still waits belongs before the symbol's next bar.
        told = self._released(lambda need, close_ms: need.symbol == bar.symbol and close_ms < bar.close_ms)
        outcome = self._store.append(bar)
        if isinstance(outcome, Duplicate):
            return told
        if not isinstance(outcome, Appended):
            told.append(self._broken(bar, outcome))
        elif bar.symbol in self._troubled:
            self._troubled.discard(bar.symbol)
            told.append(DataHealed(bar.symbol, bar.close_ms))
        if isinstance(outcome, Bad):
            return told
        # Every timeframe takes the bar in before anything is decided: 15m closes with the 1m bar that completes it.
        closed: list[tuple[Need, int]] = []
        for need in self._needs.get(bar.symbol, ()):
            if (need.symbol, need.timeframe) not in self._unseeded:
                told.extend(self._closed(need, bar, closed))
        self._waiting.extend((need, close_ms) for need, close_ms in closed if need.decides)
        told.extend(self._released(self._complete))
        return told

    def read(self, symbol: str, timeframe_ms: int) -> Mapping[str, Foreign]:
        """Return the columns of other bars that profiles on these bars read, as they are now; see `revision`."""
        for need in self._needs.get(symbol, ()):
            if need.timeframe == timeframe_ms:
                return self._foreign(need)
        return {}

    @property
    def waiting(self) -> bool:
        """Whether a decision waits for a bar of another symbol that closes at the same instant."""
        return bool(self._waiting)

    def release(self, symbol: str | None = None) -> list[Told]:
        """Wait no longer (for one symbol's decisions, or all): what is missing is absent to whoever decides."""
        return self._released(lambda need, _close_ms: symbol in {None, need.symbol})

    def _released(self, chosen: Callable[[Need, int], bool]) -> list[Told]:
        waiting, self._waiting = self._waiting, []
        told: list[Told] = []
        for need, close_ms in waiting:
            if chosen(need, close_ms):
                told.extend(self._decided(need, close_ms))
            else:
                self._waiting.append((need, close_ms))
        return told

    def _complete(self, need: Need, close_ms: int) -> bool:
        for there in need.foreign.values():
            if there.symbol in self._instruments:
                last_ms = self._store.ring(there.symbol, there.timeframe).last_ms
                if last_ms is None or last_ms + there.timeframe < there.expected_ms(close_ms):
                    return False
        return True

    def _broken(self, bar: Bar, outcome: Gap | Bad) -> DataTroubled:
        self._troubled.add(bar.symbol)
        if isinstance(outcome, Bad):
            return DataTroubled(bar.symbol, outcome.why, bar.close_ms)
        # What is missing cannot be asked for here: begin anew behind the gap; indicators are absent until warm again.
        self._store.ring(bar.symbol, bar.timeframe_ms).replace(columns_of([bar]))
        return DataTroubled(bar.symbol, str(outcome), bar.close_ms)

    def _closed(self, need: Need, bar: Bar, closed: list[tuple[Need, int]]) -> Iterable[Told]:
        resampler = self._resamplers.get((need.symbol, need.timeframe))
        if resampler is None:
            closed.append((need, bar.close_ms))
            return
        for coarse in resampler.feed(bar):
            if isinstance(coarse, Incomplete):
                if need.decides:
                    yield DataTroubled(bar.symbol, str(coarse), bar.close_ms)
                    self._troubled.add(bar.symbol)
                continue
            if isinstance(self._store.append(coarse), Gap):
                self._store.ring(need.symbol, need.timeframe).replace(columns_of([coarse]))
            closed.append((need, coarse.close_ms))

    def _decided(self, need: Need, close_ms: int) -> Iterable[Told]:
        latest = self._indicators.latest(need.symbol, timeframe_ms=need.timeframe)
        if latest is None:
            return
        columns = latest.candles
        yield TurnoverReported(need.symbol, self.turnover(need.symbol), close_ms)
        yield from self._warms(need)
        row = Row(readable(columns, latest.values), len(columns) - 1, close_ms, self._foreign(need))
        close = nearest_tick(float(columns.close[-1]), self._instruments[need.symbol])
        yield BarClosed(need.symbol, need.timeframe, close_ms, close, row)

    def _foreign(self, need: Need) -> dict[str, Foreign]:
        found = {}
        for name, there in need.foreign.items():
            latest = self._indicators.latest(there.symbol, timeframe_ms=there.timeframe)
            found[name] = foreign(there, *((latest.candles, latest.values) if latest else (None, None)))
        return found

    def turnover(self, symbol: str) -> int:
        """Return the turnover of the last 24 h in quote currency (volume × close of the base bars)."""
        base = self._store.view(symbol, self._base_ms)
        # What is kept has no gaps: so many rows are a day.
        rows = slice(-(DAY_MS // self._base_ms), None)
        return int((base.volume[rows] * base.close[rows]).sum())

    def columns(self, symbol: str, timeframe_ms: int, count: int) -> Columns | None:
        """Return the newest `count` closed candles of a timeframe, None when there are none or it cannot be built."""
        if symbol not in self._instruments or timeframe_ms % self._base_ms:
            return None
        base = self._store.view(symbol, self._base_ms)
        whole = base if timeframe_ms == self._base_ms else resample(base, timeframe_ms=timeframe_ms)
        if len(whole) < count and any(need.timeframe == timeframe_ms for need in self._needs.get(symbol, ())):
            whole = max(whole, self._store.view(symbol, timeframe_ms), key=len)
        return whole.rows(max(0, len(whole) - count), len(whole)) if len(whole) else None
