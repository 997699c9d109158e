"""Money: fees, results, funding, transfers; the venue's records and its matching engine always agree."""

from decimal import Decimal

from bot.localvenue import AccountSpec
from tests.integration.localvenue.rig import DEMO, Rig, private, run

HOUR_S = 3600


def agree(rig: Rig) -> None:
    """The records add up to the matching engine's wallet and positions."""
    account = rig.venue.core.accounts[rig.venue.credentials()[0]]
    assert account.book.settings.cash == account.sim.wallet
    assert account.book.flows[-1].balance == account.sim.wallet
    assert sum(flow.change for flow in account.book.flows) == account.sim.wallet
    held = {leg.symbol: leg for leg in account.book.legs.values() if leg.qty}
    truth = account.sim.positions()
    assert held.keys() == truth.keys()
    for symbol, report in truth.items():
        assert account.instrument(symbol).quantity(report.qty) == held[symbol].qty
        assert report.entry_cost == held[symbol].cost


def test_records_and_engine_agree_after_many_partial_trades() -> None:
    async def scene(rig: Rig) -> None:
        sizes = ["0.100", "0.037", "0.250", "0.011", "0.300", "0.199"]
        for number, qty in enumerate(sizes * 2):
            side = "Buy" if number % 3 else "Sell"
            assert (await rig.order(side=side, qty=qty))["retCode"] == 0
            await rig.price(f"{await rig.last() + (number * 37) % 90 - 45:.1f}")
            agree(rig)
        closed = await rig.list("/v5/position/closed-pnl")
        for row in closed:
            sign = 1 if row["side"] == "Sell" else -1
            gross = sign * (Decimal(row["cumExitValue"]) - Decimal(row["cumEntryValue"]))
            fees = Decimal(row["openFee"]) + Decimal(row["closeFee"])
            assert abs(Decimal(row["closedPnl"]) - (gross - fees)) < Decimal("0.0000001")

    run(scene, rate_limits=False, accounts=(AccountSpec(wallet=Decimal(1_000_000)),))


def test_longs_pay_a_positive_funding_rate_and_it_changes_no_quantity() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order(qty="0.100")
        await rig.filled("0.100")
        ticker = (await rig.list("/v5/market/tickers", symbol="BTCUSDT"))[0]
        async with private(rig, "execution") as stream:
            await rig.sim("clock", advance_s=8 * HOUR_S)
            row = await stream.row("execution", execType="Funding")
        rate = Decimal(ticker["fundingRate"])
        assert (Decimal(row["execFee"]) > 0) == (rate > 0)
        assert abs(Decimal(row["execFee"]) - rate * Decimal(row["execValue"])) < Decimal("0.01")
        assert (await rig.position())["size"] == "0.100"
        flow = (await rig.list("/v5/account/transaction-log", type="SETTLEMENT"))[0]
        assert Decimal(flow["funding"]) == -Decimal(row["execFee"]) == Decimal(flow["change"])
        agree(rig)

    run(scene, symbols=("BTCUSDT",))


def test_a_liquidation_takes_the_margin_and_says_so() -> None:
    async def scene(rig: Rig) -> None:
        await rig.post(
            "/v5/position/set-leverage", category="linear", symbol="BTCUSDT", buyLeverage="50", sellLeverage="50"
        )
        await rig.order(qty="1.000")
        position = await rig.filled("1.000")
        edge = Decimal(position["liqPrice"])
        await rig.price(f"{edge - Decimal('0.1'):.1f}")
        await rig.filled("0")
        fill = (await rig.list("/v5/execution/list"))[0]
        assert (fill["execType"], fill["createType"], fill["orderLinkId"]) == (
            "BustTrade",
            "CreateByTakeOver_PassThrough",
            "",
        )
        loss = Decimal(position["positionIM"])
        assert abs(Decimal(fill["execValue"]) + loss - Decimal(position["positionValue"])) < Decimal("0.2")
        agree(rig)

    run(scene)


def test_a_stop_before_the_liquidation_price_saves_the_position_from_it() -> None:
    async def scene(rig: Rig) -> None:
        await rig.post(
            "/v5/position/set-leverage", category="linear", symbol="BTCUSDT", buyLeverage="50", sellLeverage="50"
        )
        last = await rig.last()
        await rig.order(qty="1.000", stopLoss=f"{last - 300:.1f}")
        edge = Decimal((await rig.filled("1.000"))["liqPrice"])
        await rig.price(f"{edge - 10:.1f}")
        await rig.filled("0")
        assert (await rig.list("/v5/execution/list"))[0]["createType"] == "CreateByStopLoss"

    run(scene)


def test_leverage_of_an_open_position_moves_margin_and_liquidation() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order()
        before = await rig.filled("0.100")
        body = {"category": "linear", "symbol": "BTCUSDT"}
        assert (await rig.post("/v5/position/set-leverage", **body, buyLeverage="20", sellLeverage="20"))[
            "retCode"
        ] == 0
        after = await rig.position()
        assert Decimal(after["positionIM"]) * 2 == Decimal(before["positionIM"])
        assert Decimal(after["liqPrice"]) > Decimal(before["liqPrice"])
        same = await rig.post("/v5/position/set-leverage", **body, buyLeverage="20", sellLeverage="20")
        assert (same["retCode"], same["retMsg"]) == (110043, "leverage not modified")
        agree(rig)

    run(scene)


def test_demo_money_and_transfers_reach_wallet_log_and_stream() -> None:
    async def scene(rig: Rig) -> None:
        async with private(rig, "wallet") as stream:
            body = {"adjustType": 0, "utaDemoApplyMoney": [{"coin": "USDT", "amountStr": "500"}]}
            assert (await rig.post("/v5/account/demo-apply-money", **body))["retCode"] == 0
            row = await stream.row("wallet")
            assert row["coin"][0]["walletBalance"] == "10500"
        again = await rig.post("/v5/account/demo-apply-money", **body)
        assert again["retCode"] == 10006
        key = rig.venue.credentials()[0]
        await rig.sim(f"accounts/{key}/withdrawals", amount="10000")
        flows = await rig.list("/v5/account/transaction-log", category="")
        assert [(row["type"], row["change"], row["cashBalance"]) for row in flows] == [
            ("TRANSFER_OUT", "-10000", "500"),
            ("TRANSFER_IN", "500", "10500"),
            ("TRANSFER_IN", "10000", "10000"),
        ]
        agree(rig)

    run(scene)


def test_isolated_margin_leaves_account_wide_figures_empty_and_cross_fills_them() -> None:
    async def scene(rig: Rig) -> None:
        row = (await rig.list("/v5/account/wallet-balance", accountType="UNIFIED"))[0]
        assert (row["totalAvailableBalance"], row["totalEquity"]) == ("", "10000")
        assert (await rig.post("/v5/account/set-margin-mode", setMarginMode="REGULAR_MARGIN"))["retCode"] == 0
        assert (await rig.get("/v5/account/info"))["result"]["marginMode"] == "REGULAR_MARGIN"
        await rig.order()
        await rig.filled("0.100")
        row = (await rig.list("/v5/account/wallet-balance", accountType="UNIFIED"))[0]
        coin = row["coin"][0]
        free = Decimal(coin["walletBalance"]) - Decimal(coin["totalPositionIM"]) - Decimal(coin["totalOrderIM"])
        assert Decimal(row["totalAvailableBalance"]) == free
        refused = await rig.post("/v5/account/set-margin-mode", setMarginMode="ISOLATED_MARGIN")
        assert refused["retCode"] == 3400045
        assert refused["result"]["reasons"]

    run(scene)


def test_demo_accounts_are_refused_what_bybit_refuses_them() -> None:
    async def scene(rig: Rig) -> None:
        for path in ("/v5/account/fee-rate", "/v5/user/query-api"):
            reply = await rig.get(path, category="linear")
            assert (reply["retCode"], reply["retMsg"]) == (10032, "Demo trading are not supported.")

    run(scene, accounts=(DEMO,))


def test_the_key_tells_what_it_may_do() -> None:
    async def scene(rig: Rig) -> None:
        key = (await rig.get("/v5/user/query-api"))["result"]
        assert (key["readOnly"], key["ips"], key["permissions"]["Wallet"]) == (0, ["*"], [])
        assert key["permissions"]["ContractTrade"] == ["Order", "Position"]
        fees = (await rig.list("/v5/account/fee-rate", symbol="BTCUSDT"))[0]
        assert fees == {"symbol": "BTCUSDT", "takerFeeRate": "0.00055", "makerFeeRate": "0.0002"}

    run(scene)
