"""Signals, trades, holds, limits, switches, references and commands -> their tables and the lists of events."""

from engine.core.approval_facts import ApprovalAsked, ApprovalDecided, ApprovalHeard
from engine.core.commands import Done, Scope
from engine.core.events import ProtectionRefused
from engine.core.facts import (
    AccountOpened,
    CommandHandled,
    CooldownLifted,
    CooldownSet,
    ForeignOrderFound,
    HoldLifted,
    HoldSet,
    LimitChanged,
    LimitCrossed,
    ProfileSwitched,
    ReferenceSet,
    RuleSwitched,
    SignalRecorded,
    SlippageSeen,
    SymbolSwitched,
    TradeClosed,
    TransferBooked,
    WalletCorrected,
    WalletUnexplained,
)
from engine.core.market import DAY_MS
from engine.core.money import from_money
from storage.columns import plain
from storage.groups import dumps
from storage.projections.books import Books, day_name, event
from storage.tables_trading import (
    cooldowns,
    limits,
    risk_events,
    risk_references,
    signals,
    system_events,
    trades,
)


def signal(books: Books, seq: int, fact: SignalRecorded) -> None:
    """A strategy spoke."""
    row = {
        "signal_id": fact.signal_id,
        "seq": seq,
        "profile": fact.profile,
        "symbol": fact.symbol,
        "at_ms": fact.at_ms,
        "side": fact.side,
        "rule": fact.rule,
        "also": dumps(fact.also),
        "price": fact.price,
        "indicators": dumps(dict(fact.values)),
        "outcome": fact.outcome,
        "gate": fact.check,
        "detail": fact.detail,
    }
    books.put(signals, fact.signal_id, row)


def trade_closed(books: Books, seq: int, fact: TradeClosed) -> None:
    """A round trip ended."""
    trade = fact.trade
    names = (column.name for column in trades.c if column.name not in {"mode", "account", "seq"})
    books.put(trades, trade.position_id, {"seq": seq, **{name: getattr(trade, name) for name in names}})
    day, net = books.day(trade.exit_ms), trade.net
    day["net"] += net
    day["trades"] += 1
    day["wins"] += net > 0
    day["losses"] += net < 0


def hold_set(books: Books, seq: int, fact: HoldSet) -> None:
    """Something is forbidden from now on."""
    hold = fact.hold
    detail = f"{hold.level.name.lower()}: {hold.reason}"
    books.put(risk_events, seq, event(seq, fact.at_ms, "hold_set", _place(hold.scope), detail, hold.by))


def hold_lifted(books: Books, seq: int, fact: HoldLifted) -> None:
    """It is allowed again."""
    books.put(risk_events, seq, event(seq, fact.at_ms, "hold_lifted", fact.hold_id, "", fact.by))


def cooldown(books: Books, seq: int, fact: CooldownSet) -> None:
    """A symbol rests."""
    row = {"symbol": fact.symbol, "until_ms": fact.until_ms, "why": fact.why, "at_ms": fact.at_ms}
    books.put(cooldowns, fact.symbol, row)


def cooldown_lifted(books: Books, seq: int, fact: CooldownLifted) -> None:
    """A person ended the rest of a symbol."""
    row = {"symbol": fact.symbol, "until_ms": fact.at_ms, "why": f"lifted by {fact.by}", "at_ms": fact.at_ms}
    books.put(cooldowns, fact.symbol, row)
    books.put(risk_events, seq, event(seq, fact.at_ms, "cooldown_lifted", fact.symbol, "", fact.by))


def symbol_switched(books: Books, seq: int, fact: SymbolSwitched) -> None:
    """A symbol of a profile is on or off."""
    subject = f"{fact.profile}/{fact.symbol}"
    books.put(risk_events, seq, event(seq, fact.at_ms, "symbol_switched", subject, _switch(on=fact.on), fact.by))


def reference(books: Books, seq: int, fact: ReferenceSet) -> None:
    """A reference of the loss limits; the account's day reference begins its day and ends the one before."""
    row = {"scope": fact.scope, "name": fact.name, "value": fact.value, "at_ms": fact.at_ms}
    books.put(risk_references, (fact.scope, fact.name), row)
    if not fact.scope and fact.name == "day":
        books.day(fact.at_ms)["start_equity"] = from_money(fact.value)
        if day_name(fact.at_ms - DAY_MS) in books.days:
            books.day(fact.at_ms - DAY_MS)["end_equity"] = from_money(fact.value)


def limit_crossed(books: Books, seq: int, fact: LimitCrossed) -> None:
    """A limit warned, broke or recovered."""
    detail = f"{fact.value} at a threshold of {fact.threshold}"
    books.put(risk_events, seq, event(seq, fact.at_ms, f"limit_{fact.level}", fact.key, detail))


def limit_changed(books: Books, seq: int, fact: LimitChanged) -> None:
    """A limit was changed from chat."""
    row = {"key": fact.key, "old": fact.old, "value": fact.new, "who": fact.by, "at_ms": fact.at_ms}
    books.put(limits, fact.key, row)
    detail = f"{fact.old} -> {fact.new}"
    books.put(risk_events, seq, event(seq, fact.at_ms, "limit_changed", fact.key, detail, fact.by))


def approval_asked(books: Books, seq: int, fact: ApprovalAsked) -> None:
    """People are asked what to do about an emergency."""
    detail = f"question {fact.number}: {fact.value} at a threshold of {fact.threshold}"
    books.put(risk_events, seq, event(seq, fact.at_ms, "approval_asked", fact.key, detail))


def approval_heard(books: Books, seq: int, fact: ApprovalHeard) -> None:
    """An admin's copy of the question has arrived."""
    books.put(risk_events, seq, event(seq, fact.at_ms, "approval_heard", fact.key, f"question {fact.number}"))


def approval_decided(books: Books, seq: int, fact: ApprovalDecided) -> None:
    """The question is answered, by a person or by the desk."""
    detail = f"question {fact.number}: {fact.phase}{f', {fact.why}' if fact.why else ''}"
    books.put(risk_events, seq, event(seq, fact.at_ms, "approval_decided", fact.key, detail, fact.by))


def rule_switched(books: Books, seq: int, fact: RuleSwitched) -> None:
    """A rule of a profile is on or off."""
    subject = f"{fact.profile}/{fact.rule}"
    books.put(risk_events, seq, event(seq, fact.at_ms, "rule_switched", subject, _switch(on=fact.on), fact.by))


def profile_switched(books: Books, seq: int, fact: ProfileSwitched) -> None:
    """A profile is on or off."""
    row = event(seq, fact.at_ms, "profile_switched", fact.profile, _switch(on=fact.on), fact.by)
    books.put(risk_events, seq, row)


def protection_refused(books: Books, seq: int, fact: ProtectionRefused) -> None:
    """The exchange did not take a stop or target."""
    books.put(risk_events, seq, event(seq, fact.at_ms, "protection_refused", fact.symbol, fact.reason))


def slipped(books: Books, seq: int, fact: SlippageSeen) -> None:
    """An order was filled far from what it counted on."""
    where = f"{plain(fact.price)} instead of {plain(fact.expected)}"
    detail = f"{fact.what} of {fact.profile}: {where}, {fact.ppm} ppm with a limit of {fact.limit_ppm}"
    books.put(risk_events, seq, event(seq, fact.at_ms, "slippage", fact.symbol, detail))


def account_opened(books: Books, seq: int, fact: AccountOpened) -> None:
    """The books begin."""
    detail = f"wallet {plain(from_money(fact.wallet))}"
    books.put(system_events, seq, event(seq, fact.at_ms, "account_opened", "", detail))


def wallet_corrected(books: Books, seq: int, fact: WalletCorrected) -> None:
    """Money moved outside our books."""
    detail = f"{plain(from_money(fact.amount))}: {fact.why}"
    books.put(system_events, seq, event(seq, fact.at_ms, "wallet_corrected", "", detail))


def wallet_unexplained(books: Books, seq: int, fact: WalletUnexplained) -> None:
    """The wallet moved for a reason that is not known yet."""
    books.put(system_events, seq, event(seq, fact.at_ms, "wallet_unexplained", "", f"{plain(from_money(fact.amount))}"))


def transfer_booked(books: Books, seq: int, fact: TransferBooked) -> None:
    """Money came in or went out without a trade."""
    detail = f"{plain(from_money(fact.amount))}: {fact.kind}"
    books.put(system_events, seq, event(seq, fact.at_ms, "transfer", fact.transfer_id, detail))


def foreign_order(books: Books, seq: int, fact: ForeignOrderFound) -> None:
    """Somebody else's order works on a symbol of ours."""
    books.put(risk_events, seq, event(seq, fact.at_ms, "foreign_order", fact.symbol, f"{fact.order_id} {fact.what}"))


def command(books: Books, seq: int, fact: CommandHandled) -> None:
    """A person asked and was answered."""
    answer = fact.answer
    said = "; ".join(("done", *answer.notes)) if isinstance(answer, Done) else f"refused: {answer.reason}"
    books.put(system_events, seq, event(seq, fact.at_ms, "command", fact.kind, said, fact.by))


def _place(scope: Scope) -> str:
    return f"{scope.kind} {scope.name}".strip()


def _switch(*, on: bool) -> str:
    return "on" if on else "off"
