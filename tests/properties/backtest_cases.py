"""Random backtests: histories with holes and late starts, profiles with any rules, limits near enough to act."""

from hypothesis import strategies as st

from engine.backtest import Request
from engine.candles import Columns
from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import Action, Anchor, Cooldown, LimitSpec, Measure, Profile, Protection, SizeMode, Sizing
from engine.core.strategy import Away
from engine.exchanges.simulated import Terms
from tests.support.series import START_MS, walk, without
from tests.unit.backtest.runs import Dice, dice_profile, limit, request

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
_PPM = st.sampled_from((500, 2_000, 5_000, 20_000))


@st.composite
def histories(draw: st.DrawFn, rows: int = 600) -> dict[str, Columns]:
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
        exchange_trail_ppm=draw(st.none() | _PPM),
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
        leverage=draw(st.sampled_from((1, 10, 50))),
        stop=draw(st.none() | st.builds(Away, _PPM)),
        target=draw(st.none() | st.builds(Away, _PPM)),
        protection=draw(protections()),
        cooldown=Cooldown(length_ms=draw(st.sampled_from((0, HOUR_MS))), anchor=draw(st.sampled_from(Anchor))),
        limits=draw(limits("dice")),
        turnover_floor=draw(st.sampled_from((0, 0, 20_000))),
        max_positions=draw(st.sampled_from((1, 10))),
    )


class Case:
    """A request whose text leaves the candles out."""

    def __init__(self, asked: Request) -> None:
        self.request = asked

    def __repr__(self) -> str:
        asked = self.request
        return f"{asked.account} {asked.strategies} {asked.terms} {asked.funding} {asked.start_ms} {list(asked.data)}"


@st.composite
def rates(draw: st.DrawFn) -> dict[int, int]:
    """Funding at some of the hours, positive and negative."""
    hours = draw(st.lists(st.integers(0, 5), max_size=4, unique=True))
    return {START_MS - hour * HOUR_MS: draw(st.integers(-50_000, 50_000)) for hour in hours}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A whole run: history, profile, account limits, costs, funding."""
    data = draw(histories())
    profile = draw(profiles(tuple(data)))
    dice = Dice(draw(st.sampled_from((4, 12, 60))), reverses=draw(st.booleans()))
    asked = request(
        data,
        profile,
        strategies={"dice": dice},
        limits=draw(limits("")),
        terms=Terms(slippage_ppm=draw(st.sampled_from((0, 100))), funding_e8=draw(st.sampled_from((0, 10_000)))),
        start_ms=START_MS - draw(st.sampled_from((5, 3))) * HOUR_MS,
        funding={symbol: draw(rates()) for symbol in data},
    )
    return Case(asked)
