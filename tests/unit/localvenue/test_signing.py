"""Requests are verified over their raw bytes and within Bybit's time window."""

import pytest

from bot.localvenue.codes import CLOCK, SIGN, VenueError
from bot.localvenue.signing import Signed, check_request, check_socket, check_window, signature

NOW = 1_700_000_000_000
POST = b'{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Market","qty":"0.001","orderLinkId":"t-1"}'
GET = b"category=linear&symbol=BTCUSDT"


def signed(sign: str, *, window: str = "5000") -> Signed:
    return Signed(key="TESTKEY", timestamp=str(NOW), window=window, sign=sign)


@pytest.mark.parametrize(
    ("payload", "sign"),
    [
        (GET, "f805ff4f3587db4ed1b8f9c5414a19ff72e32d65e2ad9708222565091809de5b"),
        (POST, "859503ca2e815cd56d8952247e3810903d1bbf7235fcf0f4b1e492d3d21ceec7"),
    ],
)
def test_the_known_vectors_are_accepted(payload: bytes, sign: str) -> None:
    check_request(signed(sign), "TESTSECRET", payload, NOW)
    check_request(signed(sign.upper()), "TESTSECRET", payload, NOW)


def test_the_known_socket_vector_is_accepted_with_a_number_and_with_a_string() -> None:
    sign = "0279bab66978fa6daf097fc63b357431eb1cdb9284e64d4191876b4fe0bab24e"
    assert check_socket("TESTSECRET", 1_700_000_010_000, sign, NOW) == ""
    assert check_socket("TESTSECRET", "1700000010000", sign, NOW) == ""


@pytest.mark.parametrize("expires", [NOW, NOW - 1, "soon", True, None, 1.7e12])
def test_a_socket_whose_auth_expired_is_refused(expires: object) -> None:
    sign = signature("TESTSECRET", f"GET/realtime{expires}".encode())
    assert check_socket("TESTSECRET", expires, sign, NOW) == "Params Error"


@pytest.mark.parametrize("sign", ["", "00", None, 7])
def test_a_socket_with_a_wrong_signature_is_refused(sign: object) -> None:
    assert check_socket("TESTSECRET", NOW + 1, sign, NOW) == "Sign invalid"


@pytest.mark.parametrize("payload", [GET + b" ", b"symbol=BTCUSDT&category=linear", b""])
def test_another_order_or_another_byte_breaks_the_signature(payload: bytes) -> None:
    good = "f805ff4f3587db4ed1b8f9c5414a19ff72e32d65e2ad9708222565091809de5b"
    with pytest.raises(VenueError) as error:
        check_request(signed(good), "TESTSECRET", payload, NOW)
    assert error.value.code == SIGN


def test_an_absent_window_is_not_signed_and_means_five_seconds() -> None:
    sign = signature("S", f"{NOW}TESTKEY".encode() + GET)
    check_request(signed(sign, window=""), "S", GET, NOW + 5000)
    with pytest.raises(VenueError) as error:
        check_request(signed(sign, window=""), "S", GET, NOW + 5001)
    assert error.value.code == CLOCK


@pytest.mark.parametrize(("shift", "fits"), [(-5000, True), (-5001, False), (0, True), (999, True), (1000, False)])
def test_the_window_reaches_back_and_one_second_ahead(shift: int, fits: bool) -> None:
    if fits:
        check_window(str(NOW + shift), "5000", NOW)
        return
    with pytest.raises(VenueError) as error:
        check_window(str(NOW + shift), "5000", NOW)
    assert error.value.code == CLOCK
    assert f"req_timestamp[{NOW + shift}],server_timestamp[{NOW}],recv_window[5000]" in error.value.text


@pytest.mark.parametrize("stamp", ["", "now", "-5", "1e12"])
def test_a_timestamp_that_is_no_number_is_refused(stamp: str) -> None:
    with pytest.raises(VenueError) as error:
        check_window(stamp, "5000", NOW)
    assert error.value.code == CLOCK
