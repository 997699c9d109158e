"""Addresses, the exchange's clock, health, request bodies and findings."""

import pytest

from engine.core.events import Event, VenueChanged, VenueState
from engine.core.orders import Purpose, Ticket
from engine.exchanges.bybit.checks import Grade, SymbolState, clock_findings, mode_findings
from engine.exchanges.bybit.connection import Credentials
from engine.exchanges.bybit.health import Health
from engine.exchanges.bybit.history import interval_of
from engine.exchanges.bybit.hosts import HostError, Hosts, hosts_of, is_loopback
from engine.exchanges.bybit.orders import order_body, stop_body
from engine.exchanges.bybit.rest import Access
from engine.exchanges.bybit.servertime import Offset, ServerTime
from engine.exchanges.bybit.stream import Login
from tests.unit.bybit.documented import KNOWN

UP, DEGRADED, DOWN = VenueState.UP, VenueState.DEGRADED, VenueState.DOWN


def test_each_world_has_its_own_hosts_and_demo_reads_live_prices() -> None:
    assert hosts_of("demo") == Hosts(
        rest="https://api-demo.bybit.com",
        public="wss://stream.bybit.com/v5/public/linear",
        private="wss://stream-demo.bybit.com/v5/private",
    )
    assert hosts_of("testnet").rest == "https://api-testnet.bybit.com"
    assert hosts_of("live").rest == "https://api.bybit.com"
    with pytest.raises(HostError, match="demo, testnet, live"):
        hosts_of("moon")


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:9", "https://bybit.com.evil.example", "http://api.bybit.com", "https://notbybit.com"],
)
def test_live_keys_go_only_to_the_exchange_unless_allowed(address: str) -> None:
    with pytest.raises(HostError, match="ALLOW_CUSTOM_HOSTS"):
        hosts_of("live", rest=address)
    assert hosts_of("live", rest=address, allow_custom=True).rest == address
    assert hosts_of("demo", rest=address).rest == address


@pytest.mark.parametrize("address", ["https://api.bybit.eu", "https://api.bytick.com", "https://api.bybit.nl"])
def test_live_takes_the_exchange_s_regional_hosts(address: str) -> None:
    assert hosts_of("live", rest=address).rest == address


def test_loopback_is_told_from_the_world() -> None:
    assert is_loopback("http://127.0.0.1:1") and is_loopback("ws://localhost:1") and is_loopback("http://[::1]:1")
    assert not is_loopback("https://api.bybit.com")


def test_the_quickest_answer_says_how_far_the_clocks_are_apart() -> None:
    time = ServerTime(lambda: 1_000_000)
    time.signing.observe(sent_ms=1_000, got_ms=3_000, server_ms=2_900)
    assert time.signing.ms == 900
    time.signing.observe(sent_ms=5_000, got_ms=5_020, server_ms=5_410)
    time.signing.observe(sent_ms=6_000, got_ms=6_900, server_ms=6_800)
    assert (time.signing_ms(), time.now_ms()) == (1_000_400, 1_000_400)


def test_a_clock_that_was_set_is_believed_at_once() -> None:
    clock = Offset()
    for at in range(20):
        clock.observe(sent_ms=at * 1_000, got_ms=at * 1_000 + 20, server_ms=at * 1_000 + 10)
    clock.observe(sent_ms=50_000, got_ms=50_100, server_ms=56_050)
    assert clock.ms == 6_000


def test_a_backward_or_endless_trip_says_nothing_about_the_clock() -> None:
    clock = Offset()
    clock.observe(sent_ms=2_000, got_ms=1_000, server_ms=9_000)
    clock.observe(sent_ms=0, got_ms=9_000, server_ms=9_000)
    assert (clock.known, clock.ms) == (False, 0)


def test_a_market_that_runs_on_its_own_clock_is_followed_and_the_real_one_is_not_led_astray() -> None:
    time = ServerTime(lambda: 1_000_000)
    time.signing.observe(sent_ms=0, got_ms=0, server_ms=0)
    time.market.observe(sent_ms=0, got_ms=0, server_ms=10)
    time.hear(5_000_000)
    assert time.now_ms() == 1_000_010
    time.market.observe(sent_ms=0, got_ms=0, server_ms=600_000)
    time.hear(1_700_000)
    assert (time.now_ms(), time.signing_ms()) == (1_700_000, 1_000_000)
    time.hear(10**12)
    assert time.now_ms() == 1_700_000 + 2 * 3_600_000


def test_health_tells_the_worst_once_and_the_return_once() -> None:
    told: list[Event] = []
    health = Health(lambda: 7)
    health.connect(told.append)
    health.wrong("rest", DEGRADED, "slow")
    health.wrong("private", DEGRADED, "lost")
    health.wrong("rest", DOWN, "gone")
    health.well("rest")
    health.well("private")
    health.well("private")
    assert [(e.state, e.why, e.at_ms) for e in told if isinstance(e, VenueChanged)] == [
        (DEGRADED, "slow", 7),
        (DOWN, "gone", 7),
        (DEGRADED, "lost", 7),
        (UP, "the exchange answers again", 7),
    ]


def test_what_was_wrong_before_somebody_listened_is_told_to_him() -> None:
    told: list[Event] = []
    health = Health(lambda: 7)
    health.wrong("start", DOWN, "no answer")
    health.connect(told.append)
    assert told == [VenueChanged(DOWN, "no answer", 7)]


def _ticket(purpose: Purpose, *, qty: int = 5, whole: bool = False, symbol: str = "BTCUSDT") -> Ticket:
    entry = purpose is Purpose.ENTRY
    return Ticket(
        link_id="pd00-x",
        position_id="p",
        profile="t",
        symbol=symbol,
        buy=True,
        qty=qty,
        purpose=purpose,
        expected=1,
        reason="",
        decided_ms=0,
        stop=1_005 if entry else None,
        target=20_000 if entry else None,
        whole=whole,
    )


def test_an_entry_carries_its_stop_and_target_as_plain_decimals() -> None:
    assert order_body(_ticket(Purpose.ENTRY, symbol="XRPUSDT"), KNOWN["XRPUSDT"]) == {
        "category": "linear",
        "symbol": "XRPUSDT",
        "side": "Buy",
        "orderType": "Market",
        "qty": "5",
        "orderLinkId": "pd00-x",
        "positionIdx": 0,
        "stopLoss": "0.1005",
        "slTriggerBy": "LastPrice",
        "slOrderType": "Market",
        "takeProfit": "2.0000",
        "tpTriggerBy": "LastPrice",
        "tpOrderType": "Market",
        "tpslMode": "Full",
    }


def test_an_exit_is_reduce_only_and_dust_is_closed_with_a_quantity_of_zero() -> None:
    body = order_body(_ticket(Purpose.EXIT), KNOWN["BTCUSDT"])
    assert (body["reduceOnly"], body["qty"]) == (True, "0.005")
    assert "stopLoss" not in body and "tpslMode" not in body
    dust = order_body(_ticket(Purpose.EXIT, qty=0, whole=True), KNOWN["BTCUSDT"])
    assert (dust["qty"], dust["reduceOnly"], dust["closeOnTrigger"]) == ("0", True, True)


def test_removing_a_stop_says_zero() -> None:
    body = stop_body("BTCUSDT", 650_000, 0, KNOWN["BTCUSDT"])
    assert (body["stopLoss"], body["takeProfit"], body["tpslMode"]) == ("65000.00", "0", "Full")
    assert body["trailingStop"] == "0"


def test_a_trailing_stop_is_a_distance_and_active_at_once() -> None:
    body = stop_body("BTCUSDT", 650_000, 0, KNOWN["BTCUSDT"], trail=12_345)
    assert body["trailingStop"] == "1234.50"
    assert "activePrice" not in body


def test_hedge_mode_and_wrong_clocks_are_found_and_said_in_words() -> None:
    states = {"BTCUSDT": SymbolState(True, 10), "ETHUSDT": SymbolState(False, 5)}
    (found,) = mode_findings(states)
    assert found.grade is Grade.STOP
    assert "hedge mode is on for BTCUSDT" in str(found)
    assert mode_findings({"ETHUSDT": SymbolState(False, 5)}) == []
    assert [clock_findings(ms) for ms in (400, -400)] == [[], []]
    assert [f.grade for ms in (900, 1_100, -6_000) for f in clock_findings(ms)] == [Grade.WARN, Grade.STOP, Grade.STOP]


def test_secrets_do_not_show() -> None:
    shown = [
        repr(Credentials(key="TESTKEY", secret="TESTSECRET")),
        repr(Access(base="http://x", key="TESTKEY", secret="TESTSECRET")),
        repr(Login("TESTKEY", "TESTSECRET", lambda: 0)),
    ]
    assert not any("TESTKEY" in text or "TESTSECRET" in text for text in shown)


def test_timeframes_have_the_exchange_s_names() -> None:
    assert [interval_of(ms) for ms in (60_000, 3_600_000, 86_400_000)] == ["1", "60", "D"]
    with pytest.raises(ValueError, match="no candles"):
        interval_of(120_000)
