"""Private REST endpoints about positions: the list, leverage, mode, stops, closed results."""

from bot.localvenue.calls import Call, Endpoint, Reply
from bot.localvenue.codes import invalid
from bot.localvenue.numbers import text_of
from bot.localvenue.paging import limit_of, page, window
from bot.localvenue.placing import linear
from bot.localvenue.positions import set_leverage, switch_mode, trading_stop
from bot.localvenue.rows import closed_row
from bot.localvenue.wallet import position_row


def positions(call: Call) -> Reply:
    """Positions: of a symbol even when flat, of a settle coin only those that are open."""
    linear(call.params)
    body, account = call.params, call.account
    symbol, settle = text_of(body, "symbol"), text_of(body, "settleCoin")
    if symbol:
        found = account.legs(call.core.board.listing.need(symbol).symbol)
    elif settle:
        found = [leg for leg in account.book.legs.values() if leg.qty and settle == "USDT"]
        found.sort(key=lambda leg: (leg.symbol, leg.idx))
    else:
        raise invalid("params error: symbol or settleCoin is needed")
    limit = limit_of(body, default=20, most=200)
    rows, cursor = page(found, body, name=lambda leg: f"{leg.symbol}-{leg.idx}", limit=limit)
    shown = [position_row(account, leg) for leg in rows]
    return Reply({"category": "linear", "list": shown, "nextPageCursor": cursor})


def leverage(call: Call) -> Reply:
    """Set a symbol's leverage."""
    set_leverage(call.account, call.params)
    call.core.soon(call.account, "")
    return Reply({})


def mode(call: Call) -> Reply:
    """Switch between one-way and hedge mode."""
    switch_mode(call.account, call.params)
    return Reply({})


def stops(call: Call) -> Reply:
    """Set what protects a position."""
    account = call.account
    trading_stop(account, call.params, account.now_ms(call.now_ms))
    call.core.soon(account, text_of(call.params, "symbol"))
    return Reply({})


def closed_results(call: Call) -> Reply:
    """What closing orders realised, in a window of at most seven days, the newest first."""
    linear(call.params)
    body, account = call.params, call.account
    span = window(body, call.now_ms)
    symbol = text_of(body, "symbol")
    found = [row for row in account.book.closed.values() if row.updated_ms in span and symbol in {"", row.symbol}]
    found.sort(key=lambda row: (row.updated_ms, row.order_id), reverse=True)
    limit = limit_of(body, default=50, most=100)
    rows, cursor = page(found, body, name=lambda row: row.order_id, limit=limit)
    shown = [closed_row(row, account.instrument(row.symbol)) for row in rows]
    return Reply({"category": "linear", "list": shown, "nextPageCursor": cursor})


ENDPOINTS = (
    Endpoint(method="GET", path="/v5/position/list", handler=positions, lists=True),
    Endpoint(method="POST", path="/v5/position/set-leverage", handler=leverage),
    Endpoint(method="POST", path="/v5/position/switch-mode", handler=mode),
    Endpoint(method="POST", path="/v5/position/trading-stop", handler=stops),
    Endpoint(method="GET", path="/v5/position/closed-pnl", handler=closed_results, lists=True),
)
