"""Documented payloads parse into the core's values."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.candles import Bar
from engine.core.events import ExecKind, Executed, FundingPaid, OrderReport, PositionReport
from engine.core.market import MINUTE_MS, Instrument, Status
from engine.core.money import to_money
from engine.exchanges.bybit import parse_account as account
from engine.exchanges.bybit import parse_market as market
from engine.exchanges.bybit import parse_orders as orders
from engine.exchanges.bybit.parse import BadData
from tests.unit.bybit import documented as doc

SCALE = market.Scale.of(doc.KNOWN["BTCUSDT"])


def test_an_instrument_is_read_with_its_grids_and_limits() -> None:
    read = market.instrument(doc.INSTRUMENT)
    assert read == Instrument(
        symbol="BTCUSDT",
        tick=Decimal("0.1"),
        step=Decimal("0.001"),
        min_qty=1,
        max_market_qty=500_000,
        min_notional=Decimal(5),
        max_leverage=Decimal(100),
    )


@pytest.mark.parametrize(
    ("change", "want"),
    [
        ({"status": "Delivering"}, Status.DELIVERING),
        ({"status": "PreLaunch"}, Status.PRE_LAUNCH),
        ({"status": "SomethingNew"}, Status.CLOSED),
    ],
)
def test_an_instrument_s_status_is_read_and_a_new_word_means_no_trading(change: dict[str, Any], want: Status) -> None:
    read = market.instrument(doc.INSTRUMENT | change)
    assert isinstance(read, Instrument)
    assert read.status is want


def test_a_delisting_time_is_read() -> None:
    read = market.instrument(doc.INSTRUMENT | {"deliveryTime": "1760000000000"})
    assert isinstance(read, Instrument)
    assert read.delivery_ms == 1_760_000_000_000


@pytest.mark.parametrize("change", [{"contractType": "LinearFutures"}, {"settleCoin": "USDC"}, {"symbol": "BTC-26DEC"}])
def test_what_the_desk_does_not_trade_is_skipped(change: dict[str, Any]) -> None:
    assert isinstance(market.instrument(doc.INSTRUMENT | change), market.Skipped)


def test_candles_are_read_from_both_sources() -> None:
    hour = 60 * MINUTE_MS
    assert market.candle(doc.KLINE_ROW, "BTCUSDT", hour) == Bar(
        "BTCUSDT", hour, 1_670_608_800_000, 17_071.0, 17_073.0, 17_027.0, 17_055.5, 268_611.0
    )
    row = doc.STREAMED_KLINE["data"][0]
    assert market.streamed_candle(row, "BTCUSDT", 5 * MINUTE_MS) is None
    closed = market.streamed_candle(row | {"confirm": True}, "BTCUSDT", 5 * MINUTE_MS)
    assert closed == Bar("BTCUSDT", 300_000, 1_672_324_800_000, 16_649.5, 16_677.0, 16_608.0, 16_677.0, 2.081)


def test_a_ticker_snapshot_is_whole_and_a_delta_only_what_changed() -> None:
    whole = market.ticker(doc.TICKER["data"], SCALE)
    assert whole == market.TickerRow(666_666, 666_666, 666_666, 666_667, 4_936_790_807, (1_760_342_400_000, -500_000))
    delta = market.ticker({"symbol": "BTCUSDT", "bid1Price": "66666.50", "ask1Price": ""}, SCALE)
    assert delta == market.TickerRow(None, None, 666_665, None, None, None)


def test_best_quotes_and_trades_are_read() -> None:
    assert market.best_quotes(doc.BOOK["data"], SCALE) == (164_935, 166_110)
    assert market.best_quotes({"b": [], "a": [["1.0", "2"]]}, SCALE) == (0, 10)
    assert market.public_trades(doc.TRADES["data"], SCALE) == market.Traded(165_785, 165_785, 165_785, 1672304486865)
    block = [doc.TRADES["data"][0] | {"BT": True}]
    assert market.public_trades(block, SCALE) is None


def test_a_crossed_book_is_bad_data() -> None:
    assert isinstance(market.best_quotes({"b": [["2.0", "1"]], "a": [["1.0", "2"]]}, SCALE), BadData)


def test_an_order_is_read() -> None:
    read = orders.order(doc.ORDER, doc.KNOWN)
    assert isinstance(read, orders.OrderRow)
    assert read.report == OrderReport(
        "test-000005",
        "fd4300ae-7847-404e-b947-b46980a4d140",
        "ETHUSDT",
        True,
        False,
        0,
        False,
        "limit buy 0.10 at 1600.00",
    )
    assert (read.own, read.at_ms) == (False, 1_684_738_540_561)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"orderType": "Market", "price": ""}, "market buy 0.10"),
        ({"triggerPrice": "1500"}, "limit buy 0.10 at 1600.00, triggered at 1500"),
        ({"triggerPrice": "0.00"}, "limit buy 0.10 at 1600.00"),
        ({"orderType": "", "side": "", "qty": ""}, ""),
    ],
)
def test_an_order_is_told_in_words(change: dict[str, str], words: str) -> None:
    read = orders.order(doc.ORDER | change, doc.KNOWN)
    assert isinstance(read, orders.OrderRow)
    assert read.report.what == words


@pytest.mark.parametrize(
    ("change", "open_", "rejected", "filled", "why"),
    [
        ({"orderStatus": "Filled", "cumExecQty": "0.10"}, False, False, 10, "Filled"),
        ({"orderStatus": "Cancelled", "cumExecQty": "0.04"}, False, False, 4, "Cancelled"),
        ({"orderStatus": "Cancelled", "cancelType": "CancelByUser"}, False, False, 0, "Cancelled: CancelByUser"),
        ({"orderStatus": "Rejected", "rejectReason": "EC_NoImmediateQtyToFill"}, False, True, 0, "EC_NoImmediateQty"),
        ({"orderStatus": "Untriggered"}, True, False, 0, "Untriggered"),
    ],
)
def test_every_way_an_order_stands_is_read(
    change: dict[str, Any], open_: bool, rejected: bool, filled: int, why: str
) -> None:
    read = orders.order(doc.ORDER | change, doc.KNOWN)
    assert isinstance(read, orders.OrderRow)
    assert (read.report.open, read.report.rejected, read.report.filled) == (open_, rejected, filled)
    assert read.why.startswith(why)


def test_a_stop_of_the_exchange_is_its_own_order() -> None:
    for change in ({"createType": "CreateByStopLoss"}, {"stopOrderType": "TakeProfit"}):
        read = orders.order(doc.ORDER | change, doc.KNOWN)
        assert isinstance(read, orders.OrderRow)
        assert read.own


def test_an_unknown_order_status_is_bad_data() -> None:
    assert isinstance(orders.order(doc.ORDER | {"orderStatus": "Dreaming"}, doc.KNOWN), BadData)


EXECUTED = Executed(
    exec_id="0ab1bdf7-4219-438b-b30a-32ec863018f7",
    link_id="",
    order_id="9aac161b-8ed6-450d-9cab-c5cc67c21784",
    symbol="BTCUSDT",
    buy=False,
    price=959_001,
    qty=500,
    fee=to_money("26.3725275"),
    kind=ExecKind.MANUAL,
    at_ms=1_746_270_400_353,
)


@pytest.mark.parametrize(
    ("change", "kind", "link"),
    [
        ({}, ExecKind.MANUAL, ""),
        ({"orderLinkId": "pd-1"}, ExecKind.ORDER, "pd-1"),
        ({"createType": "CreateByClosing"}, ExecKind.MANUAL, ""),
        ({"createType": "CreateByStopLoss", "orderLinkId": "x"}, ExecKind.STOP, ""),
        ({"createType": "CreateByTakeProfit"}, ExecKind.TARGET, ""),
        ({"createType": "CreateByTrailingStop"}, ExecKind.TRAILING, ""),
        ({"createType": "", "stopOrderType": "StopLoss"}, ExecKind.STOP, ""),
        ({"createType": "CreateByLiq"}, ExecKind.LIQUIDATION, ""),
        ({"execType": "BustTrade", "createType": "CreateByTakeOver_PassThrough"}, ExecKind.LIQUIDATION, ""),
        ({"execType": "AdlTrade", "createType": "CreateByAdl_PassThrough"}, ExecKind.ADL, ""),
        ({"execType": "Delivery", "createType": ""}, ExecKind.DELIVERY, ""),
        ({"execType": "Settle"}, ExecKind.DELIVERY, ""),
    ],
)
def test_an_execution_knows_who_made_it(change: dict[str, Any], kind: ExecKind, link: str) -> None:
    assert orders.execution(doc.EXECUTION | change, doc.KNOWN) == replace(EXECUTED, kind=kind, link_id=link)


def test_funding_is_no_trade_and_keeps_its_sign() -> None:
    for fee in ("0.5", "-0.5"):
        row = doc.EXECUTION | {"execType": "Funding", "execFee": fee, "orderType": "UNKNOWN"}
        read = orders.execution(row, doc.KNOWN)
        assert read == FundingPaid(EXECUTED.exec_id, "BTCUSDT", to_money(fee), EXECUTED.at_ms)


def test_fees_of_other_coins_do_not_touch_the_wallet_and_taxes_do() -> None:
    other = orders.execution(doc.EXECUTION | {"feeCurrency": "MNT"}, doc.KNOWN)
    tax = {"feeCoin": "USDT", "feeType": "GST", "feeRate": "0.0000675", "fee": "0.006403779"}
    taxed = orders.execution(doc.EXECUTION | {"extraFees": [tax]}, doc.KNOWN)
    assert isinstance(other, Executed)
    assert isinstance(taxed, Executed)
    assert (other.fee, taxed.fee) == (0, EXECUTED.fee + to_money("0.00640378"))


def test_positions_are_read_from_both_sources() -> None:
    flat, short = (account.position(row, doc.KNOWN) for row in (doc.FLAT_POSITION, doc.POSITION))
    assert isinstance(flat, account.PositionRow)
    assert isinstance(short, account.PositionRow)
    assert (flat.qty, flat.stop, flat.target, flat.hedge) == (0, 0, 0, True)
    assert (short.qty, short.stop, short.target, short.hedge, short.leverage) == (-300, 289_000, 0, False, Decimal(10))
    assert abs(short.cost - to_money("8239.351325025")) < to_money("0.0001")


@pytest.mark.parametrize(
    ("text", "ticks"), [("", 0), ("0", 0), ("0.00", 0), ("100.00", 1_000), ("100.09", 1_000), ("0.01", 1)]
)
def test_the_distance_of_a_trailing_stop_is_read_and_never_taken_as_wider(text: str, ticks: int) -> None:
    read = account.position(doc.POSITION | {"trailingStop": text}, doc.KNOWN)
    assert isinstance(read, account.PositionRow)
    assert read.trail == ticks
    assert account.together([read])[0].trail == ticks


def test_a_trailing_distance_below_zero_cannot_be_read() -> None:
    assert isinstance(account.position(doc.POSITION | {"trailingStop": "-1"}, doc.KNOWN), BadData)


def test_the_cost_of_a_cut_average_is_the_sum_of_its_fills() -> None:
    row = doc.POSITION | {"size": "0.003", "avgPrice": "100.36666667"}
    read = account.position(row, doc.KNOWN)
    assert isinstance(read, account.PositionRow)
    assert read.cost == to_money("0.3011")


def test_both_sides_of_hedge_mode_are_summed_in_any_order() -> None:
    long_ = account.PositionRow("BTCUSDT", 5, 500, 1, 2, True, None, 0)
    flat = account.PositionRow("BTCUSDT", 0, 0, 0, 0, True, None, 0)
    short = account.PositionRow("BTCUSDT", -2, 210, 3, 4, True, None, 0)
    assert account.together([flat, short]) == account.together([short, flat])
    assert account.together([flat, short]) == (PositionReport("BTCUSDT", -2, 210, 3, 4),)
    assert account.together([long_, short]) == account.together([short, long_])
    assert account.together([long_, short]) == (PositionReport("BTCUSDT", 3, 300, 1, 2),)
    assert account.together([flat]) == ()


def test_the_wallet_is_the_settle_coin_s_and_absent_is_not_zero() -> None:
    assert account.wallet(doc.WALLET) == to_money("9684.46297164")
    other = doc.WALLET | {"coin": doc.WALLET["coin"][:1]}
    assert account.wallet(other) is None
    assert account.first_wallet([other]) == 0
    assert isinstance(account.first_wallet([]), BadData)


def test_account_key_transactions_and_closed_results_are_read() -> None:
    assert account.account_info(doc.ACCOUNT_INFO) == account.AccountInfo("REGULAR_MARGIN", True)
    key = account.key_info(doc.KEY)
    assert isinstance(key, account.KeyInfo)
    assert key.rights == (("ContractTrade", ("Order", "Position")), ("Derivatives", ("DerivativesTrade",)))
    assert (key.addresses, key.days_left, key.read_only) == (("18.181.170.164",), None, False)
    line = account.transaction(doc.TRANSACTION)
    assert isinstance(line, account.Transaction)
    assert (line.kind, line.change, line.funding) == ("SETTLEMENT", to_money("-0.003676"), to_money("-0.003676"))
    closed = account.closed_pnl(doc.CLOSED)
    assert isinstance(closed, account.ClosedRow)
    assert (closed.buy, closed.pnl, closed.exit) == (True, to_money("-24.87"), Decimal("1200.59"))


@pytest.mark.parametrize(
    "value", ["NaN", "inf", "-1", "0", "", "1e5", " 5", "1_0", "٣", None, 5, 5.5, True, [], "9" * 20]
)
def test_a_price_is_a_plain_positive_decimal_or_bad_data(value: object) -> None:
    assert isinstance(orders.execution(doc.EXECUTION | {"execPrice": value}, doc.KNOWN), BadData)
    assert isinstance(market.candle([doc.KLINE_ROW[0], value, *doc.KLINE_ROW[2:]], "BTCUSDT", 60 * MINUTE_MS), BadData)
    trade = doc.TRADES["data"][0] | {"p": value}
    assert isinstance(market.public_trades([trade], SCALE), BadData)


@pytest.mark.parametrize("value", ["0.0005", "-1", "NaN", "1e3", "0"])
def test_a_quantity_is_on_the_grid_and_above_zero(value: str) -> None:
    assert isinstance(orders.execution(doc.EXECUTION | {"execQty": value}, doc.KNOWN), BadData)
