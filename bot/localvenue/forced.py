"""What befalls an account without a request of its client: its owner's trades, transfers, liquidation, delisting."""

from decimal import Decimal

from bot.localvenue.account import Account, name_of
from bot.localvenue.changing import withdraw
from bot.localvenue.codes import invalid
from bot.localvenue.committing import commit
from bot.localvenue.folding import BY_HAND, BY_HAND_OPENING, DELIVERY
from bot.localvenue.model import Flow, Leg
from engine.core.money import Money


def trade(account: Account, symbol: str, *, buy: bool, qty: Decimal, at_ms: int) -> None:
    """Trade by the owner's hand at the present price; ValueError for a quantity off the grid."""
    instrument = account.instrument(symbol)
    if qty <= 0 or qty % instrument.step:
        raise ValueError(f"{symbol}: qty {qty} is no positive multiple of {instrument.step}")
    leg = _slot_for(account, symbol, buy=buy)
    closes = bool(leg.qty) and (leg.qty > 0) != buy
    account.refresh(symbol)
    account.sim.manual_trade(name_of(symbol, leg.idx), buy, instrument.steps(qty), account.now_ms(at_ms))
    commit(account, BY_HAND if closes else BY_HAND_OPENING)


def _slot_for(account: Account, symbol: str, *, buy: bool) -> Leg:
    legs = account.legs(symbol)
    return next((leg for leg in legs if leg.qty and (leg.qty > 0) != buy), legs[0 if buy or len(legs) == 1 else 1])


def liquidate(account: Account, symbol: str, at_ms: int) -> None:
    """Liquidate the positions of a symbol now; ValueError when flat."""
    account.refresh(symbol)
    for leg in _held(account, symbol):
        for order in account.book.open_of(symbol):
            if order.sim_key and order.is_open and order.position_idx == leg.idx:
                withdraw(account, order, account.now_ms(at_ms), "CancelByPrepareLiq")
        account.sim.liquidate(name_of(symbol, leg.idx), account.now_ms(at_ms))
    commit(account)


def deleverage(account: Account, symbol: str, qty: Decimal | None, at_ms: int) -> None:
    """Take up to `qty` of a symbol's position over (None: all); ValueError when flat."""
    account.refresh(symbol)
    for leg in _held(account, symbol):
        steps = account.steps(leg) if qty is None else account.instrument(symbol).steps(qty)
        if steps < 1:
            raise ValueError(f"{symbol}: qty {qty} is below one step")
        account.sim.deleverage(name_of(symbol, leg.idx), steps, account.now_ms(at_ms))
    commit(account)


def _held(account: Account, symbol: str) -> list[Leg]:
    held = [leg for leg in account.legs(symbol) if leg.qty]
    if not held:
        raise ValueError(f"{symbol}: no position")
    return held


def deliver(account: Account, symbol: str, at_ms: int) -> None:
    """Settle a delisted symbol: every order cancelled, every position closed at the present price."""
    account.refresh(symbol)
    for order in list(account.book.open_of(symbol)):
        if order.is_open:
            withdraw(account, order, account.now_ms(at_ms), "CancelBySettle")
    for leg in account.legs(symbol):
        if leg.qty:
            name = name_of(symbol, leg.idx)
            account.sim.manual_trade(name, leg.qty < 0, account.steps(leg), account.now_ms(at_ms))
    commit(account, DELIVERY)


def transfer(account: Account, amount: Money, at_ms: int) -> None:
    """Move money in (positive) or out; 10001 for more than is there."""
    if account.sim.wallet + amount < 0:
        raise invalid("insufficient balance")
    now_ms = account.now_ms(at_ms)
    account.sim.transfer(amount, now_ms)
    log_transfer(account, amount, now_ms)
    account.wallet_moved = True
    commit(account)


def log_transfer(account: Account, amount: Money, at_ms: int) -> None:
    """Write a transfer into the transaction log."""
    book = account.book
    book.settings.cash += amount
    book.flows.append(
        Flow(
            number=book.number(),
            kind="TRANSFER_IN" if amount > 0 else "TRANSFER_OUT",
            symbol="",
            side="None",
            at_ms=at_ms,
            cash_flow=amount,
            change=amount,
            balance=book.settings.cash,
        )
    )
