"""Positions that should be gone: one whose stop the price has passed, and one whose close does not succeed."""

from engine.core import alerts as a
from engine.core.commands import ACCOUNT
from engine.core.effects import QueryAccount
from engine.core.events import VenueState
from engine.core.exits import close_position
from engine.core.facts import Hold, HoldSet
from engine.core.market import Status
from engine.core.portfolio import EXTERNAL, Position
from engine.core.profile import HoldLevel
from engine.core.workspace import Workspace

ASK_AFTER_MS = 2_000
PASSED_MS = 5_000
CLOSING_MS = 30_000
AGAIN_MS = 60_000
TRIES = 3
# A price that nobody has repeated for so long says nothing about now.
FRESH_MS = 5_000


def on_stuck(ws: Workspace) -> None:
    """Close what a stop should have closed 5 s ago; halt and alarm, every minute, when a close tried three times has
    not succeeded for 30 s. Counted on the wall clock, and only while the exchange answers.
    """
    for position in list(ws.positions.values()):
        passed, closing = f"passed/{position.symbol}", f"closing/{position.symbol}"
        if _passed(ws, position):
            _watch_stop(ws, position, passed)
        else:
            ws.asked.pop(passed, None)
        if position.closing and ws.venue is VenueState.UP and _trades(ws, position):
            _watch_close(ws, position, closing)
        else:
            ws.asked.pop(closing, None)


def _trades(ws: Workspace, position: Position) -> bool:
    # The exchange settles what it no longer trades, and people were told so.
    return ws.state.portfolio.instruments[position.symbol].status is Status.TRADING


def _passed(ws: Workspace, position: Position) -> bool:
    # A stop that the exchange does not hold is looked after elsewhere; stops trigger on the last price.
    ours = position.stop and position.held_stop == position.stop and position.profile != EXTERNAL
    price = ws.prices.get(position.symbol)
    if not ours or position.closing or price is None or ws.venue is not VenueState.UP:
        return False
    if ws.wall_ms - ws.heard.get(position.symbol, 0) > FRESH_MS:
        return False
    return price.last <= position.stop if position.long else price.last >= position.stop


def _watch_stop(ws: Workspace, position: Position, key: str) -> None:
    since = ws.asked.setdefault(key, ws.wall_ms)
    waited = ws.wall_ms - since
    if waited >= PASSED_MS:
        del ws.asked[key]
        ws.alert(
            a.ProtectionAlert,
            position_id=position.position_id,
            symbol=position.symbol,
            profile=position.profile,
            why=f"The price passed the stop {waited / 1000:.0f} s ago and the position is still open.",
            doing="Closing at the market.",
        )
        close_position(ws, position, "stop passed")
    elif waited >= ASK_AFTER_MS and ws.asked.get(f"{key}/asked") != since:
        ws.asked[f"{key}/asked"] = since
        # Perhaps it is closed and nobody told.
        ws.emit(QueryAccount(f"the price passed the stop of {position.symbol}"))


def _watch_close(ws: Workspace, position: Position, key: str) -> None:
    since = ws.asked.setdefault(key, ws.wall_ms)
    if ws.wall_ms - since < CLOSING_MS or position.exits < TRIES:
        return
    ws.asked[key] = ws.wall_ms + AGAIN_MS - CLOSING_MS
    title = f"{position.symbol} cannot be closed"
    if "stuck" not in ws.state.holds:
        hold = Hold(
            hold_id="stuck", scope=ACCOUNT, level=HoldLevel.HALTED, reason=title, lift="admin", set_ms=ws.now_ms
        )
        ws.record(HoldSet(hold, ws.now_ms))
    naked = "" if position.held_stop else " It has no stop on the exchange."
    detail = (
        f"Its close ({position.closing}) does not succeed; it is tried again.{naked} Nothing new is opened. "
        "Look at the exchange and close it there if need be, then /resume."
    )
    ws.alert(a.SystemAlert, topic="exchange", title=title, detail=detail, critical=True)
