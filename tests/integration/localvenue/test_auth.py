"""Who may call: signatures, clocks, keys, rights, addresses, limits."""

import pytest
from yarl import URL

from bot.localvenue import AccountSpec
from tests.integration.localvenue.rig import BOUND, READER, Rig, run

PATH = "/v5/order/realtime"
QUERY = "category=linear&settleCoin=USDT"


async def signed_code(rig: Rig, query: str, headers: dict[str, str]) -> int:
    url = URL(f"{rig.venue.url}{PATH}?{query}", encoded=True)
    async with rig.http.get(url, headers=headers) as response:
        return int((await response.json())["retCode"])


def test_any_order_of_parameters_and_any_escapes_verify_as_they_stand_on_the_wire() -> None:
    async def scene(rig: Rig) -> None:
        for query in (QUERY, "settleCoin=USDT&category=linear", "category=%6cinear&settleCoin=USDT&cursor="):
            assert await signed_code(rig, query, rig.headers(query)) == 0
        assert await signed_code(rig, "category=linear&settleCoin=%55SDT", rig.headers(QUERY)) == 10004

    run(scene)


def test_an_absent_window_verifies_too() -> None:
    async def scene(rig: Rig) -> None:
        assert await signed_code(rig, QUERY, rig.headers(QUERY, window="")) == 0

    run(scene)


@pytest.mark.parametrize(("shift", "code"), [(-4000, 0), (-6000, 10002), (500, 0), (2500, 10002)])
def test_timestamps_outside_the_window_are_refused(shift: int, code: int) -> None:
    async def scene(rig: Rig) -> None:
        assert await signed_code(rig, QUERY, rig.headers(QUERY, shift_ms=shift)) == code

    run(scene)


@pytest.mark.parametrize(("skew", "code"), [(-900, 0), (-1500, 10002), (4000, 0), (6000, 10002)])
def test_a_skewed_venue_judges_by_its_own_clock_and_shows_it(skew: int, code: int) -> None:
    async def scene(rig: Rig) -> None:
        await rig.sim("clock", skew_ms=skew)
        assert await signed_code(rig, QUERY, rig.headers(QUERY)) == code
        shown = (await rig.get("/v5/market/time"))["time"]
        assert abs(shown - rig.venue.core.config.clock.wall_ms() - skew) < 400
        assert await signed_code(rig, QUERY, rig.headers(QUERY, shift_ms=skew)) == 0

    run(scene)


def test_unsigned_and_unknown_callers_are_told_apart() -> None:
    async def scene(rig: Rig) -> None:
        assert await signed_code(rig, QUERY, {}) == 10001
        stranger = rig.headers(QUERY) | {"X-BAPI-API-KEY": "nobody"}
        assert await signed_code(rig, QUERY, stranger) == 10003
        assert await signed_code(rig, QUERY, rig.headers(QUERY) | {"X-BAPI-SIGN": "00"}) == 10004

    run(scene)


def test_rights_and_addresses_of_a_key_are_held() -> None:
    async def scene(rig: Rig) -> None:
        reading = await rig.get(PATH, name="reader", category="linear", settleCoin="USDT")
        writing = await rig.post("/v5/order/cancel-all", name="reader", category="linear", settleCoin="USDT")
        bound = await rig.get(PATH, name="bound", category="linear", settleCoin="USDT")
        assert [body["retCode"] for body in (reading, writing, bound)] == [0, 10005, 10010]

    run(scene, accounts=(AccountSpec(), READER, BOUND))


def test_accounts_do_not_see_each_other() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order()
        await rig.filled("0.100")
        other = await rig.get("/v5/position/list", name="reader", category="linear", settleCoin="USDT")
        assert other["result"]["list"] == []

    run(scene, accounts=(AccountSpec(), READER))


def test_headers_count_down_and_the_eleventh_order_of_a_second_is_refused() -> None:
    async def scene(rig: Rig) -> None:
        left, codes = [], []
        for _ in range(11):
            text = '{"category":"linear","symbol":"BTCUSDT","orderId":"x"}'
            async with rig.http.post(
                f"{rig.venue.url}/v5/order/cancel", data=text, headers=rig.headers(text)
            ) as response:
                left.append(response.headers["X-Bapi-Limit-Status"])
                codes.append((await response.json())["retCode"])
                reset = int(response.headers["X-Bapi-Limit-Reset-Timestamp"])
                assert response.headers["X-Bapi-Limit"] == "10"
        assert codes == [110001] * 10 + [10006]
        assert left == [str(number) for number in (*range(9, -1, -1), 0)]
        assert 0 < reset - rig.venue.core.config.clock.wall_ms() <= 1000

    run(scene)


def test_an_address_that_floods_is_banned_with_403_until_pardoned() -> None:
    async def scene(rig: Rig) -> None:
        statuses = []
        for _ in range(601):
            async with rig.http.get(f"{rig.venue.url}/v5/market/time") as response:
                statuses.append(response.status)
        assert statuses == [200] * 600 + [403]
        async with rig.http.delete(f"{rig.venue.url}/sim/faults"):
            pass
        assert (await rig.get("/v5/market/time"))["retCode"] == 0

    run(scene)


def test_foreign_pages_and_foreign_hosts_are_refused() -> None:
    async def scene(rig: Rig) -> None:
        for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
            for path in ("/v5/market/time", "/sim/state", "/v5/private"):
                async with rig.http.get(rig.venue.url + path, headers=headers) as response:
                    assert response.status == 403

    run(scene)
