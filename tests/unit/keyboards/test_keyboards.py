"""What every button must keep: its size, its place, its meaning."""

import inspect
from decimal import Decimal

import pytest
from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardMarkup
from hypothesis import given
from hypothesis import strategies as st

from engine.core.commands import Choice
from keyboards import data as d
from keyboards.base import BACK, ON, in_rows, paging
from keyboards.limits import limit_keyboard, step, stepped
from keyboards.panel import panel_keyboard
from keyboards.positions import card_keyboard, positions_keyboard
from keyboards.strategies import rules_keyboard, strategies_keyboard
from keyboards.tokens import named, token
from tests.unit.views import examples as ex

SYMBOL = "A" * 30
LONG = "p" * 32 + "." + "very_long_limit_name" * 3
LARGEST: dict[type[CallbackData], CallbackData] = {
    d.Open: d.Open(place=d.Place.PERFORMANCE, fresh=True),
    d.Page: d.Page(start=SYMBOL),
    d.Card: d.Card(symbol=SYMBOL, fresh=True),
    d.Why: d.Why(symbol=SYMBOL, fresh=True),
    d.TradePage: d.TradePage(until_ms=4_102_444_800_000, page=99_999, last=100_000),
    d.Ask: d.Ask(order=d.DeskOrder.CLOSE_ALL, scope=f"p.{token(LONG)}"),
    d.Close: d.Close(symbol=SYMBOL, percent=100, fresh=True),
    d.TakeOver: d.TakeOver(symbol=SYMBOL),
    d.Reduce: d.Reduce(nonce="n" * 43),
    d.Add: d.Add(nonce="n" * 43),
    d.Cancel: d.Cancel(nonce="n" * 43),
    d.LimitCard: d.LimitCard(key=token(LONG), draft="-99999999.99999999"),
    d.LimitSet: d.LimitSet(key=token(LONG), value="-99999999.99999999"),
    d.LimitType: d.LimitType(key=token(LONG)),
    d.StrategyCard: d.StrategyCard(profile=token(LONG)),
    d.SwitchProfile: d.SwitchProfile(profile=token(LONG), on=True),
    d.SwitchRule: d.SwitchRule(profile=token(LONG), rule=token(LONG), on=True),
    d.SymbolsOf: d.SymbolsOf(profile=token(LONG), start=SYMBOL),
    d.SwitchSymbol: d.SwitchSymbol(profile=token(LONG), symbol=SYMBOL, on=True),
    d.Unlock: d.Unlock(symbol=SYMBOL),
    d.SignalPage: d.SignalPage(page=99_999),
    d.ManualEntry: d.ManualEntry(symbol=SYMBOL, long=True),
    d.Emergency: d.Emergency(number=10**9, choice=Choice.CLOSE),
    d.Day: d.Day(day=99_999),
    d.Span: d.Span(kind="p", period="2025-09-05_2025-10-13"),
    d.Picture: d.Picture(what=SYMBOL, frame="2025-09-05", dark=True, file=True, fresh=True),
    d.Backtest: d.Backtest(run="9" * 9, what="distribution"),
    d.Topic: d.Topic(name="strategies"),
    d.PickAccount: d.PickAccount(name=token(LONG)),
    d.SyncStop: d.SyncStop(),
    d.DropCode: d.DropCode(),
    d.Nothing: d.Nothing(),
}


@pytest.mark.parametrize("kind", LARGEST, ids=lambda kind: kind.__name__)
def test_the_largest_value_of_every_kind_fits_into_64_bytes_and_returns(kind: type[CallbackData]) -> None:
    packed = LARGEST[kind].pack()
    assert len(packed.encode()) <= 64
    assert kind.unpack(packed) == LARGEST[kind]


def test_every_kind_of_data_is_tested_and_has_its_own_prefix() -> None:
    kinds = {kind for _, kind in inspect.getmembers(d, inspect.isclass) if issubclass(kind, CallbackData)} - {
        CallbackData
    }
    assert kinds == set(LARGEST)
    assert len({kind.__prefix__ for kind in kinds}) == len(kinds)


@given(st.text(min_size=1))
def test_any_name_becomes_a_short_token_and_is_found_again(name: str) -> None:
    assert len(token(name).encode()) <= 20
    assert ":" not in token(name)
    assert named(token(name), ["other", name]) == name
    assert named(token(name), ["other"]) in {None, "other" if name == "other" else None}


def _places(keyboard: InlineKeyboardMarkup) -> list[int]:
    return [len(row) for row in keyboard.inline_keyboard]


def test_the_panels_buttons_are_the_same_in_every_state() -> None:
    first = panel_keyboard(ex.snapshot())
    assert all(panel_keyboard(state) == first for state in (ex.PAUSED, ex.FLAT, ex.STALE))


@given(st.decimals(min_value=-10, max_value=Decimal("-0.5"), places=2))
def test_a_limits_buttons_keep_their_places_and_stay_within_the_bounds(draft: Decimal) -> None:
    limit = ex.limit()
    assert _places(limit_keyboard(limit, draft, "x")) == _places(limit_keyboard(limit, limit.threshold, "x"))
    for looser in (True, False):
        moved = stepped(limit, draft, looser=looser)
        assert limit.loosest <= moved <= limit.tightest
        assert moved <= draft if looser else moved >= draft


def test_steps_fit_the_size_of_the_limit() -> None:
    assert step(ex.limit()) == Decimal("0.5")
    assert step(ex.limit(in_money=True, threshold=Decimal(-5))) == Decimal("0.1")
    assert step(ex.limit(in_money=True, threshold=Decimal(-500))) == Decimal(10)


def test_what_closes_is_red() -> None:
    for keyboard in (card_keyboard(ex.position()), positions_keyboard((ex.position(),), (ex.position(),), page_size=6)):
        closing = [button for row in keyboard.inline_keyboard for button in row if "close" in button.text.lower()]
        assert closing
        assert {button.style for button in closing} == {"danger"}


def test_names_of_any_length_fit_their_buttons() -> None:
    from dataclasses import replace

    odd = replace(ex.CFT, name=LONG, rules=((f"{LONG}:1", True), ("5", False)))
    for keyboard in (strategies_keyboard((odd,)), rules_keyboard(odd, ("a", "b"))):
        assert all(
            len((button.callback_data or "").encode()) <= 64 for row in keyboard.inline_keyboard for button in row
        )


def test_paging_always_has_three_buttons_or_none() -> None:
    page = d.Page(start="A")
    assert paging(None, None, page=1, pages=1) == []
    assert [button.text for button in paging(None, page, page=1, pages=2)] == ["·", "1/2", ON]
    assert [button.text for button in paging(page, None, page=2, pages=2)] == [BACK, "2/2", "·"]
    assert [len(row) for row in in_rows(paging(page, page, page=2, pages=3), 2)] == [2, 1]
