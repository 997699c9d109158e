"""Making what happened durable and known: fold the news, keep stops in step, write one line, queue the messages."""

from typing import Any

from bot.localvenue.account import Account
from bot.localvenue.folding import Cause, fold
from bot.localvenue.protecting import follow_fill, keep_up
from bot.localvenue.wallet import position_push, wallet_row
from engine.core.events import Executed
from engine.core.market import DAY_MS
from engine.exchanges.sim.ledger import News
from engine.exchanges.sim.model import NEVER

KEEP_MS = 2 * 365 * DAY_MS
_COMPACT_LINES = 20_000
_ENGINE_EXECUTIONS = 2_000


def commit(account: Account, cause: Cause | None = None) -> None:
    """Take in what the matching engine did since the last call, and write it down before anybody hears of it."""
    news = account.sim.drain(NEVER)
    for event in news:
        _take(account, event, cause)
    _tell(account)
    change = _change(account)
    if change is None:
        return
    account.active = _active(account)
    if len(account.sim.executions) > _ENGINE_EXECUTIONS:
        account.sim.prune(account.sim.now_ms)
    if account.store is not None:
        account.store.append(change)
        if account.store.lines >= _COMPACT_LINES:
            compact(account)


def _take(account: Account, event: News, cause: Cause | None) -> None:
    order = account.book.by_key(event.link_id) if isinstance(event, Executed) and event.link_id else None
    fold(account, event, cause)
    if not isinstance(event, Executed):
        return
    leg = account.leg_of(event.symbol)
    keep_up(account, leg, event.at_ms)
    if order is not None:
        follow_fill(account, order, account.instrument(leg.symbol).quantity(event.qty), event.at_ms)


def _tell(account: Account) -> None:
    for symbol, idx in account.moved_legs:
        account.outbox.append(("position", position_push(account, account.book.leg(symbol, idx))))
    if account.wallet_moved or account.moved_legs:
        account.outbox.append(("wallet", wallet_row(account)))
    account.moved_legs.clear()
    account.wallet_moved = False


def _change(account: Account) -> dict[str, Any] | None:
    records, engine = account.book.changes(), account.sim.changes()
    return None if records is None and engine is None else {"records": records, "engine": engine}


def _active(account: Account) -> set[str]:
    held = {leg.symbol for leg in account.book.legs.values() if leg.qty}
    return held | {order.symbol for order in account.book.open.values()}


def state(account: Account) -> dict[str, Any]:
    """Return the whole account as JSON-able data."""
    return {"records": account.book.whole(), "engine": account.sim.state()}


def compact(account: Account) -> None:
    """Replace the account's files by a snapshot of the present."""
    if account.store is not None:
        account.sim.prune(account.sim.now_ms)
        account.book.prune(account.sim.now_ms - KEEP_MS)
        account.store.compact(state(account))


def load(account: Account) -> bool:
    """Take over the stored account; False for a new one. Raises StoreError, CodecError or ValueError."""
    if account.store is None:
        return False
    snapshot, changes = account.store.load()
    if snapshot is None:
        return False
    account.book.apply(snapshot["records"])
    for change in changes:
        if change["records"] is not None:
            account.book.apply(change["records"])
    engine = [change["engine"] for change in changes if change["engine"] is not None]
    account.sim.restore(snapshot["engine"], engine)
    account.active = _active(account)
    compact(account)
    return True
