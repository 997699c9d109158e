"""What every handler is given: who asks, where the answer goes, and the parts of the desk it may use."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from aiogram import BaseMiddleware, Bot
from aiogram.dispatcher.flags import get_flag
from aiogram.types import CallbackQuery, Message, TelegramObject

from engine.core.snapshot import Snapshot
from handlers import catalogue
from handlers.clock import wall_ms
from handlers.codes import Codes
from handlers.jobs import Jobs
from handlers.ports import Actor, ConfirmPort, DeskPort, Role, StorePort
from handlers.runs import Runs
from handlers.safety import Safety
from handlers.seats import Seat, SeatsPort
from handlers.spot import Screen, Spot, acknowledge
from handlers.views.help import render_usage

READS: dict[str, Any] = {"role": Role.VIEWER, "risk": "reads"}
PREPARES: dict[str, Any] = {"role": Role.ADMIN, "risk": "reads"}
REDUCES: dict[str, Any] = {"role": Role.ADMIN, "risk": "reduces"}
ADDS: dict[str, Any] = {"role": Role.ADMIN, "risk": "adds"}
# The handler answers the press itself, because the answer depends on what it finds.
ANSWERS: dict[str, Any] = {"answers": True}
# The handler finds out itself whether what is asked adds risk; under a lockdown it is let in to do so.
JUDGES: dict[str, Any] = {"judges": True}
# What was typed is for nobody to read: the message is deleted and never put on record.
SECRET: dict[str, Any] = {"secret": True}
_LATE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One request. `request_id` survives a second delivery; `late`: written more than a minute ago; without
    `accounts` there is only this one.
    """

    actor: Actor
    spot: Spot
    desk: DeskPort
    store: StorePort
    confirm: ConfirmPort
    safety: Safety
    jobs: Jobs
    zone: ZoneInfo
    accounts: SeatsPort | None = None
    request_id: str
    wall_ms: int
    late: bool = False

    @property
    def snapshot(self) -> Snapshot:
        """The desk now."""
        return self.desk.snapshot()

    @property
    def seats(self) -> Sequence[Seat]:
        """All accounts where there are several, else nothing."""
        return self.accounts.all if self.accounts is not None else ()

    def elsewhere(self) -> "Context":
        """The same request, answered by a new message: panel and alerts stay as they are."""
        return replace(self, spot=self.spot.elsewhere())

    async def show(self, screen: Screen) -> None:
        """Answer with a screen."""
        await self.spot.put(screen)

    async def usage(self, command: str, trouble: str, understood: str = "") -> None:
        """Answer a mistyped command."""
        await self.show(Screen(render_usage(catalogue.command(command), trouble=trouble, understood=understood)))


class Furnish(BaseMiddleware):
    """Gives handlers `ctx`, `runs` and `codes`, and answers the press first unless the handler does so itself."""

    def __init__(self, jobs: Jobs, runs: Runs) -> None:
        self._jobs, self._runs, self._codes = jobs, runs, Codes()

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Call the handler with its context."""
        if isinstance(event, CallbackQuery) and not get_flag(data, "answers"):
            await acknowledge(event)
        data["ctx"], data["runs"], data["codes"] = self._context(event, data), self._runs, self._codes
        return await handler(event, data)

    def _context(self, event: TelegramObject, data: dict[str, Any]) -> Context:
        bot: Bot = data["bot"]
        now = wall_ms()
        if isinstance(event, CallbackQuery):
            spot = Spot.of_press(event, bot, fresh=getattr(data.get("callback_data"), "fresh", False))
            late = False
        elif isinstance(event, Message):
            spot = Spot.after(event, bot)
            late = now / 1000 - event.date.timestamp() > _LATE_S
        else:
            message = f"no context for {type(event).__name__}"
            raise TypeError(message)
        spot.about(data.get("account", ""))
        return Context(
            actor=data["actor"],
            spot=spot,
            desk=data["desk"],
            store=data["store"],
            confirm=data["confirm"],
            safety=data["safety"],
            jobs=self._jobs,
            zone=data["zone"],
            accounts=data.get("seats"),
            request_id=f"u{bot.id}.{data['event_update'].update_id}",
            wall_ms=now,
            late=late,
        )
