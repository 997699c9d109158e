"""Quiet hours of the person who asks: messages come without a sound, critical ones as ever."""

import re

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from handlers.context import READS, Context
from handlers.ports import QuietPort, Window
from handlers.spot import Screen
from handlers.views.quiet import render_quiet

router = Router(name="quiet")
_CLOCK = r"([01]?\d|2[0-3]):([0-5]\d)"
_WINDOW = re.compile(rf"{_CLOCK}\s*[-–]\s*{_CLOCK}")


def window_of(text: str) -> Window | None:
    """Minutes of the day from and until, as in `23:00-07:00`; None for anything else, and for no time at all."""
    found = _WINDOW.fullmatch(text.strip())
    if found is None:
        return None
    begin, end = (int(found[place]) * 60 + int(found[place + 1]) for place in (1, 3))
    return (begin, end) if begin != end else None


@router.message(Command("quiet"), flags=READS)
async def quiet_typed(_message: Message, command: CommandObject, ctx: Context, quiet: QuietPort) -> None:
    """`/quiet [HH:MM-HH:MM or off]`"""
    typed = (command.args or "").strip()
    user_id, note = ctx.actor.user_id, ""
    if typed:
        window = window_of(typed)
        if window is None and typed.lower() != "off":
            await ctx.usage("quiet", "Two different times are needed, or the word off.", typed)
            return
        if not await quiet.set(user_id, window):
            note = "This could not be stored: it lasts until the desk is started again."
    await ctx.show(Screen(render_quiet(quiet.of(user_id), ctx.zone, wall_ms=ctx.wall_ms, note=note)))
