"""Private REST endpoints about the account: wallet, settings, fees, log, demo money, the key itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.localvenue.account import MAKER_RATE, TAKER_RATE
from bot.localvenue.calls import Call, Endpoint, Reply
from bot.localvenue.codes import invalid
from bot.localvenue.forced import transfer
from bot.localvenue.listing import base_coin
from bot.localvenue.numbers import decimal_of, int_of, plain, text_of
from bot.localvenue.paging import limit_of, page, window
from bot.localvenue.placing import linear
from bot.localvenue.positions import set_margin_mode
from bot.localvenue.rows import flow_row
from bot.localvenue.wallet import wallet_row
from engine.core.market import DAY_MS
from engine.core.money import to_money

_MOST_DEMO_MONEY = 100_000
_UNBOUND_KEY_DAYS = 90


def wallet_balance(call: Call) -> Reply:
    """The unified account's balance."""
    if call.params.get("accountType") != "UNIFIED":
        raise invalid("accountType only support UNIFIED.")
    row = wallet_row(call.account)
    coins = text_of(call.params, "coin")
    if coins:
        row["coin"] = [coin for coin in row["coin"] if coin["coin"] in coins.split(",")]
    return Reply({"list": [row]})


def info(call: Call) -> Reply:
    """Account settings."""
    settings = call.account.book.settings
    return Reply(
        {
            "unifiedMarginStatus": 6,
            "marginMode": settings.margin_mode,
            "dcpStatus": "OFF",
            "timeWindow": 10,
            "smpGroup": 0,
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
            "updatedTime": str(settings.updated_ms or settings.opened_ms),
        }
    )


def margin_mode(call: Call) -> Reply:
    """Set the account's margin mode."""
    return Reply(set_margin_mode(call.account, call.params, call.now_ms))


def fee_rate(call: Call) -> Reply:
    """Fees by symbol."""
    linear(call.params)
    listing, symbol = call.core.board.listing, text_of(call.params, "symbol")
    base = text_of(call.params, "baseCoin")
    symbols = [listing.need(symbol).symbol] if symbol else [s for s in listing if not base or base_coin(s) == base]
    taker, maker = plain(TAKER_RATE), plain(MAKER_RATE)
    return Reply({"list": [{"symbol": s, "takerFeeRate": taker, "makerFeeRate": maker} for s in symbols]})


def transaction_log(call: Call) -> Reply:
    """Cash flows of a window, the newest first."""
    body, account = call.params, call.account
    given = int_of(body, "startTime") is not None and int_of(body, "endTime") is not None
    span = window(body, call.now_ms, span_ms=7 * DAY_MS if given else DAY_MS)
    kind, category, currency = (text_of(body, name) for name in ("type", "category", "currency"))
    base = text_of(body, "baseCoin")
    found = [
        flow
        for flow in reversed(account.book.flows)
        if flow.at_ms in span
        and kind in {"", flow.kind}
        and (not category or (category == "linear" and flow.symbol))
        and currency in {"", "USDT"}
        and base in {"", base_coin(flow.symbol)}
    ]
    limit = limit_of(body, default=20, most=50)
    rows, cursor = page(found, body, name=lambda flow: str(flow.number), limit=limit)
    return Reply({"list": [flow_row(flow, account.identity.uid) for flow in rows], "nextPageCursor": cursor})


def apply_money(call: Call) -> Reply:
    """Add (or with adjustType 1 take away) demo money: USDT, at most 100,000 a request."""
    rows = call.params.get("utaDemoApplyMoney")
    sign = -1 if int_of(call.params, "adjustType", 0) == 1 else 1
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise invalid("params error: utaDemoApplyMoney invalid")
    for row in rows:
        amount = decimal_of(row, "amountStr")
        if row.get("coin") != "USDT" or amount is None or not 0 < amount <= _MOST_DEMO_MONEY:
            raise invalid("params error: USDT up to 100000 can be applied for")
    for row in rows:
        transfer(call.account, sign * to_money(str(row["amountStr"])), call.now_ms)
    call.core.soon(call.account, "")
    return Reply({})


def api_key(call: Call) -> Reply:
    """What the key is and may do: contract trading and reading, bound to addresses where it has any."""
    owner, book = call.account.identity, call.account.book
    opened = datetime.fromtimestamp(book.settings.opened_ms / 1000, UTC)
    expires = opened + timedelta(days=_UNBOUND_KEY_DAYS)
    left = (expires - datetime.fromtimestamp(call.now_ms / 1000, UTC)).days
    bound = bool(owner.ips)
    nothing: list[str] = []
    permissions: dict[str, Any] = dict.fromkeys(_PERMISSIONS, nothing)
    permissions |= {"ContractTrade": ["Order", "Position"]}
    return Reply(
        {
            "id": str(owner.uid),
            "note": owner.name,
            "apiKey": owner.key,
            "readOnly": int(owner.read_only),
            "secret": "",
            "permissions": permissions,
            "ips": list(owner.ips) or ["*"],
            "type": 1,
            "deadlineDay": -2 if bound else left,
            "expiredAt": "1970-01-01T00:00:00Z" if bound else expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "createdAt": opened.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "unified": 0,
            "uta": 1,
            "userID": owner.uid,
            "inviterID": 0,
            "vipLevel": "No VIP",
            "mktMakerLevel": "0",
            "affiliateID": 0,
            "rsaPublicKey": "",
            "isMaster": True,
            "parentUid": "0",
            "kycLevel": "LEVEL_1",
            "kycRegion": "",
        }
    )


_PERMISSIONS = (
    "ContractTrade",
    "Spot",
    "Wallet",
    "Options",
    "Derivatives",
    "CopyTrading",
    "BlockTrade",
    "Exchange",
    "NFT",
    "Affiliate",
    "Earn",
)

ENDPOINTS = (
    Endpoint(method="GET", path="/v5/account/wallet-balance", handler=wallet_balance),
    Endpoint(method="GET", path="/v5/account/info", handler=info),
    Endpoint(method="POST", path="/v5/account/set-margin-mode", handler=margin_mode),
    Endpoint(method="GET", path="/v5/account/fee-rate", handler=fee_rate, in_demo=False),
    Endpoint(method="GET", path="/v5/account/transaction-log", handler=transaction_log),
    Endpoint(method="POST", path="/v5/account/demo-apply-money", handler=apply_money),
    Endpoint(method="GET", path="/v5/user/query-api", handler=api_key, in_demo=False),
)
