"""Payloads with the fields and values that Bybit's V5 documentation shows, one builder or constant per endpoint and
topic.
"""

from decimal import Decimal
from typing import Any

from engine.core.market import Instrument


def _instrument(symbol: str, tick: str, step: str) -> Instrument:
    return Instrument(symbol=symbol, tick=Decimal(tick), step=Decimal(step), min_qty=1, max_market_qty=10**6)


KNOWN = {
    "BTCUSDT": _instrument("BTCUSDT", "0.10", "0.001"),
    "ETHUSDT": _instrument("ETHUSDT", "0.01", "0.01"),
    "XRPUSDT": _instrument("XRPUSDT", "0.0001", "1"),
}

INSTRUMENT: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "symbolId": 5,
    "contractType": "LinearPerpetual",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "launchTime": "1585526400000",
    "deliveryTime": "0",
    "deliveryFeeRate": "",
    "priceScale": "2",
    "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
    "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"},
    "lotSizeFilter": {
        "maxOrderQty": "1190.000",
        "minOrderQty": "0.001",
        "qtyStep": "0.001",
        "postOnlyMaxOrderQty": "1190.000",
        "maxMktOrderQty": "500.000",
        "minNotionalValue": "5",
    },
    "unifiedMarginTrade": True,
    "fundingInterval": 480,
    "settleCoin": "USDT",
    "isPreListing": False,
    "preListingInfo": None,
    "riskParameters": {"priceLimitRatioX": "0.01", "priceLimitRatioY": "0.02"},
}

KLINE_ROW = ["1670608800000", "17071", "17073", "17027", "17055.5", "268611", "15.74462667"]

STREAMED_KLINE: dict[str, Any] = {
    "topic": "kline.5.BTCUSDT",
    "data": [
        {
            "start": 1672324800000,
            "end": 1672325099999,
            "interval": "5",
            "open": "16649.5",
            "close": "16677",
            "high": "16677",
            "low": "16608",
            "volume": "2.081",
            "turnover": "34666.4005",
            "confirm": False,
            "timestamp": 1672324988882,
        }
    ],
    "ts": 1672324988882,
    "type": "snapshot",
}

TICKER: dict[str, Any] = {
    "topic": "tickers.BTCUSDT",
    "type": "snapshot",
    "data": {
        "symbol": "BTCUSDT",
        "tickDirection": "MinusTick",
        "lastPrice": "66666.60",
        "prevPrice24h": "79206.20",
        "markPrice": "66666.60",
        "indexPrice": "115418.19",
        "turnover24h": "4936790807.6521",
        "volume24h": "73191.3870",
        "nextFundingTime": "1760342400000",
        "fundingRate": "-0.005",
        "bid1Price": "66666.60",
        "bid1Size": "23789.165",
        "ask1Price": "66666.70",
        "ask1Size": "23775.469",
        "preOpenPrice": "",
    },
    "cs": 9532239429,
    "ts": 1760325052630,
}

BOOK: dict[str, Any] = {
    "topic": "orderbook.1.BTCUSDT",
    "type": "snapshot",
    "ts": 1672304484978,
    "data": {
        "s": "BTCUSDT",
        "b": [["16493.50", "0.006"]],
        "a": [["16611.00", "0.029"]],
        "u": 18521288,
        "seq": 7961638724,
    },
    "cts": 1672304484976,
}

TRADES: dict[str, Any] = {
    "topic": "publicTrade.BTCUSDT",
    "type": "snapshot",
    "ts": 1672304486868,
    "data": [
        {
            "T": 1672304486865,
            "s": "BTCUSDT",
            "S": "Buy",
            "v": "0.001",
            "p": "16578.50",
            "L": "PlusTick",
            "i": "20f43950-d8dd-5b31-9112-a178eb6023af",
            "BT": False,
            "seq": 1783284617,
        }
    ],
}

ORDER: dict[str, Any] = {
    "orderId": "fd4300ae-7847-404e-b947-b46980a4d140",
    "orderLinkId": "test-000005",
    "blockTradeId": "",
    "symbol": "ETHUSDT",
    "price": "1600.00",
    "qty": "0.10",
    "side": "Buy",
    "isLeverage": "",
    "positionIdx": 1,
    "orderStatus": "New",
    "cancelType": "UNKNOWN",
    "rejectReason": "EC_NoError",
    "avgPrice": "0",
    "leavesQty": "0.10",
    "cumExecQty": "0.00",
    "cumExecValue": "0",
    "cumExecFee": "0",
    "timeInForce": "GTC",
    "orderType": "Limit",
    "stopOrderType": "UNKNOWN",
    "triggerPrice": "0.00",
    "takeProfit": "2500.00",
    "stopLoss": "1500.00",
    "reduceOnly": False,
    "closeOnTrigger": False,
    "tpslMode": "Full",
    "createdTime": "1684738540559",
    "updatedTime": "1684738540561",
}

EXECUTION: dict[str, Any] = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "closedSize": "0.5",
    "execFee": "26.3725275",
    "execId": "0ab1bdf7-4219-438b-b30a-32ec863018f7",
    "execPrice": "95900.1",
    "execQty": "0.5",
    "execType": "Trade",
    "execValue": "47950.05",
    "feeRate": "0.00055",
    "leavesQty": "0",
    "orderId": "9aac161b-8ed6-450d-9cab-c5cc67c21784",
    "orderLinkId": "",
    "orderPrice": "94942.5",
    "orderQty": "0.5",
    "orderType": "Market",
    "stopOrderType": "UNKNOWN",
    "side": "Sell",
    "execTime": "1746270400353",
    "isMaker": False,
    "seq": 140612148849382,
    "execPnl": "0.05",
    "createType": "CreateByUser",
    "feeCurrency": "USDT",
}

FLAT_POSITION: dict[str, Any] = {
    "positionIdx": 2,
    "tradeMode": 0,
    "symbol": "BTCUSDT",
    "side": "",
    "size": "0",
    "entryPrice": "0",
    "leverage": "10",
    "positionValue": "0",
    "markPrice": "28184.5",
    "takeProfit": "0",
    "stopLoss": "0",
    "trailingStop": "0",
    "unrealisedPnl": "0",
    "curRealisedPnl": "1.26",
    "createdTime": "1694402496913",
    "updatedTime": "1697682317038",
    "liqPrice": "0",
    "category": "linear",
    "positionStatus": "Normal",
    "seq": 8327597863,
    "isReduceOnly": False,
}

POSITION: dict[str, Any] = {
    "positionIdx": 0,
    "symbol": "BTCUSDT",
    "side": "Sell",
    "size": "0.300",
    "avgPrice": "27464.50441675",
    "positionValue": "8239.35132502",
    "tradeMode": 0,
    "positionStatus": "Normal",
    "leverage": "10",
    "markPrice": "28224.50",
    "liqPrice": "",
    "takeProfit": "0.00",
    "stopLoss": "28900.00",
    "trailingStop": "0.00",
    "unrealisedPnl": "",
    "createdTime": "1676538056258",
    "updatedTime": "1697673600012",
}

WALLET: dict[str, Any] = {
    "accountType": "UNIFIED",
    "totalEquity": "10262.91335023",
    "coin": [
        {"coin": "BTC", "equity": "0.00102964", "walletBalance": "0.00102964", "totalOrderIM": "", "locked": "0"},
        {"coin": "USDT", "equity": "10226.2", "walletBalance": "9684.46297164", "availableToBorrow": ""},
    ],
}

ACCOUNT_INFO: dict[str, Any] = {
    "marginMode": "REGULAR_MARGIN",
    "updatedTime": "1697078946000",
    "unifiedMarginStatus": 4,
    "dcpStatus": "OFF",
}

TRANSACTION: dict[str, Any] = {
    "id": "592324_XRPUSDT_161440249321",
    "symbol": "XRPUSDT",
    "side": "Buy",
    "funding": "-0.003676",
    "orderLinkId": "",
    "fee": "0.00000000",
    "change": "-0.003676",
    "cashFlow": "0",
    "transactionTime": "1672128000000",
    "type": "SETTLEMENT",
    "size": "100",
    "cashBalance": "5086.55825002",
    "currency": "USDT",
    "extraFees": "",
}

KEY: dict[str, Any] = {
    "readOnly": 0,
    "permissions": {"ContractTrade": ["Order", "Position"], "Spot": [], "Derivatives": ["DerivativesTrade"]},
    "ips": ["18.181.170.164"],
    "deadlineDay": -2,
    "expiredAt": "1970-01-01T00:00:00Z",
}

CLOSED: dict[str, Any] = {
    "symbol": "ETHUSDT",
    "orderId": "5a373bfe-188d-4913-9c81-d57ab5be8068",
    "side": "Buy",
    "closedSize": "3",
    "avgEntryPrice": "1194.97516667",
    "avgExitPrice": "1200.59",
    "closedPnl": "-24.87",
    "updatedTime": "1672214887236",
}
