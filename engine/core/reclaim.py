"""A position that an entry of this installation opened, while the record of that entry is lost (the journal is an older
copy): it goes back to the profile that its id names, as soon as the exchange shows a stop for it.
"""

from engine.core.adopting import Offer, assign
from engine.core.events import Executed
from engine.core.ids import entry_code
from engine.core.portfolio import EXTERNAL, Position
from engine.core.workspace import Workspace

BY = "desk"


def on_unrecorded(ws: Workspace, event: Executed, before: Position | None) -> None:
    """Remember whose entry opened a position, after an execution of an order that the books do not know."""
    if ws.positions.get(event.symbol) is before or event.link_id in ws.state.book.orders:
        return
    code = entry_code(ws.account.tag, event.link_id)
    mine = (p.name for p in ws.account.profiles if p.code == code and event.symbol in p.symbols)
    ws.lost[event.symbol] = next(mine, "")


def give_back(ws: Workspace, symbol: str) -> None:
    """Give a position back to its profile, with the levels that the exchange holds. Without a stop there it stays
    external: a person decides.
    """
    position, profile = ws.positions[symbol], ws.profile(ws.lost.get(symbol, ""))
    if profile is None or position.profile != EXTERNAL or position.closing or not position.held_stop:
        return
    del ws.lost[symbol]
    assign(ws, symbol, Offer(profile, position.held_stop, position.held_target), by=BY)
