"""The accounts of this desk as the chat sees them: each with what acts on it, and the choice of each chat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from handlers.ports import ConfirmPort, DeskPort, HealthPort, ResearchPort, StorePort, SyncPort


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One account and everything in the chat that belongs to it."""

    name: str
    desk: DeskPort
    store: StorePort
    confirm: ConfirmPort
    research: ResearchPort
    health: HealthPort
    sync: SyncPort | None = None


class SeatsPort(Protocol):
    """All accounts, and which one a chat has chosen."""

    @property
    def all(self) -> Sequence[Seat]:
        """Every account, in the order of the settings; never empty."""

    def of_chat(self, chat_id: int) -> Seat:
        """The account that commands typed in a chat act on."""

    async def choose(self, chat_id: int, name: str) -> bool:
        """Choose an account for a chat; False when the choice could not be stored and lasts until the next start."""
