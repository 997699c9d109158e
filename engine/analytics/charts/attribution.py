"""Net result by symbol, rule, profile, side or reason: one bar a name, from zero to the left or to the right."""

from collections.abc import Sequence
from decimal import Decimal

from engine.analytics.charts.requests import AttributionChart, NoPicture
from engine.analytics.charts.sheet import SIDE, Fact, Sheet
from engine.analytics.charts.theme import BODY, SMALL, WIDTH
from engine.analytics.charts.timeaxis import local
from engine.analytics.charts.words import NO_TRADES, amount, counted, percent, period, tone
from engine.analytics.metrics_attribution import Share, attribution
from engine.analytics.numbers import exact_sum

_ROWS, _TOP, _BOTTOM = 9, 276, 1250

type Row = tuple[str, str, Decimal]


def draw_attribution(request: AttributionChart) -> Sheet | NoPicture:
    """Bars sorted from best to worst; what does not fit is summed up in a last row."""
    look, trades = request.look, request.trades
    if not trades:
        return NO_TRADES
    found = attribution(trades)
    known = {
        "symbol": found.by_symbol,
        "rule": found.by_rule,
        "profile": found.by_profile,
        "side": found.by_side,
        "reason": found.by_reason,
    }
    if request.dimension not in known:
        return NoPicture(f"Results cannot be split by {request.dimension!r}; choose {', '.join(known)}.")
    shares = known[request.dimension]
    total = exact_sum(share.net_profit for share in shares)
    subtitle = (
        f"{period(local(min(t.exit_ms for t in trades), look.zone), local(max(t.exit_ms for t in trades), look.zone))}"
    )
    facts = (
        Fact("Net result", amount(total, sign=True), tone(total)),
        Fact("Best", shares[0].name),
        Fact("Worst", shares[-1].name),
    )
    words = (
        f"{amount(total, sign=True)} {look.currency}; best {shares[0].name} {amount(shares[0].net_profit, sign=True)}"
    )
    title = f"Result by {request.dimension}"
    sheet = Sheet(look, title=title, subtitle=f"{subtitle} · {look.currency} · {look.zone}", facts=facts, caption=words)
    _rows(sheet, _folded(shares))
    return sheet


def _folded(shares: Sequence[Share]) -> list[Row]:
    rows = [(share.name or "–", _detail(share), share.net_profit) for share in shares]
    if len(rows) <= _ROWS:
        return rows
    # Both ends matter: the best, the worst, and the rest in one row between them.
    head, tail = _ROWS // 2, _ROWS - 1 - _ROWS // 2
    middle = shares[head : len(shares) - tail]
    detail = f"{counted(sum(share.trades for share in middle), 'trade')} together"
    return [
        *rows[:head],
        (f"{len(middle)} others", detail, exact_sum(share.net_profit for share in middle)),
        *rows[len(rows) - tail :],
    ]


def _detail(share: Share) -> str:
    parts = [counted(share.trades, "trade")]
    if share.win_rate_pct is not None:
        parts.append(f"{percent(share.win_rate_pct, decimals=0)} won")
    if share.profit_factor is not None:
        parts.append(f"PF {amount(share.profit_factor)}")
    return " · ".join(parts)


def _rows(sheet: Sheet, rows: list[Row]) -> None:
    nets = [float(net) for _, _, net in rows]
    low, high = min([*nets, 0.0]), max([*nets, 0.0])
    scale = (WIDTH - 2 * SIDE) / ((high - low) or 1.0)
    pitch = min(150.0, (_BOTTOM - _TOP) / len(rows))
    for place, row in enumerate(rows):
        top = _TOP + place * pitch
        _words(sheet, row, top + 22)
        _bar(sheet, float(row[2]) * scale, zero=SIDE - low * scale, top=top + 44, height=pitch - 64)


def _words(sheet: Sheet, row: Row, y: float) -> None:
    name, detail, net = row
    colour = sheet.colours.of(tone(net))
    right = WIDTH - SIDE
    value = sheet.text(right, y, amount(net, sign=True), size=BODY, weight="bold", align="right", colour=colour)
    room = WIDTH - 2 * SIDE - sheet.width_of(value) - 30
    title = sheet.text(SIDE, y, name, size=BODY, weight="bold", room=room * 0.55)
    used = sheet.width_of(title) + 20
    sheet.text(SIDE + used, y + 1, detail, size=SMALL, colour=sheet.colours.muted, room=room - used)


def _bar(sheet: Sheet, length: float, *, zero: float, top: float, height: float) -> None:
    left, width, colour = zero + min(length, 0.0), max(abs(length), 3.0), sheet.colours.of(tone(length))
    sheet.box(left=left, top=top, width=width, height=height, colour=colour, radius=min(6, width / 2))
    sheet.box(left=zero - 1, top=top - 4, width=2, height=height + 8, colour=sheet.colours.ink, radius=0, order=2)
