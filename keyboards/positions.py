"""Keyboards of the list of positions and of one position."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardMarkup

from engine.core.snapshot import PositionView
from keyboards.base import DANGER, button, in_rows, link, markup, paging
from keyboards.data import Ask, Card, Close, DeskOrder, Open, Page, Picture, Place, TakeOver, Why


def positions_keyboard(
    ordered: Sequence[PositionView], shown: Sequence[PositionView], *, page_size: int
) -> InlineKeyboardMarkup:
    """A button for each position shown, pages, refresh, close all; `ordered` are all positions of the list."""
    cards = [button(position.symbol, Card(symbol=position.symbol)) for position in shown]
    first = next((index for index, position in enumerate(ordered) if shown and position.symbol == shown[0].symbol), 0)
    before = Page(start=ordered[max(0, first - page_size)].symbol) if first > 0 else None
    after_index = first + len(shown)
    after = Page(start=ordered[after_index].symbol) if after_index < len(ordered) else None
    pages = -(-len(ordered) // page_size)
    number = min(pages, -(-first // page_size) + 1)
    refresh = Page(start=shown[0].symbol) if shown else Open(place=Place.POSITIONS)
    return markup(
        *in_rows(cards, 2),
        paging(before, after, page=number, pages=pages),
        [button("Refresh", refresh), link("Balance", Place.BALANCE), link("Trades", Place.TRADES)],
        [button("CLOSE ALL", Ask(order=DeskOrder.CLOSE_ALL), DANGER)] if ordered else [],
    )


def card_keyboard(position: PositionView) -> InlineKeyboardMarkup:
    """What can be done about one position."""
    symbol = position.symbol
    return markup(
        [
            button(f"Close {position.quantity:,f}", Close(symbol=symbol, percent=100), DANGER),
            button("Close half", Close(symbol=symbol, percent=50), DANGER),
        ],
        [button(f"Adopt by {position.adopter}", TakeOver(symbol=symbol))] if position.adopter else [],
        [
            button("Chart", Picture(what=symbol, fresh=True)),
            button("Why", Why(symbol=symbol)),
            button("Refresh", Card(symbol=symbol)),
        ],
        [link("Positions", Place.POSITIONS)],
    )


def taken_keyboard(symbol: str) -> InlineKeyboardMarkup:
    """The way on from an adoption."""
    return markup([button("Card", Card(symbol=symbol)), link("Positions", Place.POSITIONS)])


def gone_keyboard() -> InlineKeyboardMarkup:
    """The way back from a position that is closed."""
    return markup([link("Positions", Place.POSITIONS), link("Trades", Place.TRADES)])


def why_keyboard(symbol: str) -> InlineKeyboardMarkup:
    """What goes with the answer to why."""
    return markup(
        [
            button("Chart", Picture(what=symbol, fresh=True)),
            button("Refresh", Why(symbol=symbol)),
            button("Card", Card(symbol=symbol)),
        ]
    )
