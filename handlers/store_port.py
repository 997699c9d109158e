"""What the screens need of the store."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from engine.core.trades import Trade


class EquityPoint(Protocol):
    """One recorded moment of the account, money in quote currency."""

    @property
    def at_ms(self) -> int: ...
    @property
    def equity(self) -> Decimal: ...
    @property
    def margin(self) -> Decimal: ...


class SignalRow(Protocol):
    """One recorded signal and what became of it."""

    @property
    def at_ms(self) -> int: ...
    @property
    def symbol(self) -> str: ...
    @property
    def profile(self) -> str: ...
    @property
    def side(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def check(self) -> str: ...
    @property
    def detail(self) -> str: ...


class Queries(Protocol):
    """Stored results of this mode and account. Times are half-open: since <= t < until."""

    async def trades(
        self,
        *,
        since_ms: int | None = None,
        until_ms: int | None = None,
        profile: str | None = None,
        symbol: str | None = None,
        limit: int | None = None,
        offset: int = 0,
        newest_first: bool = True,
    ) -> list[Trade]:
        """Closed round trips by exit time."""

    async def count_trades(
        self,
        *,
        since_ms: int | None = None,
        until_ms: int | None = None,
        profile: str | None = None,
        symbol: str | None = None,
    ) -> int:
        """How many the same filters of `trades` would give."""

    async def equity(self, since_ms: int, until_ms: int) -> Sequence[EquityPoint]:
        """The equity series of a period, oldest first."""

    async def signals(
        self, limit: int, offset: int = 0, profile: str | None = None, symbol: str | None = None
    ) -> Sequence[SignalRow]:
        """The newest signals first."""


class Audit(Protocol):
    """The chained record of who did what."""

    async def add(self, *, at_ms: int, user_id: int, name: str, action: str, detail: str, answer: str) -> object:
        """Append one line."""


class Panels(Protocol):
    """Where the live panel of each chat is."""

    async def get(self, chat_id: int) -> int | None:
        """Message id of the chat's panel."""

    async def set(self, chat_id: int, message_id: int) -> None:
        """Remember the chat's panel."""


class StorePort(Protocol):
    """The part of the store that screens use."""

    @property
    def queries(self) -> Queries: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def panels(self) -> Panels: ...
