"""A desk whose holds follow the commands it is given."""

from dataclasses import replace
from typing import Any

from engine.core.commands import FreeEntries, LockEntries
from engine.core.facts import Hold
from engine.core.profile import HoldLevel
from tests.unit.handlers.fakes import FakeDesk
from tests.unit.views import examples as ex


class HeldDesk(FakeDesk):
    """A desk whose holds follow the commands."""

    async def command(self, command: Any) -> Any:
        holds = {hold.hold_id: hold for hold in self.state.holds}
        if isinstance(command, LockEntries):
            holds[command.name] = Hold(
                hold_id=command.name,
                scope=ex.PAUSE.scope,
                level=HoldLevel.REDUCE_ONLY,
                reason=command.reason,
                lift=command.lift,
                set_ms=0,
                by=command.by,
            )
        if isinstance(command, FreeEntries):
            holds.pop(command.name, None)
        self.state = replace(self.state, holds=tuple(holds.values()))
        return await super().command(command)

    @property
    def held(self) -> list[str]:
        return [hold.hold_id for hold in self.state.holds]
