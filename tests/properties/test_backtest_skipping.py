"""A backtest that skips quiet bars gives what one that looks at every bar gives, and nothing depends on the future."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest import Request, Result, run
from engine.candles import Columns
from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import Action, Anchor, Cooldown, LimitSpec, Measure, Profile, Protection, SizeMode, Sizing
from engine.core.strategy import Away
from engine.exchanges.simulated import Terms
from engine.presets import ACCOUNT_LIMITS, CFT, MA_CROSS
from engine.strategies.ma_cross import MaCross
from engine.strategies.rules8 import Rules8
from tests.support.series import START_MS, walk, without
from tests.unit.backtest.runs import Dice, dice_profile, limit, request

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
_PPM = st.sampled_from((500, 2_000, 5_000, 20_000))


@st.composite
def histories(draw: st.DrawFn, rows: int = 700) -> dict[str, Columns]:
    """One to three symbols; a later one may begin later, and any may have holes."""
    data = {}
    for number, symbol in enumerate(SYMBOLS[: draw(st.integers(1, 3))]):
        late = draw(st.sampled_from((0, 0, 130))) if number else 0
        seed = draw(st.integers(0, 10_000))
        start_ms = START_MS - 5 * HOUR_MS + late * MINUTE_MS
        columns = walk(
            rows - late, seed=seed, price=draw(st.sampled_from((3.0, 100.0))), symbol=symbol, start_ms=start_ms
        )
        holes = draw(st.lists(st.integers(1, len(columns) - 2), max_size=6, unique=True))
        data[symbol] = without(columns, *holes)
    return data


@st.composite
def limits(draw: st.DrawFn, profile: str) -> tuple[LimitSpec, ...]:
    """Up to three limits near enough to act."""
    measures = draw(st.lists(st.sampled_from([m for m in Measure if "loss" not in m.value]), max_size=3, unique=True))
    actions = [draw(st.sampled_from(Action)) for _ in measures]
    thresholds = [-draw(st.sampled_from((300, 1_500, 6_000, 30_000))) for _ in measures]
    return tuple(
        limit(measure.value, measure, threshold, action, profile)
        for measure, action, threshold in zip(measures, actions, thresholds, strict=True)
    )


@st.composite
def protections(draw: st.DrawFn) -> Protection:
    """Any of the rules of layer 3."""
    trail = draw(st.booleans())
    return Protection(
        breakeven_ppm=draw(st.none() | _PPM),
        breakeven_profit=draw(st.none() | st.sampled_from((to_money(1), to_money(8)))),
        trail_from_ppm=draw(_PPM) if trail else None,
        trail_by_ppm=draw(_PPM) if trail else None,
        losing_after_ms=draw(st.none() | st.sampled_from((7 * MINUTE_MS, HOUR_MS))),
        max_age_ms=draw(st.none() | st.sampled_from((11 * MINUTE_MS, 2 * HOUR_MS))),
    )


@st.composite
def profiles(draw: st.DrawFn, symbols: tuple[str, ...]) -> Profile:
    """A profile with any sizing, levels, protection, cooldown and limits."""
    sizing = draw(
        st.sampled_from(
            (
                Sizing(mode=SizeMode.NOTIONAL, amount=to_money(1_000)),
                Sizing(mode=SizeMode.MARGIN, amount=to_money(2_000)),
                Sizing(mode=SizeMode.EQUITY_MARGIN, ppm=300_000),
            )
        )
    )
    return dice_profile(
        *symbols,
        timeframe=draw(st.sampled_from((1, 1, 5))) * MINUTE_MS,
        sizing=sizing,
        stop=draw(st.none() | st.builds(Away, _PPM)),
        target=draw(st.none() | st.builds(Away, _PPM)),
        protection=draw(protections()),
        cooldown=Cooldown(length_ms=draw(st.sampled_from((0, HOUR_MS))), anchor=draw(st.sampled_from(Anchor))),
        limits=draw(limits("dice")),
        turnover_floor=draw(st.sampled_from((0, 0, 20_000))),
        max_positions=draw(st.sampled_from((1, 10))),
    )


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A whole run: history, profile, account limits, costs, funding."""
    data = draw(histories())
    profile = draw(profiles(tuple(data)))
    dice = Dice(draw(st.sampled_from((4, 12, 60))), reverses=draw(st.booleans()))
    funding = {symbol: {START_MS: draw(st.integers(-50_000, 50_000))} for symbol in data if draw(st.booleans())}
    return request(
        data,
        profile,
        strategies={"dice": dice},
        limits=draw(limits("")),
        terms=Terms(slippage_ppm=draw(st.sampled_from((0, 100))), funding_e8=draw(st.sampled_from((0, 10_000)))),
        start_ms=START_MS - draw(st.sampled_from((5, 3))) * HOUR_MS,
        funding=funding,
    )


def same(left: Result, right: Result) -> None:
    """Fail on the first difference between two runs."""
    assert left.fills == right.fills
    assert left.trades == right.trades
    assert left.funding == right.funding
    assert left.signals == right.signals
    np.testing.assert_array_equal(left.times, right.times)
    np.testing.assert_array_equal(left.equity, right.equity)
    assert (left.ambiguous, left.unfunded) == (right.ambiguous, right.unfunded)


@given(requests())
def test_skipping_quiet_bars_changes_nothing(asked: Request) -> None:
    same(run(asked), run(replace(asked, skipping=False)))


@settings(max_examples=25)
@given(seeds=st.lists(st.integers(0, 10_000), min_size=1, max_size=3), tight=st.booleans())
def test_the_presets_skip_without_a_difference(seeds: list[int], tight: bool) -> None:
    start_ms = START_MS - 9_000 * MINUTE_MS
    data = {
        symbol: walk(12_000, seed=seed, symbol=symbol, start_ms=start_ms)
        for symbol, seed in zip(SYMBOLS, seeds, strict=False)
    }
    cft = replace(CFT, symbols=tuple(data), timeframe=5 * MINUTE_MS)
    crossing = replace(MA_CROSS, symbols=("BTCUSDT",), turnover_floor=100_000)
    chosen: dict[str, Any] = {"cft": Rules8(), "ma_cross": MaCross()}
    shares = tuple(replace(spec, threshold=spec.threshold // 40) for spec in ACCOUNT_LIMITS)
    asked = request(
        data,
        crossing,
        cft,
        strategies=chosen,
        limits=shares if tight else ACCOUNT_LIMITS,
        wallet=to_money(5_000),
        start_ms=start_ms + 8_500 * MINUTE_MS,
    )
    found = run(asked)
    assert found.fills
    same(found, run(replace(asked, skipping=False)))


def changed_after(columns: Columns, row: int) -> Columns:
    """Return the columns with other prices from a row on."""
    raw = columns.raw()
    factor = np.where(np.arange(len(columns)) >= row, 1.01, 1.0)
    prices = {name: getattr(columns, name) * factor for name in ("open", "high", "low", "close")}
    return Columns.from_raw(replace(raw, **prices), symbol=columns.symbol, timeframe_ms=columns.timeframe_ms)


@given(requests(), st.integers(100, 600))
def test_the_future_changes_no_fill_and_no_point_before_it(asked: Request, row: int) -> None:
    at_ms = int(next(iter(asked.data.values())).time[row % 500])
    other = {s: changed_after(c, int(np.searchsorted(c.time, at_ms))) for s, c in asked.data.items()}
    found, changed = run(asked), run(replace(asked, data=other))
    kept = [fill for fill in found.fills if fill.event.at_ms < at_ms]
    assert kept == [fill for fill in changed.fills if fill.event.at_ms < at_ms]
    known = found.times <= at_ms
    np.testing.assert_array_equal(found.equity[known], changed.equity[known])


@given(requests())
def test_a_fill_comes_after_the_close_that_ordered_it(asked: Request) -> None:
    found = run(asked)
    closes = {int(at) for at in found.times}
    for trade in found.trades:
        assert trade.entry_ms >= asked.start_ms + MINUTE_MS
        assert trade.exit_ms >= trade.entry_ms
    for fill in found.fills:
        decided = fill.event.at_ms
        assert decided in closes or decided + 1 in closes or any(decided in c.time for c in asked.data.values())
