"""What answers mean, row by row."""

import pytest

from engine.exchanges.bybit.codes import Action, Answer, Verdict, judge, operator_hint

V = Verdict
ORDERS = (Action.PLACE, Action.CANCEL, Action.PROTECT, Action.LEVERAGE)


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize(
    "answer",
    [
        Answer(0, None, "ReadTimeout"),
        Answer(0, None, "ConnectionError"),
        Answer(200, None, "HTTP 200, no JSON"),
        Answer(200, 10000, "Server Timeout"),
        Answer(200, 10016, "Server error"),
        Answer(200, 10429, "System level frequency protection"),
        Answer(429, 10001, "system protection"),
        Answer(500, 0, "OK"),
        Answer(502, None, "HTTP 502, no JSON"),
        Answer(503, 110007, "ab not enough"),
        Answer(404, None, "HTTP 404, no JSON"),
        Answer(302, 0, "OK"),
    ],
)
def test_what_is_no_clear_answer_is_unknown(action: Action, answer: Answer) -> None:
    assert judge(action, answer) is V.UNKNOWN


@pytest.mark.parametrize(
    ("action", "code", "want"),
    [
        *((action, 0, V.DONE) for action in Action),
        *((action, 10002, V.CLOCK) for action in Action),
        *((action, 10006, V.LIMITED) for action in Action),
        *((action, 110079, V.BUSY) for action in Action),
        *((action, code, V.FATAL) for action in Action for code in (10003, 10004, 10005, 10010, 33004)),
        (Action.PLACE, 110072, V.EXISTS),
        (Action.PLACE, 10001, V.REFUSED),
        (Action.PLACE, 110007, V.REFUSED),
        (Action.PLACE, 110017, V.REFUSED),
        (Action.PLACE, 110094, V.REFUSED),
        (Action.PLACE, 30228, V.HALTED),
        (Action.PLACE, 110043, V.REFUSED),
        (Action.PLACE, 34040, V.REFUSED),
        (Action.PLACE, 110001, V.REFUSED),
        *((Action.CANCEL, code, V.OVER) for code in (110001, 110008, 110010)),
        (Action.CANCEL, 30228, V.REFUSED),
        (Action.PROTECT, 34040, V.DONE),
        (Action.PROTECT, 10001, V.REFUSED),
        (Action.LEVERAGE, 110043, V.DONE),
        (Action.LEVERAGE, 110013, V.REFUSED),
        (Action.QUERY, 10001, V.REFUSED),
    ],
)
def test_a_code_means_what_the_table_says(action: Action, code: int, want: Verdict) -> None:
    assert judge(action, Answer(200, code, "")) is want


@pytest.mark.parametrize("action", list(Action))
def test_a_forbidden_address_is_banned_whatever_the_body_says(action: Action) -> None:
    assert judge(action, Answer(403, None, "")) is V.BANNED
    assert judge(action, Answer(403, 0, "OK")) is V.BANNED


@pytest.mark.parametrize("code", [10003, 10004, 10005, 10010, 33004, 99])
def test_a_fatal_code_tells_a_person_what_to_do(code: int) -> None:
    assert len(operator_hint(code)) > 10
