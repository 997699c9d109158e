"""Builders of backtest requests for tests and benchmarks: the reference work, and a strategy that rolls dice."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from engine.backtest import Request
from engine.candles import Columns
from engine.core.market import MINUTE_MS, Instrument
from engine.core.money import to_money
from engine.core.profile import Account, Action, LimitSpec, Measure, Profile, SizeMode, Sizing
from engine.core.strategy import Decision, Enter, Exit, Held, Inputs
from engine.exchanges.simulated import Terms

NO_COST = Terms(slippage_ppm=0, taker_e8=0, maker_e8=0)


@dataclass(frozen=True, slots=True)
class AverageCross:
    """The reference work: long from SMA 20 crossing above SMA 50 until it crosses below."""

    needs: tuple[str, ...] = ("sma20", "sma50")
    rules: tuple[str, ...] = ()
    reverses: bool = False

    def decide(self, inputs: Inputs, held: Held | None, off: Collection[str]) -> Decision:
        """Enter on the cross up when flat, exit on the cross down when long."""
        fast, slow, fast_before, slow_before = (inputs.get(name, back) for back in (0, 1) for name in self.needs)
        if fast is None or slow is None or fast_before is None or slow_before is None:
            return None
        if held is None:
            return Enter(True, "cross up") if fast_before <= slow_before and fast > slow else None
        return Exit("cross down") if fast_before >= slow_before and fast < slow else None

    def candidates(self, columns: Mapping[str, Any]) -> Any:
        """Both crosses."""
        fast, slow, fast_before, slow_before = (columns[f"{name}{at}"] for at in ("", "@1") for name in self.needs)
        return ((fast_before <= slow_before) & (fast > slow)) | ((fast_before >= slow_before) & (fast < slow))


@dataclass(frozen=True, slots=True)
class Dice:
    """Decides by the last digits of the close, so at any bar: `faces` is how rare a decision is."""

    faces: int = 12
    needs: tuple[str, ...] = ("close",)
    rules: tuple[str, ...] = ()
    reverses: bool = False

    def decide(self, inputs: Inputs, held: Held | None, off: Collection[str]) -> Decision:
        """Enter long, enter short or exit, as the digits say."""
        match round((inputs.get("close") or 0.0) * 100) * 7 % 101 % self.faces:
            case 0:
                return Enter(True, "dice up")
            case 1:
                return Enter(False, "dice down")
            case 2:
                return Exit("dice out")
            case _:
                return None

    def candidates(self, columns: Mapping[str, Any]) -> Any:
        """The bars whose digits say anything."""
        return np.rint(columns["close"] * 100).astype(np.int64) * 7 % 101 % self.faces < 3


def instrument(symbol: str = "BTCUSDT", *, tick: str = "0.01", step: str = "0.001") -> Instrument:
    """Return an instrument without small limits in the way."""
    return Instrument(
        symbol=symbol,
        tick=Decimal(tick),
        step=Decimal(step),
        min_qty=1,
        max_market_qty=10**9,
        max_leverage=Decimal(100),
    )


def limit(name: str, measure: Measure, threshold: int, action: Action, profile: str = "") -> LimitSpec:
    """Return a limit; `threshold` in ppm."""
    return LimitSpec(
        name=name, measure=measure, threshold=threshold, action=action, profile=profile, floor=-(10**12), ceiling=-1
    )


# Wide enough never to act, and measured at every bar all the same.
WATCHED = (
    limit("daily_equity", Measure.DAILY_EQUITY, -900_000, Action.EMERGENCY),
    limit("peak_drawdown", Measure.PEAK_EQUITY, -900_000, Action.HALT),
)


def reference_request(data: Columns, *, skipping: bool = True) -> Request:
    """Return the reference work on a series: 1 BTC, 0.055 % a side, no slippage, 1,000,000 USDT, account limits on."""
    profile = Profile(
        name="reference",
        code="ref",
        strategy="reference",
        symbols=(data.symbol,),
        timeframe=data.timeframe_ms,
        sizing=Sizing(mode=SizeMode.QUANTITY, amount=10**8),
        leverage=1,
        max_positions=1,
    )
    return Request(
        account=Account(profiles=(profile,), slippage_ppm=0, limits=WATCHED),
        strategies={"reference": AverageCross()},
        instruments={data.symbol: instrument(data.symbol)},
        data={data.symbol: data},
        start_ms=int(data.time[0]),
        end_ms=int(data.time[-1]) + data.timeframe_ms,
        wallet=to_money(1_000_000),
        terms=Terms(slippage_ppm=0),
        skipping=skipping,
    )


def dice_profile(*symbols: str, timeframe: int = MINUTE_MS, **settings: Any) -> Profile:
    """Return a profile for `Dice`: 1,000 USDT a trade at 10 x unless set otherwise."""
    usual: dict[str, Any] = {
        "name": "dice",
        "code": "dice",
        "strategy": "dice",
        "sizing": Sizing(mode=SizeMode.NOTIONAL, amount=to_money(1_000)),
        "leverage": 10,
        "max_positions": 10,
        "min_rr_ppm": None,
    }
    return Profile(symbols=symbols, timeframe=timeframe, **{**usual, **settings})


def request(data: Mapping[str, Columns], *profiles: Profile, **settings: Any) -> Request:
    """Return a run over all of the data with 10,000 USDT; profiles decide by dice unless `strategies` are given."""
    strategies = settings.pop("strategies", None) or {profile.name: Dice() for profile in profiles}
    limits = settings.pop("limits", ())
    usual: dict[str, Any] = {
        "instruments": {symbol: instrument(symbol) for symbol in data},
        "start_ms": min(int(columns.time[0]) for columns in data.values()),
        "end_ms": max(int(columns.time[-1]) + columns.timeframe_ms for columns in data.values()),
        "wallet": to_money(10_000),
    }
    account = Account(profiles=profiles, limits=limits)
    return Request(account=account, strategies=strategies, data=data, **{**usual, **settings})
