"""The demo's past: days of trading played through the real engine before the desk starts, so that no chart is empty.

Runs in a process of its own while the chat page is already up. What it leaves are a journal and a paper account: the
desk then starts
from them as after any stop.
"""

import asyncio
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from bot.accounts import TAG_KEY, Trading, new_tag, trading
from bot.ground import LOCAL, candle_file
from config import Settings
from engine.backtest.loop import Loop
from engine.backtest.request import Request
from engine.core.effects import Effect, Notify, Record
from engine.core.market import DAY_MS, MINUTE_MS
from engine.core.money import rate_to_e8, to_money
from engine.core.trader import Trader
from engine.exchanges.paper_store import PaperStore
from engine.exchanges.simulated import SimulatedExchange, Terms
from engine.feeds import FUNDING_MS
from engine.generator import Market
from engine.journal import Group
from engine.resample import resample
from engine.universe import SYMBOLS, UNIVERSE
from storage.rows import EquityPoint
from storage.store import Store

DAYS = 5
BAR_MS = 5 * MINUTE_MS
WARM_UP_MS = 5 * DAY_MS
DATABASE = "desk.db"
_EQUITY_EVERY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What to play: everything that trades on generated candles of a seed, for the days before `until_ms`."""

    trading: Trading
    seed: int
    until_ms: int
    balance: Decimal
    state_dir: Path


def play(past: Past) -> int:
    """Play the past and store it; returns how many trades were closed."""
    until = past.until_ms - past.until_ms % BAR_MS
    instruments = {symbol: UNIVERSE[symbol].instrument() for symbol in SYMBOLS}
    market = Market(past.seed)
    start = until - DAYS * DAY_MS
    minutes = {s: market.candles(s, start_ms=start - WARM_UP_MS, end_ms=until) for s in SYMBOLS}
    request = Request(
        account=past.trading.only(SYMBOLS, base_ms=BAR_MS).account,
        strategies=past.trading.strategies,
        instruments=instruments,
        data={s: resample(part, timeframe_ms=BAR_MS) for s, part in minutes.items()},
        start_ms=start,
        end_ms=until,
        wallet=to_money(past.balance),
        funding={s: _rates(market, s, start, until) for s in SYMBOLS},
    )
    trader = Trader(replace(request.account, tag=past.trading.account.tag), request.strategies)
    exchange = SimulatedExchange(instruments.values(), wallet=request.wallet, terms=Terms())
    groups: list[Group] = [_group(trader.open_account(request.wallet, start))]
    loop = Loop(request, trader, exchange, lambda effects: groups.append(_group(effects)))
    loop.run()
    result = loop.recorder.result(loop.settler, exchange)
    points = [
        EquityPoint(at_ms=int(at), wallet=money, equity=money, margin=Decimal(0), unrealised=Decimal(0))
        for at, money in zip(result.times[::_EQUITY_EVERY], _cents(result.equity[::_EQUITY_EVERY]), strict=True)
    ]
    past.state_dir.mkdir(parents=True, exist_ok=True)
    # What the local exchange would tell at the first start, which need not ask for it then.
    candle_file(past.state_dir, LOCAL).save(minutes.values())
    _keep(past, [group for group in groups if group[0]], points, exchange)
    return len(result.trades)


def _keep(past: Past, groups: Sequence[Group], points: Sequence[EquityPoint], exchange: SimulatedExchange) -> None:
    # Written aside and moved into place, the paper account last: it is the sign that the past is whole.
    aside = past.state_dir / "past"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    asyncio.run(_store(past, aside, groups, points))
    paper = PaperStore(aside / "paper")
    paper.compact(exchange.state())
    paper.close()
    (aside / DATABASE).replace(past.state_dir / DATABASE)
    (aside / "paper").replace(past.state_dir / "paper")
    shutil.rmtree(aside)


def _group(effects: Sequence[Effect]) -> Group:
    facts = [effect.fact for effect in effects if isinstance(effect, Record)]
    return facts, [effect.alert for effect in effects if isinstance(effect, Notify)]


def _rates(market: Market, symbol: str, start_ms: int, end_ms: int) -> dict[int, int]:
    first = -(-start_ms // FUNDING_MS) * FUNDING_MS
    return {at: rate_to_e8(repr(market.funding(symbol, at))) for at in range(first, end_ms, FUNDING_MS)}


def _cents(values: Iterable[float]) -> list[Decimal]:
    return [Decimal(f"{value:.4f}") for value in values]


async def _store(past: Past, folder: Path, groups: Sequence[Group], points: Sequence[EquityPoint]) -> None:
    account = past.trading.account
    url = f"sqlite+aiosqlite:///{folder / DATABASE}"
    store = await Store.open(url, mode=account.mode, account=account.name, state_dir=folder)
    try:
        await store.settings.set(TAG_KEY, account.tag)
        await store.journal.bulk(groups)
        await store.queries.add_equity(*points)
    finally:
        await store.close()


def main(folder: str, seed: str, balance: str) -> None:
    """Play the past of a new demo, in a process of its own."""
    state_dir = Path(folder)
    settings = Settings(desk_name="main", desk_state_dir=state_dir)
    play(
        Past(
            trading=trading(settings, tag=new_tag()),
            seed=int(seed),
            until_ms=time.time_ns() // 1_000_000,
            balance=Decimal(balance),
            state_dir=state_dir,
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
