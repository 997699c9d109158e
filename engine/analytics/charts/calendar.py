"""The P&L calendar: one month, a cell a day."""

import calendar
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.analytics.charts.requests import CalendarChart, NoPicture
from engine.analytics.charts.sheet import SIDE, Fact, Sheet
from engine.analytics.charts.theme import BODY, SMALL, WIDTH, mixed, readable_on
from engine.analytics.charts.timeaxis import local
from engine.analytics.charts.words import amount, counted, short_amount, tone
from engine.analytics.numbers import exact_sum
from engine.core.trades import Trade

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_GAP, _TOP, _BOTTOM = 8, 306, 1196


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Net result and counts of the trades of one date."""

    net: Decimal
    trades: int
    wins: int
    losses: int


def days_of(trades: tuple[Trade, ...], *, year: int, month: int, zone: str, by_entry: bool) -> dict[date, Day]:
    """Days of a month that have trades, by local exit (or entry) date."""
    groups: defaultdict[date, list[Decimal]] = defaultdict(list)
    for trade in trades:
        day = local(trade.entry_ms if by_entry else trade.exit_ms, zone).date()
        if (day.year, day.month) == (year, month):
            groups[day].append(trade.net)
    return {
        day: Day(
            net=exact_sum(nets),
            trades=len(nets),
            wins=sum(net > 0 for net in nets),
            losses=sum(net < 0 for net in nets),
        )
        for day, nets in sorted(groups.items())
    }


def draw_calendar(request: CalendarChart) -> Sheet | NoPicture:
    """Cells green with + or red with −, the stronger the larger the result."""
    look = request.look
    if not 1 <= request.month <= 12 or not 1 <= request.year <= 9998:
        return NoPicture(f"There is no month {request.year}-{request.month:02}.")
    title = f"{_MONTHS[request.month - 1]} {request.year}"
    days = days_of(request.trades, year=request.year, month=request.month, zone=look.zone, by_entry=request.by_entry)
    act = "opened" if request.by_entry else "closed"
    if not days:
        return NoPicture(f"No trades were {act} in {title} ({look.zone}).")
    total, count = exact_sum(day.net for day in days.values()), sum(day.trades for day in days.values())
    wins, losses = sum(day.wins for day in days.values()), sum(day.losses for day in days.values())
    green, red = sum(day.net > 0 for day in days.values()), sum(day.net < 0 for day in days.values())
    facts = (
        Fact("Month total", amount(total, sign=True), tone(total)),
        Fact("Trades", f"{count:,}"),
        Fact("Won / lost", f"{wins:,} / {losses:,}"),
        Fact("Days + / −", f"{green} / {red}"),
    )
    days_won = f"{counted(green, 'day')} up, {counted(red, 'day')} down"
    words = f"{amount(total, sign=True)} {look.currency} in {counted(count, 'trade')}, {days_won}"
    subtitle = f"Trades by {'entry' if request.by_entry else 'exit'} date · {look.currency} · {look.zone}"
    sheet = Sheet(look, title=title, subtitle=subtitle, facts=facts, caption=words)
    _grid(sheet, days, calendar.Calendar().monthdatescalendar(request.year, request.month), request.month)
    sheet.text(SIDE, 1236, "Net after fees and funding · W won · L lost", size=SMALL, colour=sheet.colours.muted)
    return sheet


def cell_box(*, column: int, row: int, rows: int) -> tuple[float, float, float, float]:
    """Left, top, width and height in pixels of a cell."""
    width = (WIDTH - 2 * SIDE + 24 + _GAP) / 7
    height = (_BOTTOM - _TOP + _GAP) / rows
    return SIDE - 12 + column * width, _TOP + row * height, width - _GAP, height - _GAP


def _grid(sheet: Sheet, days: dict[date, Day], weeks: list[list[date]], month: int) -> None:
    largest = max(abs(day.net) for day in days.values())
    for column, name in enumerate(_WEEKDAYS):
        left, _, width, _ = cell_box(column=column, row=0, rows=len(weeks))
        sheet.text(left + width / 2, 282, name, size=SMALL, colour=sheet.colours.muted, align="center")
    for row, week in enumerate(weeks):
        for column, when in enumerate(week):
            if when.month == month:
                _cell(sheet, when, days.get(when), cell_box(column=column, row=row, rows=len(weeks)), largest)


def _cell(sheet: Sheet, when: date, day: Day | None, box: tuple[float, float, float, float], largest: Decimal) -> None:
    left, top, width, height = box
    colours = sheet.colours
    if day is None:
        sheet.box(left=left, top=top, width=width, height=height, colour=colours.panel)
        sheet.text(left + 12, top + 24, str(when.day), size=SMALL, colour=colours.muted)
        return
    weight = float(abs(day.net) / largest) if largest else 0.0
    # The square root keeps small days visible beside one large day.
    share = 0.22 + 0.7 * weight**0.5
    ground = mixed(colours.of(tone(day.net)), colours.panel, share=share) if day.net else colours.grid
    ink = readable_on(ground)
    sheet.box(left=left, top=top, width=width, height=height, colour=ground)
    lines = (
        (str(when.day), SMALL, "normal"),
        (short_amount(float(day.net)), BODY, "bold"),
        (counted(day.trades, "trade"), 24, "normal"),
        (f"{day.wins}W {day.losses}L", 24, "normal"),
    )
    step = min(36.0, (height - 20) / 4)
    for place, (words, size, bold) in enumerate(lines):
        sheet.text(
            left + 10, top + 8 + step * (place + 0.5), words, size=size, colour=ink, weight=bold, room=width - 16
        )
