"""Changing the grids of an instrument under an account: the matching engine counts in ticks and steps."""

from decimal import Decimal
from typing import Any

from bot.localvenue.account import Account, name_of, new_engine
from bot.localvenue.committing import commit, compact
from engine.core.market import Instrument

_PRICES = ("last", "mark", "bid", "ask")
_RESET = ("stop", "target", "trail", "active", "best")


def check(account: Account, before: Instrument, after: Instrument) -> None:
    """Raise ValueError when a position or an open order of the symbol does not fit the new grids."""
    for leg in account.legs(before.symbol):
        if leg.size % after.step:
            raise ValueError(f"{before.symbol}: a position of {leg.size} does not fit steps of {after.step}")
    for order in account.book.open_of(before.symbol):
        if order.price % after.tick or order.trigger_price % after.tick or order.qty % after.step:
            raise ValueError(f"{before.symbol}: order {order.order_id} does not fit the new grids, cancel it first")


def apply(account: Account, before: Instrument, after: Instrument) -> None:
    """Rebuild the matching engine in the new grids; the listing holds the new instrument already."""
    commit(account)
    names = {name_of(before.symbol, 0), name_of(before.symbol, 2)}
    price, size = before.tick / after.tick, before.step / after.step
    state = account.sim.state()
    for market in state["markets"]:
        if market["symbol"] in names:
            _scale(market, _PRICES, price)
            _scale(market, ("qty",), size)
            market.update(dict.fromkeys(_RESET, 0), tick=str(after.tick), step=str(after.step))
    for order in state["orders"]:
        if order["symbol"] in names:
            _scale(order, ("limit",), price)
            _scale(order, ("qty", "filled"), size)
    state["executions"] = [row for row in state["executions"] if row["symbol"] not in names]
    account.sim = new_engine(account.board, 0)
    account.sim.restore(state)
    compact(account)


def _scale(row: dict[str, Any], fields: tuple[str, ...], factor: Decimal) -> None:
    for field in fields:
        row[field] = round(row[field] * factor)
