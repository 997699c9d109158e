"""A client order id is a function of the decision and nothing else."""

import pytest

from engine.core.ids import MAX_LENGTH, check_code, check_tag, is_ours, link_id
from engine.core.orders import Purpose


def test_the_same_decision_is_the_same_order() -> None:
    first = link_id("pd3f", "cft", Purpose.ENTRY, 0, "cft/BTCUSDT/1/True")
    assert first == link_id("pd3f", "cft", Purpose.ENTRY, 0, "cft/BTCUSDT/1/True")
    others = {
        link_id("pd3f", "cft", Purpose.ENTRY, 0, "cft/BTCUSDT/1/False"),
        link_id("pd3f", "cft", Purpose.EXIT, 0, "cft/BTCUSDT/1/True"),
        link_id("pd3f", "cft", Purpose.ENTRY, 1, "cft/BTCUSDT/1/True"),
    }
    assert first not in others
    assert len(others) == 3


def test_an_id_fits_the_exchange() -> None:
    longest = link_id("pd3f", "abcdef", Purpose.EXIT, 99_999, "x" * 500)
    assert len(longest) <= MAX_LENGTH
    assert longest.startswith("pd3f-abcdef-x99999-")


def test_orders_of_other_installations_are_not_ours() -> None:
    assert is_ours("pd3f", "pd3f-cft-e0-1")
    assert not is_ours("pd3f", "pd3fx-cft-e0-1")
    assert not is_ours("pd3f", "")


@pytest.mark.parametrize("tag", ["abc", "abcde", "ABCD", "ab-d", ""])
def test_a_tag_has_four_plain_characters(tag: str) -> None:
    assert check_tag("a1b2") == "a1b2"
    with pytest.raises(ValueError, match="install tag"):
        check_tag(tag)


@pytest.mark.parametrize("code", ["", "abcdefg", "A", "a-b"])
def test_a_profile_code_has_one_to_six_plain_characters(code: str) -> None:
    assert check_code("cft") == "cft"
    with pytest.raises(ValueError, match="profile code"):
        check_code(code)
