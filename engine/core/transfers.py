"""Money that moves without a trade: left out of the books until the exchange's transaction log names it, then booked
with every reference moved by it, so that it is neither profit nor loss.
"""

from engine.core import alerts as a
from engine.core.effects import QueryTransfers
from engine.core.events import AccountReported, Transfer, TransfersReported
from engine.core.facts import ReferenceSet, TransferBooked, WalletUnexplained
from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.money import Money, from_money, to_money
from engine.core.workspace import Workspace

TOLERANCE: Money = to_money("0.01")
# The log is asked from before the wallets last agreed: its stamps and ours are of two clocks.
_OVERLAP_MS = HOUR_MS
# A log that is late by more than this leaves people wondering.
_TELL_MS = 10 * MINUTE_MS
_WORDS = {"TRANSFER_IN": "Deposit", "TRANSFER_OUT": "Withdrawal"}


def on_difference(ws: Workspace, report: AccountReported) -> None:
    """Take in what of the exchange's wallet the books cannot explain, and ask the log about it."""
    difference = report.wallet - ws.state.portfolio.wallet
    if abs(difference) <= TOLERANCE:
        _settled(ws, report)
        return
    if difference != ws.state.unexplained:
        ws.record(WalletUnexplained(difference, report.at_ms))
    waited = report.at_ms - ws.state.unexplained_ms
    if waited >= _TELL_MS and not ws.wondered:
        ws.wondered = True
        detail = (
            f"The exchange has {from_money(difference):+.2f} USDT against the books, and its transaction log does not "
            "say why. Limits leave it out until it does; look at the account's history on the exchange."
        )
        ws.alert(a.SystemAlert, topic="reconciliation", title="Wallet differs", detail=detail)
    since = min(ws.agreed_ms or ws.state.opened_ms, ws.state.unexplained_ms) - _OVERLAP_MS
    ws.emit(QueryTransfers(max(ws.state.opened_ms, since)))


def _settled(ws: Workspace, report: AccountReported) -> None:
    ws.agreed_ms, ws.wondered = report.asked_ms, False
    if ws.state.unexplained:
        ws.record(WalletUnexplained(0, report.at_ms))


def on_transfers(ws: Workspace, event: TransfersReported) -> None:
    """Book what the log names, as long as something is unexplained; each line once."""
    if not ws.state.unexplained:
        return
    for row in event.rows:
        if row.amount and row.at_ms > ws.state.opened_ms and not ws.state.knows(row.transfer_id):
            _book(ws, row)


def _book(ws: Workspace, row: Transfer) -> None:
    before = {profile.name: ws.ledger(profile.name).balance for profile in ws.account.profiles}
    ws.record(TransferBooked(row.transfer_id, row.amount, row.kind, row.at_ms))
    for scope, balance in before.items():
        move_references(ws, scope, ws.ledger(scope).balance - balance)
    what = _WORDS.get(row.kind, row.kind.replace("_", " ").capitalize())
    detail = "Day, week, peak and start of every limit moved by as much: it counts neither as profit nor as loss."
    title = f"{what} of {from_money(abs(row.amount)):,.2f} USDT"
    ws.alert(a.SystemAlert, topic="reconciliation", title=title, detail=detail)
    ws.dirty = True


def move_references(ws: Workspace, scope: str, amount: Money) -> None:
    """Move a profile's stored references by an amount; those of the account move with the fact itself."""
    for name, value in list(ws.state.references.get(scope, {}).items()):
        if not name.endswith(".at"):
            ws.record(ReferenceSet(scope, name, value + amount, ws.now_ms))
