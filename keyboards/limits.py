"""Keyboards of the loss limits."""

from decimal import Decimal

from aiogram.types import InlineKeyboardMarkup

from engine.core.snapshot import LimitView
from keyboards.base import DANGER, PRIMARY, button, in_rows, link, markup
from keyboards.data import LimitCard, LimitSet, LimitType, Nothing, Place
from keyboards.tokens import token

_PERCENT_STEP = Decimal("0.5")


def step(limit: LimitView) -> Decimal:
    """How much one press changes: half a percentage point; of money the digit of a tenth of it, at least 0.1."""
    if not limit.in_money:
        return _PERCENT_STEP
    tenth = abs(limit.threshold) / 10
    return max(Decimal("0.1"), Decimal(1).scaleb(tenth.adjusted()) if tenth else Decimal(0))


def stepped(limit: LimitView, draft: Decimal, *, looser: bool) -> Decimal:
    """The draft moved by one step, kept within the hard bounds."""
    moved = draft - step(limit) if looser else draft + step(limit)
    return min(limit.tightest, max(limit.loosest, moved))


def limits_keyboard(limits: tuple[LimitView, ...], labels: tuple[str, ...]) -> InlineKeyboardMarkup:
    """A button for each limit, in the order of the list."""
    buttons = [button(label, LimitCard(key=token(limit.key))) for limit, label in zip(limits, labels, strict=True)]
    return markup(*in_rows(buttons, 2), [link("Refresh", Place.RISK), link("Status", Place.STATUS)])


def limit_keyboard(limit: LimitView, draft: Decimal, label: str) -> InlineKeyboardMarkup:
    """− and + around the value being tried, setting it, typing it. Equal places in every state."""
    key = token(limit.key)
    tighter, looser = stepped(limit, draft, looser=False), stepped(limit, draft, looser=True)
    changed = draft != limit.threshold
    middle = LimitSet(key=key, value=f"{draft:f}") if changed else Nothing()
    style = None if not changed else DANGER if draft < limit.threshold else PRIMARY
    return markup(
        [
            button("− tighter", LimitCard(key=key, draft=f"{tighter:f}") if tighter != draft else Nothing()),
            button("+ looser", LimitCard(key=key, draft=f"{looser:f}") if looser != draft else Nothing()),
        ],
        [button(f"Set {label}" if changed else f"Now {label}", middle, style)],
        [
            button("Type a value", LimitType(key=key)),
            button("Reset", LimitCard(key=key)),
            link("All limits", Place.RISK),
        ],
    )
