"""What a client may set about positions: leverage, position mode, stops and targets, margin mode."""

from decimal import Decimal
from typing import Any

from bot.localvenue.account import Account, name_of
from bot.localvenue.codes import (
    LEVERAGE,
    MARGIN_MODE,
    NOT_MODIFIED,
    ORDERS_OPEN,
    POSITION_OPEN,
    SAME_LEVERAGE,
    SAME_MODE,
    VenueError,
    invalid,
)
from bot.localvenue.committing import commit, compact
from bot.localvenue.model import STOP_LOSS, TAKE_PROFIT, Leg
from bot.localvenue.numbers import ZERO, Body, decimal_of, int_of, plain, text_of
from bot.localvenue.placing import linear
from bot.localvenue.protecting import add_partial, check_sides, set_trailing, set_whole
from engine.core.market import Instrument

_TRIGGERS = ("LastPrice", "MarkPrice", "IndexPrice")
_NO_POSITION = "can not set tp/sl/ts for zero position"
_MODES = ("ISOLATED_MARGIN", "REGULAR_MARGIN", "PORTFOLIO_MARGIN")


def set_leverage(account: Account, body: Body) -> None:
    """Set the leverage of a symbol: whole numbers, the same for both sides."""
    linear(body)
    instrument = account.board.listing.need(body.get("symbol"))
    buy, sell = (decimal_of(body, name, text="leverage invalid") for name in ("buyLeverage", "sellLeverage"))
    if buy is None or sell is None:
        raise invalid("params error: buyLeverage and sellLeverage are needed")
    if buy != sell:
        raise invalid("buy leverage and sell leverage must be the same")
    if not 1 <= buy <= instrument.max_leverage:
        largest = plain(instrument.max_leverage * 100)
        raise VenueError(LEVERAGE, f"cannot set leverage [{int(buy * 100)}] gt maxLeverage [{largest}] by risk limit")
    if buy % 1:
        raise invalid("leverage invalid: leverageStep is 1")
    legs = account.legs(instrument.symbol)
    if all(leg.leverage == buy for leg in legs):
        raise VenueError(SAME_LEVERAGE)
    for leg in legs:
        leg.leverage = buy
        account.book.touch(leg)
        account.moved(leg.symbol, leg.idx)
    if any(leg.qty for leg in legs):
        _relever(account, legs, int(buy))
    commit(account)


def _relever(account: Account, legs: list[Leg], leverage: int) -> None:
    """Leverage of an open position is part of the matching engine's state: change it there, and keep that."""
    commit(account)
    state = account.sim.state()
    names = {name_of(leg.symbol, leg.idx) for leg in legs}
    for market in state["markets"]:
        if market["symbol"] in names:
            market["leverage"] = leverage
    account.sim.restore(state)
    compact(account)


def switch_mode(account: Account, body: Body) -> None:
    """Switch a symbol, or with `coin` every idle symbol, to one-way (0) or hedge mode (3)."""
    linear(body)
    mode = int_of(body, "mode")
    if mode not in {0, 3}:
        raise invalid("params error: mode invalid")
    symbol, coin = text_of(body, "symbol"), text_of(body, "coin")
    if not symbol and coin != "USDT":
        raise invalid("params error: symbol or coin is needed")
    if symbol:
        account.board.listing.need(symbol)
        _check_idle(account, symbol)
    wanted = [symbol] if symbol else [s for s in account.board.listing if s not in account.active]
    hedged = account.book.settings.hedged
    turned = [s for s in wanted if (s in hedged) is (mode == 0)]
    if not turned:
        raise VenueError(SAME_MODE)
    account.book.settings.hedged = [s for s in hedged if s not in turned] + (turned if mode else [])
    for name in turned:
        _inherit_leverage(account, name)
    commit(account)


def _check_idle(account: Account, symbol: str) -> None:
    if any(leg.qty for leg in account.legs(symbol)):
        raise VenueError(POSITION_OPEN)
    if account.book.open_of(symbol):
        raise VenueError(ORDERS_OPEN)


def _inherit_leverage(account: Account, symbol: str) -> None:
    other = 0 if account.is_hedged(symbol) else 1
    known = account.book.leg(symbol, other).leverage
    for leg in account.legs(symbol):
        leg.leverage = known
        account.book.touch(leg)


def trading_stop(account: Account, body: Body, at_ms: int) -> None:
    """Set stop, target and trailing stop of a position, for the whole of it or a part."""
    linear(body)
    instrument = account.board.listing.need(body.get("symbol"))
    mode = text_of(body, "tpslMode", "Full", allowed=("Full", "Partial"))
    idx = int_of(body, "positionIdx", 0) or 0
    if idx not in account.slots(instrument.symbol):
        raise invalid("position idx not match position mode")
    leg = account.book.leg(instrument.symbol, idx)
    if not leg.qty:
        raise invalid(_NO_POSITION)
    names = ("takeProfit", "stopLoss", "trailingStop", "activePrice")
    target, stop, distance, active = (_price(body, name, instrument) for name in names)
    if target is None and stop is None and distance is None:
        raise VenueError(NOT_MODIFIED)
    base = account.board.last(leg.symbol)
    check_sides(long=leg.qty > 0, stop=stop or ZERO, target=target or ZERO, base=base)
    _check_active(leg, active, base)
    if mode == "Partial":
        _partial(account, leg, body, (target or ZERO, stop or ZERO), at_ms)
    elif not _whole(account, leg, body, (target, stop, distance, active), at_ms):
        raise VenueError(NOT_MODIFIED)
    commit(account)


def _price(body: Body, name: str, instrument: Instrument) -> Decimal | None:
    value = decimal_of(body, name)
    if value is not None and value % instrument.tick:
        raise invalid(f"params error: {name} invalid")
    return value


def _check_active(leg: Leg, active: Decimal | None, base: Decimal) -> None:
    if active and (active <= base if leg.qty > 0 else active >= base):
        where = "higher" if leg.qty > 0 else "lower"
        raise invalid(
            f"TrailingProfit:{int(active * 10**8)} set for {leg.side} position should {where} than base_price"
        )


type _Prices = tuple[Decimal | None, Decimal | None, Decimal | None, Decimal | None]


def _whole(account: Account, leg: Leg, body: Body, prices: _Prices, at_ms: int) -> bool:
    target, stop, distance, active = prices
    changed = False
    for kind, price, name in ((TAKE_PROFIT, target, "tpTriggerBy"), (STOP_LOSS, stop, "slTriggerBy")):
        if price is not None:
            by = text_of(body, name, "LastPrice", allowed=_TRIGGERS)
            changed |= set_whole(account, leg, kind, price, by, at_ms)
    if distance is not None:
        changed |= set_trailing(account, leg, distance, active, at_ms)
    return changed


def _partial(account: Account, leg: Leg, body: Body, prices: tuple[Decimal, Decimal], at_ms: int) -> None:
    sizes = [decimal_of(body, name) for name in ("tpSize", "slSize")]
    given = {size for size in sizes if size is not None}
    if len(given) != 1 or (all(prices) and None in sizes):
        raise invalid("tpSize and slSize must be the same")
    size = given.pop()
    if not 0 < size <= leg.size or size % account.instrument(leg.symbol).step:
        raise invalid("params error: tpSize invalid")
    leg.updated_ms = at_ms
    sides = []
    for price, which in zip(prices, ("tp", "sl"), strict=True):
        limit = decimal_of(body, f"{which}LimitPrice") or ZERO
        is_limit = text_of(body, f"{which}OrderType", "Market", allowed=("Market", "Limit")) == "Limit"
        by = text_of(body, f"{which}TriggerBy", "LastPrice", allowed=_TRIGGERS)
        sides.append((price, by, limit if is_limit else ZERO))
    add_partial(account, leg, size, sides[0], sides[1])


def set_margin_mode(account: Account, body: Body, at_ms: int) -> dict[str, Any]:
    """Set the account's margin mode; with anything open it is refused. Liquidation stays each position's own."""
    mode = text_of(body, "setMarginMode", allowed=_MODES)
    if mode not in _MODES[:2]:
        raise invalid("params error: setMarginMode invalid")
    if account.active:
        reason = {"reasonCode": "3400000", "reasonMsg": "Close positions and cancel orders first"}
        raise VenueError(MARGIN_MODE) from ReasonsError([reason])
    account.book.settings.margin_mode, account.book.settings.updated_ms = mode, at_ms
    for leg in account.legs(next(iter(account.board.listing))):
        account.book.touch(leg)
    commit(account)
    return {"reasons": []}


class ReasonsError(Exception):
    """Why a margin mode cannot be set, in Bybit's form."""

    def __init__(self, reasons: list[dict[str, str]]) -> None:
        self.reasons = reasons
        super().__init__(str(reasons))
