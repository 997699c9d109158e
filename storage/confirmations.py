"""One-time confirmations: bound to user, chat and message, used once, gone after their time."""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from storage.access import Access
from storage.claims import Expired, Foreign, Refusal, TooSoon, Used
from storage.tables_chat import confirmations
from storage.upsert import put_new

SETTLE_MS = 700


@dataclass(frozen=True, slots=True)
class Claimed:
    """The press counts; `action_json` is what it confirms."""

    action_json: str


type Claim = Claimed | Refusal


class ConfirmationStore:
    """Claims are decided inside the one writer, so one of many wins."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def create(
        self, nonce: str, user_id: int, chat_id: int, action_json: str, created_ms: int, expires_ms: int
    ) -> None:
        """Keep a confirmation; raises ValueError when the nonce exists."""
        row = {"nonce": nonce, "user_id": user_id, "chat_id": chat_id, "message_id": None, "action": action_json}
        row |= {"created_ms": created_ms, "expires_ms": expires_ms, "used_ms": None}
        if not await self._access.writer.run(lambda connection: put_new(connection, confirmations, row)):
            raise ValueError(f"confirmation {nonce!r} exists already")

    async def bind(self, nonce: str, message_id: int) -> None:
        """Tie it to the message that shows it; the first binding stays."""

        def write(connection: Connection) -> None:
            free = (confirmations.c.nonce == nonce, confirmations.c.message_id.is_(None))
            connection.execute(update(confirmations).where(*free).values(message_id=message_id))

        await self._access.writer.run(write)

    async def claim(
        self, nonce: str, user_id: int, chat_id: int, message_id: int, now_ms: int, not_before_ms: int = SETTLE_MS
    ) -> Claim:
        """Use it up, at `not_before_ms` after its creation or later; of any number of presses one gets Claimed."""

        def write(connection: Connection) -> Claim:
            query = select(confirmations).where(confirmations.c.nonce == nonce)
            row = connection.execute(query).first()
            if row is None:
                return Expired()
            if (row.user_id, row.chat_id) != (user_id, chat_id) or row.message_id not in {None, message_id}:
                return Foreign()
            if row.used_ms is not None:
                return Used()
            if now_ms >= row.expires_ms:
                return Expired()
            if row.message_id is None or now_ms < row.created_ms + not_before_ms:
                return TooSoon()
            used = update(confirmations).where(confirmations.c.nonce == nonce).values(used_ms=now_ms)
            connection.execute(used)
            return Claimed(row.action)

        claim: Claim = await self._access.writer.run(write)
        return claim
