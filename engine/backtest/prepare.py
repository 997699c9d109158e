"""From what a person asks for (profile, files, dates, costs, settings) to a request that can be run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path

from engine.backtest.grids import instrument_of
from engine.backtest.overrides import overridden
from engine.backtest.prepare_ticks import Ticks, load_flow
from engine.backtest.prepare_ticks import span as tick_span
from engine.backtest.request import BacktestError, Request
from engine.candles import Columns
from engine.core.market import DAY_MS, Instrument, timeframe_name
from engine.core.money import PPM, rate_to_e8, to_money
from engine.core.profile import Account, Profile
from engine.core.strategy import BookDriven, Strategy
from engine.datafiles import DataFileError, load_candles
from engine.datafiles_names import symbols_in
from engine.datafiles_ticks import load_funding
from engine.exchanges.simulated import Terms
from engine.plan import Place, needs, place
from engine.presets import ACCOUNT_LIMITS, PROFILES
from engine.validate import Check, readable

_WARM_TWICE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asks for. `fee_percent` is a side's, `slippage_percent` an order's; `since` and `until` are UTC
    dates or ISO times, `until` not included; `settings` are `name=value`; the strategy of `strategy_file` takes the
    place of the profile's. Absent values: the account's defaults, all
    of the data, the instruments' known grids.
    """

    profile: str
    data: tuple[Path, ...]
    symbols: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    balance: Decimal = Decimal(5_000)
    fee_percent: Decimal | None = None
    slippage_percent: Decimal | None = None
    settings: tuple[str, ...] = ()
    tick: Decimal | None = None
    step: Decimal | None = None
    funding: Path | None = None
    strategy_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request with what the reader of its result must know, and its settings as text."""

    request: Request
    notes: tuple[str, ...]
    config: Mapping[str, str]


def prepare(wish: Wish, profiles: Mapping[str, Profile] = PROFILES) -> Prepared:
    """Load and check everything; raises BacktestError naming what is wrong, where, and what to do."""
    profile = profiles.get(wish.profile)
    if profile is None:
        near = get_close_matches(wish.profile, profiles, 1, 0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(profiles)}"
        raise BacktestError(f"there is no profile {wish.profile!r}; {hint}")
    profile, strategy, given = overridden(profile, wish.settings, wish.strategy_file)
    read = {there.symbol: there for name in strategy.needs if (there := place(name, "")) is not None and there.symbol}
    others: dict[str, Columns] = {}
    notes: list[str] = []
    ticks: Ticks = ()
    if isinstance(strategy, BookDriven):
        data, ticks = load_flow(wish.data, wish.symbols)
    else:
        data, others = _load(wish, profile, read, notes)
    profile = replace(profile, symbols=tuple(data))
    account = _account(wish, profile)
    span = _span(wish, tick_span(ticks) if ticks else _whole_span(data))
    request = Request(
        account=account,
        strategies={profile.name: strategy},
        instruments=_instruments(wish, data, notes),
        data=_cut(others | data, span, account, strategy, notes),
        start_ms=span[0],
        end_ms=span[1],
        wallet=to_money(wish.balance),
        terms=Terms(taker_e8=account.taker_e8, maker_e8=account.maker_e8, slippage_ppm=account.slippage_ppm),
        funding=_funding(wish, data),
        ticks=ticks,
    )
    return Prepared(request=request, notes=tuple(notes), config=_config(wish, profile, span, given))


# Candles


type _Found = Mapping[str, Mapping[int, Columns]]


def _load(
    wish: Wish, profile: Profile, read: Mapping[str, Place], notes: list[str]
) -> tuple[dict[str, Columns], dict[str, Columns]]:
    # What is traded and what is only read.
    found: dict[str, dict[int, Columns]] = {}
    for path in wish.data:
        if not path.exists():
            raise BacktestError(f"{path}: there is no such file or folder; give candles with --data")
        for symbol in _asked(path, wish, profile, read):
            required = symbol is None or symbol in wish.symbols
            for columns, told in _loaded(path, symbol, required=required):
                found.setdefault(columns.symbol, {})[columns.timeframe_ms] = columns
                notes += told
    wanted = wish.symbols or (
        *(s for s in profile.symbols if s in found),
        *(s for s in found if s not in profile.symbols and s not in read),
    )
    missing = [symbol for symbol in wanted if symbol not in found]
    if missing or not wanted:
        names = ", ".join(map(str, wish.data))
        raise BacktestError(
            f"{names}: no candles of {', '.join(missing or profile.symbols)}; found {', '.join(found) or 'none'}"
        )
    traded = _one_length({symbol: found[symbol] for symbol in wanted}, profile)
    return traded, _only_read(found, wanted, read, notes)


def _only_read(
    found: _Found, traded: tuple[str, ...], read: Mapping[str, Place], notes: list[str]
) -> dict[str, Columns]:
    others = {}
    for symbol, there in read.items():
        fitting = [length for length in found.get(symbol, {}) if there.timeframe % length == 0]
        if symbol not in traded and fitting:
            others[symbol] = found[symbol][min(fitting)]
        elif symbol not in traded:
            notes.append(f"{symbol}: no candles; what the strategy reads of it ({there.name}) is absent")
    return others


def _asked(path: Path, wish: Wish, profile: Profile, read: Mapping[str, Place]) -> tuple[str | None, ...]:
    # A file named after another symbol is not asked for this one: its candles would be taken for the wrong market.
    named = () if path.is_dir() else symbols_in(path)
    if wish.symbols:
        return tuple(symbol for symbol in dict.fromkeys((*wish.symbols, *read)) if not named or symbol in named)
    return tuple(dict.fromkeys((*profile.symbols, *read))) if path.is_dir() else (None,)


def _loaded(path: Path, symbol: str | None, *, required: bool) -> list[tuple[Columns, list[str]]]:
    try:
        loaded = load_candles(path, symbol=symbol)
    except DataFileError as error:
        if not required and "no data file" in str(error):
            return []
        raise BacktestError(str(error)) from error
    told = {Check.REPAIRED, Check.GAP, Check.OUTLIER}
    return [
        (each.columns, [f"{each.columns.symbol}: {problem.text}" for problem in each.report if problem.check in told])
        for each in loaded
    ]


def _one_length(found: _Found, profile: Profile) -> dict[str, Columns]:
    common = set.intersection(*(set(lengths) for lengths in found.values()))
    usable = [length for length in common if profile.timeframe % length == 0]
    if not usable:
        kinds = ", ".join(f"{s} {'/'.join(timeframe_name(x) for x in sorted(by))}" for s, by in found.items())
        want = timeframe_name(profile.timeframe)
        raise BacktestError(
            f"{profile.name} needs {want} candles, or finer ones of one length for all symbols; the data has {kinds}"
        )
    return {symbol: lengths[min(usable)] for symbol, lengths in found.items()}


# Period


def _whole_span(data: Mapping[str, Columns]) -> tuple[int, int]:
    if any(not len(columns) for columns in data.values()):
        raise BacktestError("the data holds no candles")
    first = min(int(columns.time[0]) for columns in data.values())
    return first, max(int(columns.time[-1]) + columns.timeframe_ms for columns in data.values())


def _span(wish: Wish, whole: tuple[int, int]) -> tuple[int, int]:
    first, last = whole
    start = first if wish.since is None else moment(wish.since, "--from")
    end = last if wish.until is None else moment(wish.until, "--to")
    if start >= last or end <= first:
        asked = f"from {readable(start)}" if start >= last else f"before {readable(end)}"
        raise BacktestError(f"no candles {asked}; the data goes from {readable(first)} to {readable(last)}")
    if start >= end:
        raise BacktestError(
            f"the period from {readable(start)} to {readable(end)} is empty: --to must lie after --from"
        )
    return max(start, first), min(end, last)


def moment(text: str, where: str) -> int:
    """Return a UTC date or ISO time in ms; raises BacktestError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BacktestError(f"{where} {text!r}: write a date like 2026-01-31 or a time like 2026-01-31T08:00") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _cut(
    data: Mapping[str, Columns], span: tuple[int, int], account: Account, strategy: Strategy, notes: list[str]
) -> dict[str, Columns]:
    profile = account.profiles[0]
    warm: dict[str, int] = {}
    for need in needs(account, {profile.name: strategy}):
        warm[need.symbol] = max(warm.get(need.symbol, 0), need.bars * need.timeframe)
    cut = {}
    for symbol, columns in data.items():
        ready = int(columns.time[0]) + warm[symbol]
        if ready > span[0]:
            why = f"the indicators need {_history(warm[symbol])} of candles"
            notes.append(f"{symbol}: no decision before {readable(ready)}: {why}")
        start_ms = span[0] - _WARM_TWICE * warm[symbol] - DAY_MS
        cut[symbol] = columns.slice(start_ms=start_ms, end_ms=span[1])
    return cut


def _history(length_ms: int) -> str:
    days = length_ms / DAY_MS
    return f"{days:.1f} days" if days >= 1 else f"{days * 24:.1f} hours"


# Terms


def _account(wish: Wish, profile: Profile) -> Account:
    if not wish.balance.is_finite() or wish.balance <= 0:
        raise BacktestError(f"--initial-balance {wish.balance}: an amount above zero is needed")
    usual = Account(mode="backtest", limits=ACCOUNT_LIMITS, profiles=(profile,))
    fee, slip = wish.fee_percent, wish.slippage_percent
    for name, value in (("--fee", fee), ("--slippage", slip)):
        if value is not None and (not value.is_finite() or not 0 <= value <= 5):
            raise BacktestError(f"{name} {value}: percent from 0 to 5 are needed (0.055 is a usual fee)")
    if fee is not None:
        usual = replace(usual, taker_e8=rate_to_e8(fee / 100), maker_e8=min(rate_to_e8(fee / 100), usual.maker_e8))
    return usual if slip is None else replace(usual, slippage_ppm=int(slip / 100 * PPM))


def _instruments(wish: Wish, data: Mapping[str, Columns], notes: list[str]) -> dict[str, Instrument]:
    found = {}
    for symbol, columns in data.items():
        found[symbol], note = instrument_of(columns, tick=wish.tick, step=wish.step)
        notes += [note] if note else []
    return found


def _funding(wish: Wish, data: Mapping[str, Columns]) -> dict[str, dict[int, int]]:
    if wish.funding is None:
        return {}
    files = [wish.funding / f"{symbol}.parquet" for symbol in data] if wish.funding.is_dir() else [wish.funding]
    rates = {}
    try:
        for path in (path for path in files if path.exists() or not wish.funding.is_dir()):
            loaded = load_funding(path, symbol=next(iter(data)) if len(data) == 1 else None)
            rates[loaded.symbol] = {
                int(at): round(float(rate) * 10**8) for at, rate in zip(loaded.time, loaded.rate, strict=True)
            }
    except (DataFileError, OSError) as error:
        raise BacktestError(f"--funding: {error}") from error
    return rates


def _config(wish: Wish, profile: Profile, span: tuple[int, int], given: Mapping[str, str]) -> dict[str, str]:
    return {
        "profile": profile.name,
        "strategy": profile.strategy,
        "symbols": ", ".join(profile.symbols),
        "timeframe": timeframe_name(profile.timeframe),
        "from": readable(span[0]),
        "to": readable(span[1]),
        "initial_balance": str(wish.balance),
        "fee_percent": "default" if wish.fee_percent is None else str(wish.fee_percent),
        "slippage_percent": "default" if wish.slippage_percent is None else str(wish.slippage_percent),
        "data": ", ".join(path.name for path in wish.data),
        "funding": wish.funding.name if wish.funding else "none recorded",
        **{f"set.{name}": value for name, value in given.items()},
    }
