"""The 24 h turnover of every perpetual, read once: which symbols are worth following."""

from engine.exchanges.bybit.caller import Caller
from engine.exchanges.bybit.endpoints import TICKERS
from engine.exchanges.bybit.parse import BadData, Fields, guarded
from engine.exchanges.bybit.queries import rows_of


async def turnovers(caller: Caller) -> dict[str, int]:
    """Return turnovers in whole quote currency by symbol; rows that cannot be read are left out. Raises
    QueryFailedError.
    """
    rows = [_turnover(row) for row in await rows_of(caller, TICKERS, {})]
    return dict(row for row in rows if not isinstance(row, BadData))


@guarded
def _turnover(row: object) -> tuple[str, int]:
    fields = Fields(row, "ticker")
    return fields.text("symbol"), int(fields.decimal("turnover24h"))
