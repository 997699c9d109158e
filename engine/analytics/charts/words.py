"""Numbers and dates as the chat writes them: sign, thousands separators, a true minus."""

from datetime import datetime
from decimal import Decimal

from engine.analytics.charts.requests import NoPicture

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def amount(value: float | Decimal, *, decimals: int = 2, sign: bool = False) -> str:
    """Number with separators; `sign` puts a plus before what is above 0. What rounds to 0 has no sign."""
    text = f"{value:+,.{decimals}f}" if sign else f"{value:,.{decimals}f}"
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("+-")
    return text.replace("-", "−")


def short_amount(value: float) -> str:
    """Signed number of at most seven characters, for small cells: 84.20, 412.5, 1,235, 12.3k, 1.2M."""
    size = abs(value)
    if size >= 999_950:
        return amount(value / 1e6, decimals=1, sign=True) + "M"
    if size >= 9_999.5:
        return amount(value / 1e3, decimals=1, sign=True) + "k"
    return amount(value, decimals=2 if size < 99.995 else 1 if size < 999.95 else 0, sign=True)


def percent(value: float, *, decimals: int = 2, sign: bool = False) -> str:
    """Percentage with its sign character."""
    return amount(value, decimals=decimals, sign=sign) + "%"


def day(moment: datetime, *, year: bool = True) -> str:
    """Date such as 5 May 2025, independent of the machine's language."""
    return f"{moment.day} {MONTHS[moment.month - 1]}" + (f" {moment.year}" if year else "")


def period(first: datetime, last: datetime) -> str:
    """From one date to another; times of day when both are the same day."""
    if f"{first:%F %H:%M}" == f"{last:%F %H:%M}":
        return f"{day(first)}, {first:%H:%M}"
    if first.date() == last.date():
        return f"{day(first)}, {first:%H:%M} – {last:%H:%M}"
    return f"{day(first, year=first.year != last.year)} – {day(last)}"


def counted(number: int, noun: str) -> str:
    """Number and noun in singular or plural."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def tone(value: float | Decimal) -> str:
    """Which way a number goes: up, down or flat."""
    return "up" if value > 0 else "down" if value < 0 else "flat"


NO_TRADES = NoPicture("No closed trades yet, so there is nothing to draw.")
