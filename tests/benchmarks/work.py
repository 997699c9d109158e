"""The pieces of work that are measured, each run in a fresh process: it prints one JSON line and ends."""

import gc
import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.candles import Columns
from tests.support.series import reference

FEE = 0.00055
CASH = 1_000_000.0
CFT_DAYS = 60


def engine_reference() -> tuple[int, str, Callable[[], str]]:
    """The reference work through the whole engine, with account limits."""
    from engine.backtest import run
    from engine.indicators_kernels import library
    from tests.unit.backtest.runs import reference_request

    library()
    request = reference_request(reference())

    def work() -> str:
        found = run(request)
        return f"{found.final_equity:,.2f} / {len(found.trades):,}"

    return len(request.data["BTCUSDT"]), "787,066.34 / 5,649", work


def engine_cft() -> tuple[int, str, Callable[[], str]]:
    """The cft preset with every layer on, on generated one-minute candles of its sixteen symbols."""
    from engine.backtest import Request, run
    from engine.core.market import DAY_MS
    from engine.core.money import to_money
    from engine.generator import Market
    from engine.indicators_kernels import library
    from engine.presets import CFT, account
    from engine.strategies.rules8 import Rules8
    from engine.universe import UNIVERSE

    library()
    market, end_ms = Market(7), 20_000 * DAY_MS
    start_ms = end_ms - CFT_DAYS * DAY_MS
    data = {s: market.candles(s, start_ms=start_ms - 6 * DAY_MS, end_ms=end_ms) for s in CFT.symbols}
    # Limits that never act: an emergency on the third day would leave nothing to measure.
    wide = replace(CFT, limits=tuple(replace(spec, threshold=-900_000) for spec in CFT.limits))
    whole = account((wide,))
    request = Request(
        account=replace(whole, limits=tuple(replace(spec, threshold=-900_000) for spec in whole.limits)),
        strategies={"cft": Rules8()},
        instruments={symbol: UNIVERSE[symbol].instrument() for symbol in data},
        data=data,
        start_ms=start_ms,
        end_ms=end_ms,
        wallet=to_money(50_000),
    )

    def work() -> str:
        found = run(request)
        return f"{found.final_equity:,.2f} / {len(found.trades):,}"

    return sum(int((columns.time >= start_ms).sum()) for columns in data.values()), "", work


def peer_reference() -> tuple[int, str, Callable[[], str]]:
    """The reference work in backtesting.py."""
    warnings.simplefilter("ignore")
    import backtesting
    import pandas as pd

    # Its progress bar would be measured too.
    backtesting.backtesting._tqdm = lambda steps, **_: steps
    data = reference()
    frame = pd.DataFrame(
        {"Open": data.open, "High": data.high, "Low": data.low, "Close": data.close, "Volume": data.volume},
        index=pd.to_datetime(data.time, unit="ms"),
    )

    def mean(values: object, length: int) -> "np.ndarray":
        return pd.Series(values).rolling(length).mean().to_numpy()

    class Cross(backtesting.Strategy):  # type: ignore[misc]  # the library has no types
        def init(self) -> None:
            self.fast, self.slow = self.I(mean, self.data.Close, 20), self.I(mean, self.data.Close, 50)

        def next(self) -> None:
            fast, slow = self.fast, self.slow
            if not self.position:
                if fast[-2] <= slow[-2] and fast[-1] > slow[-1]:
                    self.buy(size=1)
            elif fast[-2] >= slow[-2] and fast[-1] < slow[-1]:
                self.position.close()

    def work() -> str:
        found = backtesting.Backtest(frame, Cross, cash=CASH, commission=FEE).run()
        return f"{found['Equity Final [$]']:,.2f} / {found['# Trades']:,}"

    return len(data), "787,066.34 / 5,649", work


def floor_reference() -> tuple[int, str, Callable[[], str]]:
    """The reference work as a bare Python loop: no engine at all."""
    data = reference()
    opens, closes = data.open.tolist(), data.close.tolist()

    def work() -> str:
        fast, slow = _mean(data, 20), _mean(data, 50)
        cash, held, trades, last = CASH, 0.0, 0, len(closes) - 1
        for i in range(50, last):
            if held:
                if fast[i - 1] >= slow[i - 1] and fast[i] < slow[i]:
                    cash += opens[i + 1] * (1 - FEE)
                    held, trades = 0.0, trades + 1
            elif fast[i - 1] <= slow[i - 1] and fast[i] > slow[i]:
                cash -= opens[i + 1] * (1 + FEE)
                held = 1.0
        return f"{cash + held * closes[-1]:,.2f} / {trades:,}"

    return len(data), "787,066.34 / 5,649", work


def _mean(data: Columns, length: int) -> list[float]:
    sums = np.cumsum(np.insert(data.close, 0, 0.0))
    means = (sums[length:] - sums[:-length]) / length
    return [0.0] * (length - 1) + means.tolist()


WORKS = {
    "engine": engine_reference,
    "cft": engine_cft,
    "peer": peer_reference,
    "floor": floor_reference,
}


def main(name: str) -> None:
    """Prepare, run once, and print bars, seconds, peak memory (MiB), result and the result that is right."""
    bars, right, work = WORKS[name]()
    gc.collect()
    began = time.perf_counter()
    result = work()
    took_s = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"bars": bars, "took_s": took_s, "peak_mib": peak, "result": result, "right": right}))


if __name__ == "__main__":
    main(sys.argv[1])
