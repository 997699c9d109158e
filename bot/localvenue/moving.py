"""A paper account moves to the venue: wallet, open positions with their stops, and what was executed, ids and all.

Orders that were still open stay behind: whoever asks for one learns that it does not exist.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.localvenue.account import MAKER_RATE, TAKER_RATE, Account
from bot.localvenue.forced import log_transfer
from bot.localvenue.model import CREATE_TYPES, STOP_LOSS, TAKE_PROFIT, TRAILING, Execution, Leg
from bot.localvenue.numbers import ZERO
from bot.localvenue.protecting import set_trailing, set_whole
from engine.core.events import ExecKind, Executed, FundingPaid
from engine.core.market import MINUTE_MS, Instrument
from engine.exchanges.paper_store import PaperStore
from engine.exchanges.simulated import SimulatedExchange, Terms

_STOPS = {ExecKind.STOP: STOP_LOSS, ExecKind.TARGET: TAKE_PROFIT, ExecKind.TRAILING: TRAILING}
_FORCED = {ExecKind.LIQUIDATION: "BustTrade", ExecKind.ADL: "AdlTrade", ExecKind.DELIVERY: "Delivery"}


def move_in(account: Account, folder: Path) -> None:
    """Let a new account go on from the paper account of a folder.

    Raises PaperStoreError, CodecError, or ValueError where there is none or it is open on symbols not listed.
    """
    state, changes = PaperStore(folder).load() if folder.exists() else (None, [])
    if state is None:
        raise ValueError(f"{folder}: there is no paper account")
    listing = account.board.listing
    paper = SimulatedExchange([listing[symbol] for symbol in listing], wallet=0, terms=Terms())
    paper.restore(state, changes)
    account.book.settings.opened_ms = paper.now_ms
    account.book.executions.extend(_execution(account, event) for event in paper.executions)
    log_transfer(account, paper.wallet, paper.now_ms)
    _adopt(account, paper)
    account.outbox.clear()
    account.moved_legs.clear()


def _adopt(account: Account, paper: SimulatedExchange) -> None:
    state = paper.state()
    # Here stops are orders of the account, not the matching engine's.
    markets = [market | {"stop": 0, "target": 0, "trail": 0} for market in state["markets"]]
    account.sim.restore(state | {"orders": [], "executions": [], "news": [], "markets": markets})
    for market in state["markets"]:
        if market["qty"]:
            _hold(account, market, paper.now_ms)


def _hold(account: Account, market: dict[str, Any], at_ms: int) -> None:
    symbol, book = market["symbol"], account.book
    instrument, leg = account.instrument(symbol), book.leg(market["symbol"], 0)
    leg.qty, leg.cost, leg.leverage = instrument.quantity(market["qty"]), market["cost"], Decimal(market["leverage"])
    leg.created_ms = leg.updated_ms = at_ms
    leg.seq = book.next_seq()
    book.touch(leg)
    # A stop knows the price at which it was made, and nothing was played yet.
    account.board.take(symbol, account.board.history.ticks(symbol, at_ms - at_ms % MINUTE_MS - MINUTE_MS)[-1])
    for kind, price in ((STOP_LOSS, market["stop"]), (TAKE_PROFIT, market["target"])):
        if price:
            set_whole(account, leg, kind, instrument.price(price), "LastPrice", at_ms)
    if market["trail"]:
        _trail(account, leg, instrument, market, at_ms)


def _trail(account: Account, leg: Leg, instrument: Instrument, market: dict[str, Any], at_ms: int) -> None:
    active = instrument.price(market["active"]) if market["active"] else None
    set_trailing(account, leg, instrument.price(market["trail"]), active, at_ms)
    for order in account.book.protecting(leg, (TRAILING,)):
        # It goes on from the best price it has seen.
        order.best = instrument.price(market["best"])
        account.book.put(order)


def _execution(account: Account, event: Executed | FundingPaid) -> Execution:
    if isinstance(event, FundingPaid):
        return _settlement(account, event)
    instrument = account.instrument(event.symbol)
    price, qty = instrument.price(event.price), instrument.quantity(event.qty)
    stop = _STOPS.get(event.kind, "")
    return Execution(
        exec_id=event.exec_id,
        order_id=event.order_id,
        link_id=event.link_id,
        symbol=event.symbol,
        side="Buy" if event.buy else "Sell",
        order_type="Limit" if event.maker else "Market",
        stop_order_type=stop,
        create_type=CREATE_TYPES.get(stop, "CreateByUser"),
        exec_type=_FORCED.get(event.kind, "Trade"),
        order_price=price,
        order_qty=qty,
        leaves=ZERO,
        price=price,
        qty=qty,
        value=price * qty,
        fee=event.fee,
        fee_rate=MAKER_RATE if event.maker else TAKER_RATE,
        maker=event.maker,
        mark=price,
        closed=ZERO,
        pnl=0,
        at_ms=event.at_ms,
        seq=account.book.next_seq(),
    )


def _settlement(account: Account, event: FundingPaid) -> Execution:
    return Execution(
        exec_id=event.exec_id,
        order_id=event.exec_id,
        link_id="",
        symbol=event.symbol,
        side="Buy",
        order_type="UNKNOWN",
        stop_order_type="",
        create_type="",
        exec_type="Funding",
        order_price=ZERO,
        order_qty=ZERO,
        leaves=ZERO,
        price=ZERO,
        qty=ZERO,
        value=ZERO,
        fee=event.amount,
        fee_rate=ZERO,
        maker=False,
        mark=ZERO,
        closed=ZERO,
        pnl=0,
        at_ms=event.at_ms,
        seq=account.book.next_seq(),
    )
