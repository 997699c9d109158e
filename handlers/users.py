"""Who may use the desk. Roles are given and taken on the host only."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from handlers.context import PREPARES, Context
from handlers.spot import Screen
from handlers.views.safety import render_users

router = Router(name="users")


@router.message(Command("users"), flags=PREPARES)
async def users(_message: Message, ctx: Context) -> None:
    """`/users`"""
    ctx.spot.label = ""
    found = await ctx.safety.people.all()
    await ctx.show(Screen(render_users(found, required=ctx.safety.factor.required)))
