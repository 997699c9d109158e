"""Lockdown, second factor, live trading's confirmation and people, put together for the chat."""

from collections.abc import Mapping, Sequence

from bot.clock import Clock
from bot.factor_file import FactorFile
from bot.going_live import Confirmable, GoingLive, terms_of
from bot.lockdown import HOST, Lockdown
from bot.middleware_guard import Roles
from bot.people import People
from bot.seats import Room
from bot.second_factor import SecondFactor
from config import Settings
from handlers.ports import Role
from handlers.safety import Safety


class SafetyDesk:
    """`ports` are for the handlers; `look` is called every few seconds."""

    def __init__(self, settings: Settings, rooms: Sequence[Room], clock: Clock) -> None:
        store, file = rooms[0].store, FactorFile(settings.desk_state_dir)
        self._audit, self._clock = store.audit, clock
        accounts = {room.store.account: Confirmable(room.desk, room.fingerprint, room.faults) for room in rooms}
        live = GoingLive(accounts, store.settings, clock, terms=terms_of(settings))
        self.lockdown = Lockdown(
            [room.desk for room in rooms], store.settings, clock, mode=settings.desk_mode.value, revoke=live.revoke
        )
        self.ports = Safety(
            lockdown=self.lockdown,
            factor=SecondFactor(file, store.settings, clock, required=settings.needs_second_factor),
            live=live,
            people=People(settings.telegram_admin_ids, store.users, file),
        )

    async def look(self, roles: Roles) -> list[tuple[str, str]]:
        """Take in what the host changed; returns titles and details of what is worth telling.

        Raises JournalUnavailable.
        """
        for name in await self.lockdown.look():
            await self._audit.add(self._clock.wall_ms(), 0, HOST, "lockdown lift", name, "done")
        before = dict(roles.now)
        await roles.refresh()
        told = _changes(before, roles.now)
        return [("Roles were changed on the host", told)] if told else []


def _changes(before: Mapping[int, Role], after: Mapping[int, Role]) -> str:
    words = [
        f"{user_id}: {before.get(user_id, 'no role')} → {after.get(user_id, 'no role')}"
        for user_id in sorted({*before, *after})
        if before.get(user_id) != after.get(user_id)
    ]
    return "; ".join(words)
