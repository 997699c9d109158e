"""The REST endpoints the desk uses, and how often each may be asked."""

from typing import NamedTuple

from engine.limiter import Budget

CATEGORY = "linear"


class Endpoint(NamedTuple):
    """One endpoint: HTTP method, path, group of the request budget, and whether requests are signed."""

    method: str
    path: str
    group: str
    signed: bool = True


CREATE = Endpoint("POST", "/v5/order/create", "create")
CREATE_BATCH = Endpoint("POST", "/v5/order/create-batch", "batch")
CANCEL = Endpoint("POST", "/v5/order/cancel", "cancel")
TRADING_STOP = Endpoint("POST", "/v5/position/trading-stop", "stop")
SET_LEVERAGE = Endpoint("POST", "/v5/position/set-leverage", "leverage")

OPEN_ORDERS = Endpoint("GET", "/v5/order/realtime", "realtime")
ORDER_HISTORY = Endpoint("GET", "/v5/order/history", "history")
EXECUTIONS = Endpoint("GET", "/v5/execution/list", "executions")
POSITIONS = Endpoint("GET", "/v5/position/list", "positions")
CLOSED_PNL = Endpoint("GET", "/v5/position/closed-pnl", "closed")
WALLET = Endpoint("GET", "/v5/account/wallet-balance", "wallet")
TRANSACTIONS = Endpoint("GET", "/v5/account/transaction-log", "transactions")
ACCOUNT_INFO = Endpoint("GET", "/v5/account/info", "account")
KEY_INFO = Endpoint("GET", "/v5/user/query-api", "key")

SERVER_TIME = Endpoint("GET", "/v5/market/time", "market", signed=False)
INSTRUMENTS = Endpoint("GET", "/v5/market/instruments-info", "market", signed=False)
KLINE = Endpoint("GET", "/v5/market/kline", "market", signed=False)
TICKERS = Endpoint("GET", "/v5/market/tickers", "market", signed=False)

# Per second and account, as documented. Entries leave three of ten to exits, which share their endpoint.
_ORDERS = Budget(limit=10, reserve=3)
_QUESTIONS = Budget(limit=40)
BUDGETS = {
    "create": _ORDERS,
    "batch": _ORDERS,
    "cancel": _ORDERS,
    "stop": Budget(limit=10),
    "leverage": Budget(limit=9),
    "key": Budget(limit=5),
    "market": Budget(limit=60),
    **dict.fromkeys(
        ("realtime", "history", "executions", "positions", "closed", "wallet", "transactions", "account"), _QUESTIONS
    ),
}
# The address may send 600 in 5 s; other programs may share it.
OVERALL = Budget(limit=500, window_s=5.0, reserve=60)
