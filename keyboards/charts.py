"""Keyboards of the chart menu and of each picture. Indicators stand in the caption of the picture, not here."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from keyboards.base import BACK, ON, button, in_rows, link, markup
from keyboards.data import Picture, Place

TIMEFRAMES = ("5m", "15m", "1h", "4h", "1d")
PERIODS = ("1d", "7d", "30d", "all")
_KINDS = (
    ("Equity", "equity"),
    ("Drawdown", "drawdown"),
    ("Results", "distribution"),
    ("P&L", "pnl"),
    ("Calendar", "calendar"),
)


def charts_keyboard(symbols: Sequence[str]) -> InlineKeyboardMarkup:
    """Every kind of chart, and candles of some symbols."""
    kinds = [button(text, Picture(what=kind, fresh=True)) for text, kind in _KINDS]
    candles = [button(symbol, Picture(what=symbol, fresh=True)) for symbol in symbols]
    return markup(*in_rows(kinds, 3), *in_rows(candles, 3), [link("More", Place.MORE)])


def picture_keyboard(shown: Picture, *, months: tuple[str, str] | None = None) -> InlineKeyboardMarkup:
    """Choices for the picture shown: timeframe, period or month, light or dark, as file."""
    look = button("Light" if shown.dark else "Dark", _but(shown, dark=not shown.dark))
    return markup(
        _frames(shown, months),
        [look, button("As file", _but(shown, file=True)), button("Refresh", _but(shown))],
    )


def _but(shown: Picture, **changes: str | bool) -> Picture:
    return shown.model_copy(update={"file": False, "fresh": False, **changes})


def _frames(shown: Picture, months: tuple[str, str] | None) -> list[InlineKeyboardButton]:
    if months is not None:
        before, after = months
        return [
            button(f"{BACK} {before}", _but(shown, frame=before)),
            button(f"{after} {ON}", _but(shown, frame=after)),
        ]
    frames = TIMEFRAMES if shown.what.isupper() or shown.what.isdigit() else PERIODS
    return [button(f"· {frame} ·" if frame == shown.frame else frame, _but(shown, frame=frame)) for frame in frames]
