"""The snapshot: the desk at one instant, in exact decimals, drawn from the workspace without changing it."""

from dataclasses import dataclass
from decimal import Decimal

from engine.core.adopting import offer
from engine.core.fills import net_at
from engine.core.holds import applying, strictest
from engine.core.limits import base_of, measure
from engine.core.market import DAY_MS, timeframe_name
from engine.core.money import Money, from_money
from engine.core.orders import Order
from engine.core.portfolio import EXTERNAL, Position
from engine.core.profile import Action, ApprovalMode, HoldLevel, LimitSpec, Profile, SizeMode
from engine.core.profile_words import parameters_of, protection_words, warming_words
from engine.core.risk import exposure, liquidation_price
from engine.core.runaway import entered, most_notional
from engine.core.snapshot import LimitView, OrderView, PositionView, ProfileView, Snapshot, SymbolView
from engine.core.strategy import At, Away, Level
from engine.core.workspace import Workspace

_STATES = {HoldLevel.NONE: "running", HoldLevel.REDUCE_ONLY: "reduce only", HoldLevel.HALTED: "halted"}


def snapshot(ws: Workspace, *, version: int = 0) -> Snapshot:
    """Return the read model of the whole account."""
    books = ws.state.portfolio
    hold = strictest(ws.state.holds.values())
    unrealised = books.unrealised(ws.marks)
    equity = books.wallet + unrealised
    references = ws.state.references.get("", {})
    day = references.get("day", equity)
    stops = [_stopped(ws, position) for position in ws.positions.values()]
    return Snapshot(
        account=ws.account.name,
        mode=ws.account.mode,
        prices=ws.account.prices,
        state=_STATES.get(hold.level, "paused") if hold else "running",
        reasons=tuple(h.reason for h in sorted(applying(ws.state.holds.values(), "", ""), key=lambda h: -h.level)),
        market_ms=ws.now_ms,
        wall_ms=ws.wall_ms,
        wallet=from_money(books.wallet),
        equity=from_money(equity),
        initial=from_money(books.opening),
        unrealised=from_money(unrealised),
        margin_used=from_money(sum(p.margin() for p in ws.positions.values())),
        exposure=from_money(exposure(ws)),
        day_start_equity=from_money(day),
        today=from_money(equity - day),
        today_percent=_percent(equity - day, day),
        today_realised=from_money(sum(_today(ws).values())),
        if_all_stop=from_money(sum(s for s in stops if s is not None)) if stops and None not in stops else None,
        peak_equity=from_money(references.get("peak", equity)),
        positions=tuple(_position(ws, position) for position in ws.positions.values()),
        orders=tuple(_order(ws, order) for order in ws.state.book.open()),
        limits=tuple(_limit(ws, spec) for spec in ws.specs()),
        holds=tuple(ws.state.holds.values()),
        profiles=tuple(_profile(ws, profile) for profile in ws.account.profiles),
        symbols=tuple(_symbol(ws, symbol) for symbol in sorted(books.instruments)),
        venue=ws.venue.value,
        feed_age_ms=ws.wall_ms - max(ws.heard.values()) if ws.heard else None,
        store_ok=ws.writable,
        version=version,
        entered_today=from_money(entered(ws)[1]),
        entered_most=from_money(most_notional(ws)),
        opened=ws.state.opened,
        measurable=ws.measurable,
    )


def _today(ws: Workspace) -> dict[str, Money]:
    books = ws.state.portfolio
    return books.day_net if books.day == ws.now_ms // DAY_MS else {}


def _percent(part: Money, whole: Money) -> Decimal:
    return Decimal(part) * 100 / whole if whole else Decimal(0)


def _stopped(ws: Workspace, position: Position) -> Money | None:
    return net_at(ws, position, position.stop) if position.stop else None


@dataclass(frozen=True, slots=True)
class _Prices:
    mark: int
    last: int


def _position(ws: Workspace, p: Position) -> PositionView:
    instrument = ws.state.portfolio.instruments[p.symbol]
    average = p.cost // (p.size * p.unit)
    known = ws.prices.get(p.symbol)
    now = _Prices(known.mark, known.last) if known else _Prices(average, average)
    unrealised = p.unrealised(now.mark)
    risk = -_risk_free(p)
    stopped = _stopped(ws, p)
    external = p.profile == EXTERNAL
    taken = offer(ws, p) if external else None
    return PositionView(
        position_id=p.position_id,
        symbol=p.symbol,
        profile=p.profile,
        long=p.long,
        quantity=instrument.quantity(p.size),
        entry=instrument.average(p.cost, p.size),
        mark=instrument.price(now.mark),
        last=instrument.price(now.last),
        notional=from_money(now.mark * p.size * p.unit),
        margin=from_money(p.margin()),
        leverage=p.leverage,
        unrealised=from_money(unrealised),
        unrealised_percent=_percent(unrealised, p.cost),
        r_now=Decimal(unrealised) / risk if risk > 0 else None,
        stop=instrument.price(p.stop) if p.stop else None,
        target=instrument.price(p.target) if p.target else None,
        stop_on_exchange=bool(p.held_stop),
        if_stopped=from_money(stopped) if stopped is not None else None,
        liquidation=None if external else instrument.price(liquidation_price(average, p.leverage, long=p.long)),
        fees=from_money(p.fees),
        funding=from_money(p.funding),
        opened_ms=p.opened_ms,
        rule=p.rule,
        closing=bool(p.closing),
        external=external,
        tick=instrument.tick,
        adopter=taken.profile.name if taken else "",
        adopt_stop=instrument.price(taken.stop) if taken and taken.stop else None,
        adopt_target=instrument.price(taken.target) if taken and taken.target else None,
        trail=instrument.price(p.asked_trail) if p.asked_trail else None,
        trail_percent=_percent(p.asked_trail * p.size * p.unit, p.cost) if p.asked_trail else None,
        trail_on_exchange=bool(p.held_trail),
    )


def _risk_free(p: Position) -> Money:
    return p.unrealised(p.first_stop) if p.first_stop else 0


def _order(ws: Workspace, order: Order) -> OrderView:
    ticket = order.ticket
    instrument = ws.state.portfolio.instruments[ticket.symbol]
    return OrderView(
        link_id=ticket.link_id,
        order_id=order.order_id,
        symbol=ticket.symbol,
        profile=ticket.profile,
        buy=ticket.buy,
        quantity=instrument.quantity(ticket.qty),
        filled=instrument.quantity(order.filled),
        purpose=ticket.purpose.value,
        status=order.status.value,
        reason=ticket.reason,
        since_ms=ticket.decided_ms,
    )


def _limit(ws: Workspace, spec: LimitSpec) -> LimitView:
    threshold = ws.threshold(spec)
    ledger, references = ws.ledger(spec.profile), ws.state.references.get(spec.profile, {})
    value = measure(spec, ledger, references)
    base = None if spec.in_money else base_of(spec, ledger, references)
    scale = from_money if spec.in_money else _ppm
    used = max(Decimal(0), Decimal(value) / threshold) if value is not None else Decimal(0)
    question = ws.state.questions.get(spec.key)
    return LimitView(
        key=spec.key,
        profile=spec.profile,
        measure=spec.measure.value,
        value=scale(value) if value is not None else None,
        threshold=scale(threshold),
        loosest=scale(spec.floor),
        tightest=scale(spec.ceiling),
        used=used,
        in_money=spec.in_money,
        action=spec.action.value,
        state=ws.state.levels.get(spec.key, ""),
        approval=_approval(ws, spec),
        approval_ms=spec.approval_ms,
        question=question.phase if question else "",
        question_until_ms=question.until_ms if question else 0,
        base=from_money(base) if base is not None else None,
        renews_ms=ws.ends_of(spec) if spec.period else 0,
    )


def _approval(ws: Workspace, spec: LimitSpec) -> str:
    if spec.action is not Action.EMERGENCY:
        return ""
    return spec.approval.value if ws.account.asks else ApprovalMode.AUTO.value


def _ppm(value: int) -> Decimal:
    return Decimal(value) / 10_000


def size_words(profile: Profile) -> str:
    """Return how a profile sizes its entries, in words."""
    sizing = profile.sizing
    amount = f"{from_money(sizing.amount).normalize():f} USDT"
    share = f"{sizing.ppm / 10_000:g} % of equity"
    return {
        SizeMode.QUANTITY: f"{from_money(sizing.amount).normalize():f} coins",
        SizeMode.NOTIONAL: f"{amount} notional",
        SizeMode.MARGIN: f"{amount} margin",
        SizeMode.EQUITY_MARGIN: f"{share} as margin",
        SizeMode.EQUITY_RISK: f"{share} at risk",
    }[sizing.mode]


def _level_words(level: Level | None) -> str:
    if isinstance(level, Away):
        return f"{level.ppm / 10_000:g} %"
    return f"at {level.price:g}" if isinstance(level, At) else "by the strategy"


def _profile(ws: Workspace, profile: Profile) -> ProfileView:
    off = ws.rules_off(profile)
    books = ws.state.portfolio
    return ProfileView(
        name=profile.name,
        strategy=profile.strategy,
        enabled=ws.enabled(profile),
        symbols=profile.symbols,
        timeframe=timeframe_name(profile.timeframe),
        rules=tuple((rule, rule not in off) for rule in ws.strategies[profile.name].rules),
        open_positions=sum(1 for p in ws.positions.values() if p.profile == profile.name),
        max_positions=profile.max_positions,
        unrealised=from_money(books.unrealised(ws.marks, profile.name)),
        today_net=from_money(_today(ws).get(profile.name, 0)),
        size=size_words(profile),
        leverage=profile.leverage,
        stop=_level_words(profile.stop),
        target=_level_words(profile.target),
        symbols_off=ws.state.symbols_off.get(profile.name, ()),
        parameters=parameters_of(ws.strategies[profile.name]),
        protection=protection_words(profile),
        allocation_percent=_ppm(profile.allocation_ppm),
        warming=_warming(ws, profile),
        contradicted=ws.contradicted.get(profile.name, ()),
    )


def held_back(ws: Workspace, symbol: str) -> tuple[str, ...]:
    """Return everything that holds an entry on a symbol back now, whatever a strategy says."""
    reasons = [h.reason for h in ws.state.holds.values() if h.scope.covers("", symbol)]
    if symbol in ws.positions:
        reasons.append(f"a position of {ws.positions[symbol].profile} is open")
    order = next(ws.state.book.open(symbol), None)
    if order is not None:
        reasons.append(f"an order is {order.status.value}")
    if ws.state.cooldowns.get(symbol, 0) > ws.now_ms:
        reasons.append("cooldown")
    if symbol in ws.troubled:
        reasons.append(f"data: {ws.troubled[symbol]}")
    if symbol not in ws.prices:
        reasons.append("no price yet")
    reasons += [warming_words(frame, until) for (name, frame), until in ws.warming.items() if name == symbol]
    return tuple(reasons)


def _warming(ws: Workspace, profile: Profile) -> str:
    waits = {s: ws.warming[s, profile.timeframe] for s in profile.symbols if (s, profile.timeframe) in ws.warming}
    if not waits:
        return ""
    first, *others = waits
    named = f"{first} and {len(others)} more" if others else first
    return f"{named}: {warming_words(profile.timeframe, max(waits.values()))}"


def _symbol(ws: Workspace, symbol: str) -> SymbolView:
    instrument = ws.state.portfolio.instruments[symbol]
    price = ws.prices.get(symbol)
    until = ws.state.cooldowns.get(symbol, 0)
    return SymbolView(
        symbol=symbol,
        last=instrument.price(price.last) if price else None,
        mark=instrument.price(price.mark) if price else None,
        age_ms=ws.wall_ms - ws.heard[symbol] if price else None,
        tick=instrument.tick,
        status=instrument.status.value,
        cooldown_until_ms=until if until > ws.now_ms else None,
        held_back=held_back(ws, symbol),
    )
