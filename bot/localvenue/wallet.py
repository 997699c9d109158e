"""The money side of an account: margin of positions and orders, wallet rows, position rows."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.localvenue.account import MAINTENANCE_PPM, TAKER_RATE, Account
from bot.localvenue.model import STOP_LOSS, TAKE_PROFIT, TRAILING, Leg
from bot.localvenue.numbers import ZERO, money, on_grid, or_empty, plain
from bot.localvenue.rows import average_price, unrealised
from engine.core.money import PPM, Money, from_money, to_money

_RISK_LIMIT = "2000000"


@dataclass(frozen=True, slots=True)
class Totals:
    """An account's money in 1e-8 quote."""

    wallet: Money
    open_result: Money
    position_margin: Money
    maintenance: Money
    order_margin: Money

    @property
    def equity(self) -> Money:
        """Wallet and open results."""
        return self.wallet + self.open_result


def open_result(account: Account, leg: Leg) -> Money:
    """Return the open result of a leg at mark."""
    return unrealised(leg, to_money(account.board.mark(leg.symbol) * leg.size)) if leg.qty else 0


def totals(account: Account) -> Totals:
    """Return what the account is worth and what of it is bound."""
    held = [leg for leg in account.book.legs.values() if leg.qty]
    margin = sum(_initial(leg) for leg in held)
    wallet = account.sim.wallet
    return Totals(
        wallet,
        sum(open_result(account, leg) for leg in held),
        margin,
        sum(_maintenance(leg) for leg in held),
        max(wallet - account.sim.free_margin - margin, 0),
    )


def _initial(leg: Leg) -> Money:
    return -(-leg.cost // int(leg.leverage))


def _maintenance(leg: Leg) -> Money:
    return leg.cost * MAINTENANCE_PPM // PPM


def wallet_row(account: Account) -> dict[str, Any]:
    """Return the account as wallet-balance shows it. Account-wide margin figures are "" in isolated margin."""
    sums = totals(account)
    wide = dict.fromkeys(_WIDE, "")
    if account.book.settings.margin_mode != "ISOLATED_MARGIN":
        wide = _wide(sums)
    return {
        "accountType": "UNIFIED",
        "totalEquity": money(sums.equity),
        "totalWalletBalance": money(sums.wallet),
        "totalMarginBalance": money(sums.equity) if wide["totalInitialMargin"] else "",
        "totalPerpUPL": money(sums.open_result),
        "accountLTV": "",
        **wide,
        "coin": [_coin(account, sums)],
    }


_WIDE = (
    "accountIMRate",
    "accountIMRateByMp",
    "accountMMRate",
    "accountMMRateByMp",
    "totalAvailableBalance",
    "totalInitialMargin",
    "totalInitialMarginByMp",
    "totalMaintenanceMargin",
    "totalMaintenanceMarginByMp",
)


def _wide(sums: Totals) -> dict[str, str]:
    initial = sums.position_margin + sums.order_margin
    rates = [_rate(value, sums.equity) for value in (initial, sums.maintenance)]
    values = [rates[0], rates[0], rates[1], rates[1], money(sums.wallet - initial)]
    return dict(zip(_WIDE, [*values, *[money(initial)] * 2, *[money(sums.maintenance)] * 2], strict=True))


def _rate(part: Money, whole: Money) -> str:
    return plain((Decimal(part) / Decimal(whole)).quantize(Decimal("0.0001"))) if whole > 0 else "0"


def _coin(account: Account, sums: Totals) -> dict[str, Any]:
    return {
        "coin": "USDT",
        "equity": money(sums.equity),
        "usdValue": money(sums.equity),
        "walletBalance": money(sums.wallet),
        "availableToWithdraw": "",
        "availableToBorrow": "",
        "borrowAmount": "0",
        "accruedInterest": "0",
        "totalOrderIM": money(sums.order_margin),
        "totalPositionIM": money(sums.position_margin),
        "totalPositionMM": money(sums.maintenance),
        "unrealisedPnl": money(sums.open_result),
        "cumRealisedPnl": money(sum(leg.total for leg in account.book.legs.values())),
        "bonus": "0",
        "collateralSwitch": True,
        "marginCollateral": True,
        "locked": "0",
        "spotHedgingQty": "0",
        "spotBorrow": "0",
    }


def position_row(account: Account, leg: Leg) -> dict[str, Any]:
    """Return a position as position/list shows it; a flat one too."""
    instrument = account.instrument(leg.symbol)
    tick, value, result = instrument.tick, from_money(leg.cost), open_result(account, leg)
    liquidation = account.liquidation(leg)
    held = bool(leg.qty)
    return {
        "positionIdx": leg.idx,
        "riskId": 1,
        "riskLimitValue": _RISK_LIMIT,
        "symbol": leg.symbol,
        "side": leg.side,
        "size": on_grid(leg.size, instrument.step) if held else "0",
        "avgPrice": average_price(leg, instrument),
        "positionValue": plain(value) if held else "",
        "tradeMode": 0,
        "autoAddMargin": 0,
        "positionStatus": leg.status,
        "leverage": plain(leg.leverage),
        "breakEvenPrice": _break_even(leg, tick),
        "markPrice": on_grid(account.board.mark(leg.symbol), tick),
        "liqPrice": on_grid(liquidation, tick) if liquidation > tick else "",
        "bustPrice": "",
        "positionIM": money(_initial(leg)) if held else "",
        "positionIMByMp": money(_initial(leg)) if held else "",
        "positionMM": money(_maintenance(leg)) if held else "",
        "positionMMByMp": money(_maintenance(leg)) if held else "",
        "positionBalance": money(_initial(leg)) if held else "0",
        "tpslMode": "Full",
        **protection(account, leg),
        "sessionAvgPrice": "",
        "delta": "",
        "gamma": "",
        "vega": "",
        "theta": "",
        "unrealisedPnl": money(result) if held else "",
        "curRealisedPnl": money(leg.current),
        "cumRealisedPnl": money(leg.total),
        "adlRankIndicator": 2 if held else 0,
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "seq": leg.seq,
        "createdTime": str(leg.created_ms),
        "updatedTime": str(leg.updated_ms),
    }


def position_push(account: Account, leg: Leg) -> dict[str, Any]:
    """Return a position as the position topic shows it: the entry price has another name, flat figures are zeros."""
    row = position_row(account, leg)
    row["entryPrice"] = row.pop("avgPrice")
    row["category"] = "linear"
    for name in ("positionValue", "positionIM", "positionIMByMp", "positionMM", "positionMMByMp", "unrealisedPnl"):
        row[name] = row[name] or "0"
    for name in ("takeProfit", "stopLoss", "trailingStop"):
        row[name] = row[name] or "0"
    return row


def protection(account: Account, leg: Leg) -> dict[str, str]:
    """Return stop, target and trailing distance of the whole position, "" where there is none."""
    tick = account.instrument(leg.symbol).tick
    found = {TAKE_PROFIT: ZERO, STOP_LOSS: ZERO, TRAILING: ZERO}
    for order in account.book.protecting(leg, tuple(found)):
        found[order.stop_order_type] = order.distance if order.stop_order_type == TRAILING else order.trigger_price
    return {
        "takeProfit": or_empty(found[TAKE_PROFIT], tick),
        "stopLoss": or_empty(found[STOP_LOSS], tick),
        "trailingStop": or_empty(found[TRAILING], tick),
    }


def _break_even(leg: Leg, tick: Decimal) -> str:
    if not leg.qty:
        return ""
    realised, cost = from_money(leg.current), from_money(leg.cost)
    sign = 1 if leg.qty > 0 else -1
    return on_grid((cost * sign - realised) / (leg.qty - leg.size * TAKER_RATE), tick)
