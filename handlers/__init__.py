"""Telegram in: one router a screen. `build_router` is the table of contents."""

from aiogram import Router

from handlers import (
    account,
    adopting,
    charts,
    closing,
    confirming,
    control,
    emergency,
    fallback,
    golive,
    home,
    limits,
    lockdown,
    manual,
    operations,
    positions,
    quiet,
    research,
    results,
    risk,
    second_factor,
    signals,
    strategies,
    symbols,
    syncing,
    users,
)
from handlers.context import Furnish
from handlers.jobs import Jobs
from handlers.runs import Runs

__all__ = ["build_router"]


def build_router(jobs: Jobs | None = None) -> Router:
    """All screens in the order in which they are asked, the catch-all last.

    Their handlers expect, by name: `actor`, `desk`, `store`, `confirm`, `charts`, `research`, `health`, `sync`,
    `quiet`, `safety` and `zone`; with several accounts also `seats` and `account`, the one that the update is about.
    Work they begin ends when the dispatcher shuts down.
    """
    work, runs = jobs or Jobs(), Runs()
    root = Router(name="screens")
    for screen in (
        home.router,  # panel, status, help, why
        account.router,  # accounts
        positions.router,  # positions, card, balance
        control.router,  # pause, resume
        lockdown.router,  # lockdown
        golive.router,  # live trading's confirmation
        closing.router,  # close, close all
        adopting.router,  # external positions
        emergency.router,  # answers to an emergency
        confirming.router,  # confirm, cancel
        risk.router,  # risk, cooldowns
        limits.router,  # loss limits
        second_factor.router,  # typed codes, after answers to questions for a limit
        manual.router,  # long, short
        symbols.router,  # symbols of profiles
        signals.router,  # signals and refusals
        strategies.router,  # profiles, rules
        results.router,  # trades, days, performance, analytics
        charts.router,  # pictures
        research.router,  # backtests
        operations.router,  # health, version
        quiet.router,  # quiet hours
        syncing.router,  # the account's past
        users.router,  # who may use the desk
        fallback.router,  # whatever is left
    ):
        root.include_router(_fresh(screen))
    furnish = Furnish(work, runs)
    root.message.middleware(furnish)
    root.callback_query.middleware(furnish)
    root.shutdown.register(work.close)
    return root


def _fresh(screen: Router) -> Router:
    # aiogram ties a router to one parent for good; handlers may be shared, so several dispatchers can be built.
    router = Router(name=screen.name)
    router.message.handlers.extend(screen.message.handlers)
    router.callback_query.handlers.extend(screen.callback_query.handlers)
    return router
