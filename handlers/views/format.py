"""How single values are written: money, prices, shares, spans and moments, ready for HTML."""

import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from html import escape
from zoneinfo import ZoneInfo

from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
_SECOND_MS = 1000
_UNKNOWN_TICK_DIGITS = 6


def esc(text: object) -> str:
    """Escape a value for Telegram's HTML."""
    return escape(str(text), quote=True)


def grouped(value: Decimal, places: int) -> str:
    """Digits with thousands separators and a true minus sign; zero never carries a sign."""
    rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return f"{MINUS if rounded < 0 else ''}{abs(rounded):,f}"


def signed(value: Decimal | None, places: int = 2) -> str:
    """Money or a result with its sign, for example `+1.12`, `−84.20`, `0.00`; a dash when absent."""
    if value is None:
        return NONE
    text = grouped(value, places)
    return (
        text if text.startswith(MINUS) or not value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) else f"+{text}"
    )


def money(value: Decimal | None, places: int = 2) -> str:
    """Money without a plus sign; a dash when absent."""
    return NONE if value is None else grouped(value, places)


def cost(value: Decimal) -> str:
    """What was paid, seen from the account: 0.16 paid reads `−0.16`, 0.16 received `+0.16`."""
    return signed(-value)


def percent(value: Decimal | float | None, places: int = 2, *, plus: bool = True) -> str:
    """Percent, with a plus sign unless told otherwise; a dash when absent."""
    if value is None:
        return NONE
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    return f"{signed(exact, places) if plus else grouped(exact, places)}%"


def short_percent(value: Decimal) -> str:
    """Percent with no more decimals than it has: `−4%`, `−2.5%`."""
    return f"{plain(value)}%"


def true_minus(text: str) -> str:
    """A text of others with the hyphens before its numbers made minus signs."""
    return re.sub(r"(?<!\w)-(?=\d)", MINUS, text)


def plain(value: Decimal) -> str:
    """An exact number without superfluous zeros or an exponent."""
    text = f"{abs(value):,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{MINUS if value < 0 else ''}{text}"


def ratio(value: Decimal | float | None, places: int = 2) -> str:
    """A ratio such as a profit factor; a dash when absent."""
    return NONE if value is None else grouped(Decimal(repr(value)) if isinstance(value, float) else value, places)


def r_multiple(value: Decimal | float | None, places: int = 1) -> str:
    """A result in units of the initial risk: `+1.3R`; a dash when absent."""
    if value is None:
        return NONE
    return f"{signed(value if isinstance(value, Decimal) else Decimal(repr(value)), places)}R"


def price(value: Decimal | None, tick: Decimal | None) -> str:
    """A price at the symbol's tick; six digits where the tick is not known; a dash when absent."""
    if value is None:
        return NONE
    if tick is None:
        return _unscaled(value)
    return grouped((value / tick).quantize(Decimal(1), ROUND_HALF_UP) * tick, decimals(tick))


def decimals(tick: Decimal) -> int:
    """How many decimals a price on this tick has."""
    exponent = tick.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _unscaled(value: Decimal) -> str:
    if not value:
        return "0"
    places = _UNKNOWN_TICK_DIGITS - 1 - value.adjusted()
    if places < 0:
        return grouped(value, 0)
    return plain(value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def quantity(value: Decimal) -> str:
    """A quantity with the decimals it carries."""
    return f"{MINUS if value < 0 else ''}{abs(value):,f}"


def span(length_ms: int) -> str:
    """A length of time in its two largest units: `45s`, `12m 30s`, `3h 12m`, `2d 4h`."""
    seconds = max(0, length_ms) // _SECOND_MS
    if seconds < 60:
        return f"{seconds}s"
    if length_ms < HOUR_MS:
        return f"{seconds // 60}m {seconds % 60:02}s"
    if length_ms < DAY_MS:
        return f"{length_ms // HOUR_MS}h {length_ms % HOUR_MS // MINUTE_MS:02}m"
    return f"{length_ms // DAY_MS}d {length_ms % DAY_MS // HOUR_MS}h"


def age(length_ms: int) -> str:
    """A span without seconds, so that a text does not change every second: `<1m`, `12m`, `3h12m`."""
    if length_ms < MINUTE_MS:
        return "<1m"
    return f"{length_ms // MINUTE_MS}m" if length_ms < HOUR_MS else span(length_ms).replace(" ", "")


def at(moment_ms: int, zone: ZoneInfo) -> datetime:
    """The instant on the clock of a zone."""
    return datetime.fromtimestamp(moment_ms / 1000, zone)


def clock(moment_ms: int, zone: ZoneInfo) -> str:
    """Time of day to the second with the zone named: `14:32:30 UTC`."""
    return f"{at(moment_ms, zone):%H:%M:%S %Z}"


def moment(moment_ms: int, zone: ZoneInfo) -> str:
    """Date and time to the minute with the zone named: `19 Nov 14:32 UTC`."""
    return f"{short_moment(moment_ms, zone)} {at(moment_ms, zone):%Z}"


def short_moment(moment_ms: int, zone: ZoneInfo) -> str:
    """Date and time to the minute, for tables whose head names the zone."""
    return f"{at(moment_ms, zone).day} {at(moment_ms, zone):%b %H:%M}"


def day(moment_ms: int, zone: ZoneInfo) -> str:
    """A date: `Thu 19 Nov`."""
    return f"{at(moment_ms, zone):%a} {at(moment_ms, zone).day} {at(moment_ms, zone):%b}"


def relative(moment_ms: int, zone: ZoneInfo) -> str:
    """HTML of an age that the phone counts by itself, with the time of day for phones that cannot."""
    return f'<tg-time unix="{moment_ms // 1000}" format="r">{clock(moment_ms, zone)}</tg-time>'


def side(long: bool) -> str:
    """`LONG` or `SHORT`."""
    return "LONG" if long else "SHORT"


def count(number: int, noun: str) -> str:
    """`1 trade`, `2 trades`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
