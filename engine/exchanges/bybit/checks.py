"""Whether an account is fit for the desk: each finding says what is wrong, how grave it is and what to do."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from engine.core.market import Status
from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit.caller import Caller
from engine.exchanges.bybit.endpoints import ACCOUNT_INFO, KEY_INFO, POSITIONS
from engine.exchanges.bybit.parse import BadData
from engine.exchanges.bybit.parse_account import KeyInfo, PositionRow, account_info, key_info, position
from engine.exchanges.bybit.parse_orders import Instruments
from engine.exchanges.bybit.queries import result_of, rows_of

CLOCK_WARN_MS = 500
CLOCK_STOP_MS = 1_000
_EXPIRY_WARN_DAYS = 14
# The rights the desk needs; everything else is more than it should have.
_NEEDED = {"ContractTrade": {"Order", "Position"}}
_HARMLESS = frozenset({("Derivatives", "DerivativesTrade")})


class Grade(StrEnum):
    """`STOP`: nothing new may be opened; `WARN`: a person should know."""

    STOP = "stop"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be, and what to do about it."""

    grade: Grade
    what: str
    todo: str

    def __str__(self) -> str:
        return f"{self.what}: {self.todo}"


@dataclass(frozen=True, slots=True)
class SymbolState:
    """How the account holds a symbol: hedge mode, and the leverage set (None when it does not apply)."""

    hedge: bool
    leverage: int | None


async def symbol_states(caller: Caller, instruments: Instruments, symbols: Iterable[str]) -> dict[str, SymbolState]:
    """Return how each symbol is held; raises QueryFailedError."""

    async def one(symbol: str) -> tuple[str, SymbolState]:
        read = [position(row, instruments) for row in await rows_of(caller, POSITIONS, {"symbol": symbol})]
        bad = next((row for row in read if isinstance(row, BadData)), None)
        if bad is not None:
            raise QueryFailedError(str(bad))
        rows = [row for row in read if isinstance(row, PositionRow)]
        leverages = {row.leverage for row in rows}
        same = leverages.pop() if len(leverages) == 1 else None
        whole = int(same) if same is not None and same == int(same) else None
        return symbol, SymbolState(any(row.hedge for row in rows), whole)

    # A symbol that is halted or gone may be refused as a whole, and must not keep the others from being looked at.
    traded = [s for s in symbols if s in instruments and instruments[s].status is Status.TRADING]
    return dict(await asyncio.gather(*(one(symbol) for symbol in traded)))


async def account_findings(caller: Caller) -> list[Finding]:
    """Look at the account's type and margin mode; raises QueryFailedError."""
    info = account_info(await result_of(caller, ACCOUNT_INFO, {}))
    if isinstance(info, BadData):
        raise QueryFailedError(str(info))
    if not info.unified:
        return [Finding(Grade.STOP, "the account is a classic one", "upgrade it to a unified account on the exchange")]
    if info.margin_mode == "PORTFOLIO_MARGIN":
        todo = "switch the account to isolated margin on the exchange"
        return [Finding(Grade.STOP, "the account uses portfolio margin, which the desk does not reckon with", todo)]
    if info.margin_mode == "REGULAR_MARGIN":
        todo = "isolated margin keeps the loss of one position from the others"
        return [Finding(Grade.WARN, "the account uses cross margin", todo)]
    return []


def mode_findings(states: dict[str, SymbolState]) -> list[Finding]:
    """Find symbols in hedge mode."""
    hedged = sorted(symbol for symbol, state in states.items() if state.hedge)
    if not hedged:
        return []
    named = ", ".join(hedged[:5]) + (f" and {len(hedged) - 5} more" if len(hedged) > 5 else "")
    todo = "switch to one-way mode on the exchange; the desk does not place orders that it cannot tell apart"
    return [Finding(Grade.STOP, f"hedge mode is on for {named}", todo)]


def clock_findings(offset_ms: int) -> list[Finding]:
    """Judge how far this machine's clock is from the exchange's."""
    if abs(offset_ms) <= CLOCK_WARN_MS:
        return []
    grade = Grade.STOP if abs(offset_ms) > CLOCK_STOP_MS else Grade.WARN
    what = f"this machine's clock is {abs(offset_ms) / 1000:.1f} s {'behind' if offset_ms > 0 else 'ahead'}"
    return [Finding(grade, what, "let the machine set its clock from the network (NTP)")]


async def key_findings(caller: Caller, *, live: bool) -> list[Finding]:
    """Look at the key's rights, addresses and expiry; raises QueryFailedError, also where the environment does not
    tell them (demo).
    """
    info = key_info(await result_of(caller, KEY_INFO, {}))
    if isinstance(info, BadData):
        raise QueryFailedError(str(info))
    return [*_rights(info, live=live), *_binding(info, live=live)]


def _rights(info: KeyInfo, *, live: bool) -> list[Finding]:
    have = {(group, right) for group, rights in info.rights for right in rights}
    wanted = {(group, right) for group, rights in _NEEDED.items() for right in rights}
    found = []
    if info.read_only or not wanted <= have:
        todo = "give it contract orders and positions, read and write"
        found.append(Finding(Grade.STOP, "the API key may not trade contracts", todo))
    extra = sorted(f"{group}/{right}" for group, right in have - wanted - _HARMLESS)
    if extra:
        grade = Grade.STOP if live else Grade.WARN
        found.append(Finding(grade, f"the API key may do more than it needs ({', '.join(extra)})", "take that away"))
    return found


def _binding(info: KeyInfo, *, live: bool) -> list[Finding]:
    if info.addresses:
        return []
    grade = Grade.STOP if live else Grade.WARN
    found = [Finding(grade, "the API key is not bound to an address", "bind it to this machine's address")]
    if info.days_left is not None and info.days_left <= _EXPIRY_WARN_DAYS:
        days = max(info.days_left, 0)
        found.append(Finding(Grade.WARN, f"the API key expires in {days} days", "renew it, or bind it to an address"))
    return found
