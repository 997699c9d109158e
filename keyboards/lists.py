"""Keyboards of trades, days and periods."""

from aiogram.types import InlineKeyboardMarkup

from engine.core.market import DAY_MS
from keyboards.base import BACK, ON, button, link, markup, paging
from keyboards.data import Day, Nothing, Open, Picture, Place, SignalPage, Span, TradePage

PERIODS = ("today", "7d", "30d", "all")


def trades_keyboard(*, until_ms: int, page: int, pages: int, last: int = 0) -> InlineKeyboardMarkup:
    """Pages of the trades closed before an instant."""
    before = TradePage(until_ms=until_ms, page=page - 1, last=last) if page > 1 else None
    after = TradePage(until_ms=until_ms, page=page + 1, last=last) if page < pages else None
    return markup(
        paging(before, after, page=page, pages=pages),
        [
            button("Newest", Open(place=Place.TRADES)),
            button("Calendar", Picture(what="calendar", fresh=True)),
            link("Today", Place.TODAY),
        ],
    )


def day_keyboard(*, day_ms: int, today_ms: int) -> InlineKeyboardMarkup:
    """The days before and after, and the pictures that go with a day."""
    number = day_ms // DAY_MS
    following = [button(f"Day {ON}", Day(day=number + 1))] if day_ms < today_ms else [link("Refresh", Place.TODAY)]
    return markup(
        [button(f"{BACK} Day", Day(day=number - 1)), *following],
        [
            button("Equity", Picture(what="equity", frame="1d", fresh=True)),
            link("Trades", Place.TRADES),
            link("Performance", Place.PERFORMANCE),
        ],
    )


def period_keyboard(kind: str, shown: str) -> InlineKeyboardMarkup:
    """Usual periods of performance (`p`) or analytics (`a`); the shown one is marked."""
    periods = [button(f"· {name} ·" if name == shown else name, Span(kind=kind, period=name)) for name in PERIODS]
    other = (
        button("Analytics", Span(kind="a", period=shown))
        if kind == "p"
        else button("Performance", Span(kind="p", period=shown))
    )
    return markup(
        periods,
        [
            other,
            button("Equity", Picture(what="equity", frame="30d", fresh=True)),
            button("Results", Picture(what="pnl", fresh=True)),
        ],
    )


def signals_keyboard(*, page: int, more: bool) -> InlineKeyboardMarkup:
    """Pages of signals; how many there are is not counted."""
    before = button(BACK, SignalPage(page=page - 1)) if page > 1 else button("·", Nothing())
    after = button(ON, SignalPage(page=page + 1)) if more else button("·", Nothing())
    pages = [before, button(str(page), Nothing()), after] if more or page > 1 else []
    return markup(pages, [link("Newest", Place.SIGNALS), link("Cooldowns", Place.COOLDOWNS), link("Risk", Place.RISK)])
