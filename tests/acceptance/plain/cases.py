"""The golden runs over recorded candles: what is run, and the second computation of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from engine.backtest.prepare import Wish, prepare
from engine.backtest.request import Request
from engine.presets import PROFILES
from tests.acceptance.plain import signals
from tests.acceptance.plain.candles import DAY, rates, read, wide
from tests.acceptance.plain.loop import Lane, Loop
from tests.acceptance.plain.losses import Losses, account_losses
from tests.acceptance.plain.rules import LX, MA_CROSS, MOMENTUM, SHORTSELLER, Grid, Rules
from tests.acceptance.plain.signals import Said

FIVE, FOUR_HOURS, MINUTES = "bybit_linear/kline_5m", "binance_usdm/kline_4h", "binance_usdm/kline_1m"
FUNDING = "bybit_linear/funding_8h"
THREE = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
SEVEN = (*THREE, "XRPUSDT", "DOGEUSDT", "LINKUSDT", "ADAUSDT")

type Frames = dict[str, pd.DataFrame]
# The candles of all symbols, one symbol, its tick -> what is said about it.
type Saying = Callable[[Frames, str, float], Said]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run: `since` lies at least a day after everything is warm. Without `losses` it has no loss limits, which
    would end it early. `reasons` are the exits that must occur, `checks` the refusals.
    """

    name: str
    profile: str
    folder: str
    symbols: tuple[str, ...]
    since: str
    until: str
    rules: Rules
    say: Saying
    reasons: frozenset[str]
    checks: frozenset[str] = frozenset()
    settings: tuple[str, ...] = ()
    losses: Callable[[], Losses] | None = None

    @property
    def span(self) -> tuple[int, int]:
        """Start and end in ms."""
        start, end = (datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() for day in (self.since, self.until))
        return int(start) * 1000, int(end) * 1000

    def request(self, data: Path) -> Request:
        """Return what the engine is asked. The trailing stop on the exchange is switched off: not part of this."""
        profile = PROFILES[self.profile]
        profile = replace(profile, protection=replace(profile.protection, exchange_trail_ppm=None))
        profile = profile if self.losses else replace(profile, limits=())
        wish = Wish(
            profile=self.profile,
            data=tuple(data / self.folder / f"{symbol}.parquet" for symbol in self.symbols),
            since=self.since,
            until=self.until,
            funding=data / FUNDING if self.folder == FIVE else None,
            settings=self.settings,
        )
        request = prepare(wish, {self.profile: profile}).request
        return request if self.losses else replace(request, account=replace(request.account, limits=()))

    def plain(self, data: Path, request: Request) -> Loop:
        """Compute the same again; of the request only wallet and grids are used."""
        frames = {symbol: read(data / self.folder / f"{symbol}.parquet") for symbol in self.symbols}
        lanes = [self._lane(data, frames, symbol, request) for symbol in self.symbols]
        loop = Loop(self.rules, lanes, request.wallet, self.losses() if self.losses else None)
        start_ms, end_ms = self.span
        loop.run(start_ms, end_ms)
        return loop

    def _lane(self, data: Path, frames: Frames, symbol: str, request: Request) -> Lane:
        instrument = request.instruments[symbol]
        grid = Grid(instrument.tick, instrument.step, instrument.min_qty)
        paid = rates(data / FUNDING / f"{symbol}.parquet") if self.folder == FIVE else {}
        frame, said = frames[symbol], self.say(frames, symbol, float(grid.tick))
        start_ms, end_ms = self.span
        inside = (frame.index > start_ms - DAY) & (frame.index <= end_ms)
        return Lane.of(symbol, frame[inside], grid, said, paid)


_SHORT = Case(
    name="shortseller",
    profile="shortseller",
    folder=FIVE,
    symbols=THREE,
    since="2025-11-01",
    until="2026-03-01",
    rules=SHORTSELLER,
    say=lambda frames, symbol, _: signals.shortseller(frames[symbol]),
    reasons=frozenset({"stop", "target", "held", "regime"}),
)
_MOMENTUM = Case(
    name="momentum",
    profile="momentum",
    folder=FOUR_HOURS,
    symbols=SEVEN,
    since="2023-07-01",
    until="2026-03-01",
    rules=MOMENTUM,
    say=lambda frames, symbol, tick: signals.momentum(frames[symbol], frames["BTCUSDT"], tick=tick),
    reasons=frozenset({"stop", "close"}),
    checks=frozenset({"count", "margin"}),
)
CASES = (
    _SHORT,
    replace(
        _SHORT,
        name="shortseller_reenter",
        until="2026-01-01",
        settings=("reenter=true",),
        checks=frozenset({"cooldown"}),
        say=lambda frames, symbol, _: signals.shortseller(frames[symbol], reenter=True),
    ),
    replace(
        _SHORT,
        name="shortseller_limits",
        symbols=THREE[:2],
        since="2025-02-01",
        until="2025-06-01",
        losses=account_losses,
        checks=frozenset({"hold"}),
    ),
    _MOMENTUM,
    replace(
        _MOMENTUM,
        name="momentum_limits",
        since="2023-09-01",
        until="2024-03-01",
        losses=lambda: account_losses(day=30_000, week=80_000),
        checks=frozenset({"hold"}),
    ),
    Case(
        name="ma_cross",
        profile="ma_cross",
        folder=MINUTES,
        symbols=("XRPUSDT",),
        since="2025-05-06",
        until="2025-06-03",
        rules=MA_CROSS,
        say=lambda frames, symbol, _: signals.ma_cross(frames[symbol]),
        reasons=frozenset({"stop", "target", "opposite"}),
    ),
    Case(
        name="lx",
        profile="lx",
        folder=FIVE,
        symbols=(*THREE, "ADAUSDT"),
        since="2025-10-01",
        until="2026-01-01",
        rules=LX,
        say=lambda frames, symbol, _: signals.rules8(wide(frames[symbol], 900_000)),
        reasons=frozenset({"stop", "target", "losing", "max"}),
        checks=frozenset({"symbol", "cooldown"}),
    ),
)
