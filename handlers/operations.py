"""The process itself: health and versions."""

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from handlers.context import READS, Context
from handlers.ports import HealthPort
from handlers.spot import Screen
from handlers.views.health import render_health, render_version
from keyboards.data import Open, Place
from keyboards.panel import refresh_keyboard

router = Router(name="operations")


async def show_health(ctx: Context, health: HealthPort) -> None:
    """Show how the process is."""
    await ctx.show(Screen(render_health(await health.report()), refresh_keyboard(Place.HEALTH)))


@router.message(Command("health"), flags=READS)
async def health_typed(_message: Message, ctx: Context, health: HealthPort) -> None:
    """`/health`"""
    await show_health(ctx, health)


@router.callback_query(Open.filter(F.place == Place.HEALTH), flags=READS)
async def health_pressed(_callback: CallbackQuery, ctx: Context, health: HealthPort) -> None:
    """[Health]"""
    await show_health(ctx, health)


async def show_version(ctx: Context, health: HealthPort) -> None:
    """Show what runs."""
    await ctx.show(Screen(render_version(await health.report()), refresh_keyboard(Place.VERSION)))


@router.message(Command("version"), flags=READS)
async def version_typed(_message: Message, ctx: Context, health: HealthPort) -> None:
    """`/version`"""
    await show_version(ctx, health)


@router.callback_query(Open.filter(F.place == Place.VERSION), flags=READS)
async def version_pressed(_callback: CallbackQuery, ctx: Context, health: HealthPort) -> None:
    """[Version]"""
    await show_version(ctx, health)
