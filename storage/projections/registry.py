"""Which function writes the rows of which fact."""

from collections.abc import Callable
from typing import Any

from engine.core import events as e
from engine.core import facts as f
from engine.core.approval_facts import ApprovalAsked, ApprovalDecided, ApprovalHeard
from storage.projections import desk_rows as desk
from storage.projections import order_rows as order
from storage.projections import position_rows as position
from storage.projections.books import Books

type Projection = Callable[[Books, int, Any], None]

PROJECTIONS: dict[type, Projection] = {
    f.AccountOpened: desk.account_opened,
    f.WalletCorrected: desk.wallet_corrected,
    f.WalletUnexplained: desk.wallet_unexplained,
    f.TransferBooked: desk.transfer_booked,
    f.ForeignOrderFound: desk.foreign_order,
    f.SignalRecorded: desk.signal,
    f.OrderIntended: order.intended,
    e.OrderSent: order.sent,
    e.OrderAccepted: order.accepted,
    e.OrderRejected: order.rejected,
    e.OrderOutcomeUnknown: order.silent,
    e.OrderEnded: order.ended,
    e.OrderUnsent: order.unsent,
    e.OrderNotFound: order.not_found,
    e.Executed: position.executed,
    e.FundingPaid: position.paid,
    e.ProtectionReported: position.protected,
    e.ProtectionRefused: desk.protection_refused,
    e.InstrumentChanged: position.instrument_changed,
    f.HoldSet: desk.hold_set,
    f.HoldLifted: desk.hold_lifted,
    f.CooldownSet: desk.cooldown,
    f.CooldownLifted: desk.cooldown_lifted,
    f.SymbolSwitched: desk.symbol_switched,
    f.ProtectionIntended: position.protect,
    f.SlippageSeen: desk.slipped,
    f.ReferenceSet: desk.reference,
    f.LimitCrossed: desk.limit_crossed,
    f.LimitChanged: desk.limit_changed,
    ApprovalAsked: desk.approval_asked,
    ApprovalHeard: desk.approval_heard,
    ApprovalDecided: desk.approval_decided,
    f.RuleSwitched: desk.rule_switched,
    f.ProfileSwitched: desk.profile_switched,
    f.TradeClosed: desk.trade_closed,
    f.PositionAdopted: position.adopted,
    f.PositionAssigned: position.assigned,
    f.CommandHandled: desk.command,
}
# Extremes seen while a position is open end up in its trade; no table shows them before. What became of an entry that
# nobody wants any more its own facts tell.
WITHOUT_ROWS: frozenset[type] = frozenset({f.ExtremesSeen, f.EntriesUnwanted})
