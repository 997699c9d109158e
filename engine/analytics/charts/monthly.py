"""Monthly returns as a heat map: a row a month, a column a year."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from engine.analytics.charts.equity import subtitle
from engine.analytics.charts.requests import MonthlyChart, NoPicture
from engine.analytics.charts.sheet import SIDE, Fact, Sheet
from engine.analytics.charts.theme import BODY, SMALL, WIDTH, mixed, readable_on
from engine.analytics.charts.timeaxis import local
from engine.analytics.charts.words import MONTHS, counted, percent, tone
from engine.analytics.series import EquitySeries

_YEARS, _GAP, _TOP, _BOTTOM, _LABEL = 5, 8, 306, 1240, 90
_TOTAL = 13

type Cells = dict[tuple[int, int], float]


def monthly_returns(series: EquitySeries, *, zone: str) -> Cells:
    """Return in percent by (year, month), month 13 for the whole year; months without an equity point are absent.

    A month runs from the last equity before it (at the very beginning: the first equity) to its own last equity.
    """
    found: Cells = {}
    base = start_of_year = float(series.equity[0])
    for (year, month), close in _month_closes(series, zone):
        if (year, _TOTAL) not in found:
            start_of_year = base
        if base > 0 and start_of_year > 0:
            found[year, month] = (close / base - 1) * 100
            found[year, _TOTAL] = (close / start_of_year - 1) * 100
        base = close
    return found


def _month_closes(series: EquitySeries, zone: str) -> Iterator[tuple[tuple[int, int], float]]:
    # One search a month: turning each of half a million times into a local date would take seconds.
    position = 0
    while position < len(series):
        moment = local(int(series.times_ms[position]), zone)
        year, month = moment.year, moment.month
        following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=moment.tzinfo)
        position = int(series.times_ms.searchsorted(round(following.timestamp() * 1000), side="left"))
        yield (year, month), float(series.equity[position - 1])


def draw_monthly(request: MonthlyChart) -> Sheet | NoPicture:
    """The last five years; numbers carry their sign, so colour only underlines them."""
    series, look = request.series, request.look
    cells = monthly_returns(series, zone=look.zone) if len(series) >= 2 else {}
    months = {key: value for key, value in cells.items() if key[1] != _TOTAL}
    if not months:
        return NoPicture("There are fewer than two equity points yet; monthly returns need two.")
    years = sorted({year for year, _ in months})[-_YEARS:]
    best, worst = max(months, key=months.__getitem__), min(months, key=months.__getitem__)
    facts = (
        Fact(
            "Months + / −",
            f"{sum(value > 0 for value in months.values())} / {sum(value < 0 for value in months.values())}",
        ),
        Fact(f"Best, {_month(best)}", percent(months[best], decimals=1, sign=True), tone(months[best])),
        Fact(f"Worst, {_month(worst)}", percent(months[worst], decimals=1, sign=True), tone(months[worst])),
    )
    caption = f"{counted(len(months), 'month')}, best {_month(best)} {percent(months[best], decimals=1, sign=True)}"
    sheet = Sheet(look, title="Monthly returns", subtitle=subtitle(series.times_ms, look), facts=facts, caption=caption)
    _grid(sheet, cells, years)
    return sheet


def _month(key: tuple[int, int]) -> str:
    return f"{MONTHS[key[1] - 1]} {key[0]}"


def _grid(sheet: Sheet, cells: Mapping[tuple[int, int], float], years: list[int]) -> None:
    largest = max((abs(value) for (_, month), value in cells.items() if month != _TOTAL), default=0.0)
    width = (WIDTH - 2 * SIDE - _LABEL + _GAP) / len(years)
    pitch = (_BOTTOM - _TOP) / _TOTAL
    for row, words in enumerate((*MONTHS, "Year"), start=1):
        top = _TOP + (row - 1) * pitch
        sheet.text(SIDE, top + (pitch - _GAP) / 2, words, size=SMALL, colour=sheet.colours.muted)
        for column, year in enumerate(years):
            left = SIDE + _LABEL + column * width
            if row == 1:
                sheet.text(
                    left + (width - _GAP) / 2, 280, str(year), size=SMALL, colour=sheet.colours.muted, align="center"
                )
            _cell(sheet, cells.get((year, row)), (left, top, width - _GAP, pitch - _GAP), largest, bold=row == _TOTAL)


def _cell(
    sheet: Sheet, value: float | None, box: tuple[float, float, float, float], largest: float, *, bold: bool
) -> None:
    left, top, width, height = box
    colours, weight = sheet.colours, 0.0 if not value or not largest else min(1.0, abs(value) / largest) ** 0.5
    ground = mixed(colours.of(tone(value)), colours.panel, share=0.15 + 0.75 * weight) if value else colours.panel
    sheet.box(left=left, top=top, width=width, height=height, colour=ground)
    words = "–" if value is None else percent(value, decimals=1, sign=True)
    ink = colours.muted if value is None else readable_on(ground)
    sheet.text(
        left + width / 2,
        top + height / 2,
        words,
        size=BODY,
        align="center",
        colour=ink,
        weight="bold" if bold else "normal",
        room=width - 12,
    )
