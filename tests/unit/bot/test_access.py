"""The guard's decision: only a person with a role, here and now, gets in."""

from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram.types import Update

from bot.access import AUDITS_A_DAY, CLAIM_VALID_MS, Allowed, ClaimCode, Courtesy, Refused, judge, roles_of
from engine.core.market import DAY_MS, HOUR_MS
from handlers.ports import Role

OWNER, VIEWER, STRANGER, GROUP = 1, 3, 9, -100
ROLES = {OWNER: Role.OWNER, VIEWER: Role.VIEWER}
NOW = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())


def _user(user_id: int, **more: Any) -> dict[str, Any]:
    return {"id": user_id, "is_bot": False, "first_name": "Ada", **more}


def _chat(chat_id: int) -> dict[str, Any]:
    kind = "private" if chat_id > 0 else "supergroup"
    return {"id": chat_id, "type": kind, "title": "Group"}


def _message(sender: int = OWNER, chat_id: int = 0, **more: Any) -> dict[str, Any]:
    base = {"message_id": 5, "date": NOW, "chat": _chat(chat_id or sender), "from": _user(sender), "text": "/panic"}
    return base | more


def _update(**content: Any) -> Update:
    return Update.model_validate({"update_id": 1, **content})


def _judged(groups: frozenset[int] = frozenset(), **content: Any) -> Allowed | Refused:
    return judge(_update(**content), roles=ROLES, groups=groups)


def _press(sender: int = OWNER, chat: int = 0, **more: Any) -> dict[str, Any]:
    message = _message(chat_id=chat or sender, **{"from": _user(777, is_bot=True)})
    return {"id": "1", "from": _user(sender), "chat_instance": "1", "data": "do:pause:", "message": message, **more}


def test_a_person_with_a_role_gets_in_with_that_role() -> None:
    verdict = _judged(message=_message(VIEWER))
    assert isinstance(verdict, Allowed)
    assert (verdict.actor.user_id, verdict.actor.role, verdict.chat_id) == (VIEWER, Role.VIEWER, VIEWER)
    assert isinstance(_judged(callback_query=_press()), Allowed)


FORGED: dict[str, dict[str, Any]] = {
    "forwarded": {"forward_origin": {"type": "hidden_user", "sender_user_name": "X", "date": NOW}},
    "automatic forward": {"is_automatic_forward": True},
    "via another bot": {"via_bot": _user(55, is_bot=True)},
    "channel identity": {"sender_chat": {"id": -5, "type": "channel", "title": "C"}},
    "anonymous admin": {"from": _user(1087968824, is_bot=True), "sender_chat": _chat(GROUP)},
    "a bot": {"from": _user(OWNER, is_bot=True)},
    "nobody": {"from": None},
    "edited": {"edit_date": NOW},
    "caption": {"text": None, "caption": "/panic", "photo": []},
    "business": {"business_connection_id": "b"},
    "guest": {"guest_query_id": "g"},
    "another's private chat": {"chat": {"id": VIEWER, "type": "private"}},
    "a foreign group": {"chat": {"id": GROUP, "type": "supergroup", "title": "Group"}},
}


@pytest.mark.parametrize("name", FORGED)
def test_whatever_the_owner_did_not_write_himself_here_and_now_is_refused(name: str) -> None:
    verdict = _judged(message=_message(**FORGED[name]))
    assert isinstance(verdict, Refused), name


@pytest.mark.parametrize(
    "kind",
    ["edited_message", "channel_post", "business_message", "edited_business_message", "guest_message"],
)
def test_kinds_of_messages_other_than_a_fresh_one_are_refused(kind: str) -> None:
    verdict = _judged(**{kind: _message()})
    assert verdict == Refused(reason="kind of update", audit=False)


def test_a_stranger_is_refused_politely_in_private_and_silently_elsewhere() -> None:
    private = _judged(message=_message(STRANGER))
    shared = _judged(frozenset({GROUP}), message=_message(STRANGER, GROUP))
    assert isinstance(private, Refused)
    assert isinstance(shared, Refused)
    assert (private.polite, private.audit, shared.polite) == (True, True, False)


def test_an_allowed_group_admits_its_members_with_a_role_only() -> None:
    groups = frozenset({GROUP})
    assert isinstance(_judged(groups, message=_message(OWNER, GROUP)), Allowed)
    assert isinstance(_judged(groups, callback_query=_press(STRANGER, GROUP)), Refused)


def test_a_press_counts_only_on_a_message_in_the_pressers_own_chat() -> None:
    assert isinstance(_judged(callback_query=_press(OWNER, VIEWER)), Refused)
    assert isinstance(_judged(callback_query=_press(STRANGER)), Refused)
    inline = {**_press(), "message": None, "inline_message_id": "i"}
    assert isinstance(_judged(callback_query=inline), Refused)


def _membership(chat: int, status: str) -> dict[str, Any]:
    member = {"user": _user(777, is_bot=True), "status": status, "until_date": 0}
    return {"chat": _chat(chat), "from": _user(STRANGER), "date": NOW, "old_chat_member": member} | {
        "new_chat_member": member
    }


def test_a_foreign_group_is_left_when_somebody_adds_the_bot_and_when_somebody_writes_there() -> None:
    added = _judged(my_chat_member=_membership(GROUP, "member"))
    written = _judged(message=_message(STRANGER, GROUP))
    gone = _judged(my_chat_member=_membership(GROUP, "left"))
    assert [verdict.leave for verdict in (added, written, gone) if isinstance(verdict, Refused)] == [GROUP, GROUP, None]


def test_an_empty_list_of_admins_lets_nobody_in() -> None:
    assert isinstance(judge(_update(message=_message()), roles=roles_of((), ())), Refused)


def test_configured_roles_stand_above_stored_ones_and_unknown_ones_count_for_nothing() -> None:
    roles = roles_of((1, 2), [(1, "viewer"), (3, "viewer"), (4, "emperor")])
    assert roles == {1: Role.OWNER, 2: Role.ADMIN, 3: Role.VIEWER}


def test_a_stranger_is_answered_once_an_hour_and_audited_once_a_day() -> None:
    courtesy = Courtesy()
    assert [courtesy.may_answer(STRANGER, at) for at in (0, 1, HOUR_MS - 1, HOUR_MS)] == [True, False, False, True]
    assert [courtesy.may_audit(STRANGER, at) for at in (0, HOUR_MS, DAY_MS - 1, DAY_MS)] == [True, False, False, True]


def test_a_crowd_of_strangers_costs_a_bounded_number_of_audit_lines_and_answers() -> None:
    courtesy = Courtesy()
    assert sum(courtesy.may_audit(user, 0) for user in range(10_000)) == AUDITS_A_DAY
    assert sum(courtesy.may_answer(user, 0) for user in range(10_000)) == 60


def test_the_claim_code_works_once_and_for_ten_minutes() -> None:
    claim = ClaimCode(0)
    assert not claim.matches(claim.code, 0)
    assert claim.matches(f"/claim {claim.code.lower()}", CLAIM_VALID_MS - 1)
    assert not claim.matches(f"/claim {claim.code}", CLAIM_VALID_MS - 1)
    late = ClaimCode(0)
    assert not late.matches(f"/claim {late.code}", CLAIM_VALID_MS)


def test_five_wrong_guesses_use_the_claim_code_up() -> None:
    claim = ClaimCode(0)
    assert not any(claim.matches("/claim WRONG", 0) for _ in range(5))
    assert not claim.matches(f"/claim {claim.code}", 0)
