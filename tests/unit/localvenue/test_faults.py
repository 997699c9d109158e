"""Ordered faults hit what they name, as often as they say."""

from typing import Any

import pytest

from bot.localvenue.faults import Faults, fault_from


def ordered(**content: Any) -> Faults:
    faults = Faults()
    faults.add(fault_from({"path": "/v5/order/create", "kind": "drop"} | content))
    return faults


def test_a_fault_hits_its_path_as_often_as_ordered() -> None:
    faults = ordered(times=2)
    assert faults.take("/v5/order/cancel") is None
    assert [faults.take("/v5/order/create") is not None for _ in range(3)] == [True, True, False]


def test_a_star_hits_every_request_but_no_socket() -> None:
    faults = ordered(path="*")
    assert faults.take("ws:private", kinds=("drop",)) is None
    assert faults.take("/v5/market/time") is not None


def test_a_fault_of_one_key_leaves_the_others_alone() -> None:
    faults = ordered(key="A")
    assert faults.take("/v5/order/create", key="B") is None
    assert faults.take("/v5/order/create", key="A") is not None


def test_a_topic_means_its_categorised_form_too_but_no_namesake() -> None:
    faults = ordered(path="ws:private", kind="miss", topic="order", times=5)
    assert faults.take("ws:private", topic="order.linear", kinds=("miss",)) is not None
    assert faults.take("ws:private", topic="orderbook.1.BTCUSDT", kinds=("miss",)) is None


def test_silence_stands_until_it_is_cleared() -> None:
    faults = ordered(path="ws:public", kind="silence")
    assert [faults.standing("ws:public", "silence") for _ in range(3)] == [True] * 3
    faults.clear()
    assert not faults.standing("ws:public", "silence")


@pytest.mark.parametrize(
    "content",
    [
        {"kind": "explode"},
        {"path": "ws:other", "kind": "miss"},
        {"path": "ws:private", "kind": "html"},
        {"kind": "duplicate"},
        {"kind": "ret_code"},
        {"kind": "status", "status": 99},
        {"times": 0},
        {"times": "1"},
        {"delay_ms": -1},
        {"performed": 1},
        {"extra": 1},
    ],
)
def test_an_order_that_makes_no_sense_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        ordered(**content)


def test_a_status_fault_is_503_unless_told_otherwise() -> None:
    assert ordered(kind="status").listed() == [
        {"path": "/v5/order/create", "times": 1, "kind": "status", "status": 503}
    ]
