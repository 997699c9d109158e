"""Who may talk to the desk: roles by user id, and what is refused whoever sends it."""

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiogram.enums import ContentType
from aiogram.types import CallbackQuery, Chat, ChatMemberUpdated, Message, Update, User

from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from handlers.ports import Actor, Role

CLAIM_VALID_MS = 10 * MINUTE_MS
AUDITS_A_DAY = 100
_CLAIM_GUESSES = 5
_COURTESIES_AN_HOUR = 60
# Telegram's own notes about a chat: nobody's wish, and nothing to complain about.
_SERVICE = frozenset(
    {ContentType.PINNED_MESSAGE, ContentType.NEW_CHAT_MEMBERS, ContentType.LEFT_CHAT_MEMBER, ContentType.UNKNOWN}
    | {ContentType.MESSAGE_AUTO_DELETE_TIMER_CHANGED, ContentType.CHAT_BACKGROUND_SET, ContentType.GROUP_CHAT_CREATED}
)
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True, slots=True)
class Allowed:
    """The update comes from a person with a role, in a chat where commands count."""

    actor: Actor
    chat_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The update does nothing. `polite`: one line may be answered; `audit`: it is worth a line in the audit.

    `leave` is the group to leave, `said` what a person with a role is told, `user` who tried (None: nobody in person).
    """

    reason: str
    polite: bool = False
    audit: bool = True
    chat_id: int = 0
    leave: int | None = None
    said: str = ""
    user: User | None = None


type Verdict = Allowed | Refused


def judge(update: Update, *, roles: Mapping[int, Role], groups: frozenset[int] = frozenset()) -> Verdict:
    """Let through what a person with a role writes or presses himself, here and now; refuse everything else.

    `groups` are the group chats where commands count besides private chats.
    """
    if update.message is not None:
        return _judge_message(update.message, roles, groups)
    if update.callback_query is not None:
        return _judge_press(update.callback_query, roles, groups)
    if update.my_chat_member is not None:
        return _judge_membership(update.my_chat_member, groups)
    return Refused(reason="kind of update", audit=False)


def _judge_message(message: Message, roles: Mapping[int, Role], groups: frozenset[int]) -> Verdict:
    user, chat = message.from_user, message.chat
    if chat.type == "private" and message.content_type in _SERVICE:
        return Refused(reason="service message", audit=False, chat_id=chat.id, user=user)
    if (foreign := _foreign(chat, user, groups)) is not None:
        return foreign
    if user is None or user.is_bot or message.sender_chat is not None:
        return Refused(reason="no person", chat_id=chat.id, user=user)
    role = roles.get(user.id)
    if role is None:
        return _stranger(chat, user)
    if (reason := _provenance(message)) is not None:
        said = f"Nothing was done: {reason} are not accepted. Write it yourself, as a new message."
        return Refused(reason=reason, polite=True, chat_id=chat.id, said=said, user=user)
    return Allowed(Actor(user_id=user.id, name=user.full_name, role=role), chat.id)


def _provenance(message: Message) -> str | None:
    # These marks say that the sender did not write the text here and now.
    found = {
        "forwarded messages": message.forward_origin is not None or bool(message.is_automatic_forward),
        "messages through another bot": message.via_bot is not None,
        "business messages": message.business_connection_id is not None or message.sender_business_bot is not None,
        "guest messages": message.guest_query_id is not None,
        "edited messages": message.edit_date is not None,
        "captions and attachments": message.text is None,
    }
    return next((reason for reason, is_so in found.items() if is_so), None)


def _judge_press(press: CallbackQuery, roles: Mapping[int, Role], groups: frozenset[int]) -> Verdict:
    user, message = press.from_user, press.message
    if message is None or press.inline_message_id is not None:
        return Refused(reason="press outside a chat", user=user)
    if (foreign := _foreign(message.chat, user, groups)) is not None:
        return foreign
    if user.is_bot:
        return Refused(reason="no person", chat_id=message.chat.id, user=user)
    role = roles.get(user.id)
    if role is None:
        return _stranger(message.chat, user)
    return Allowed(Actor(user_id=user.id, name=user.full_name, role=role), message.chat.id)


def _foreign(chat: Chat, user: User | None, groups: frozenset[int]) -> Refused | None:
    if chat.id in groups or (chat.type == "private" and user is not None and chat.id == user.id):
        return None
    leave = None if chat.type == "private" else chat.id
    return Refused(reason="foreign chat", chat_id=chat.id, leave=leave, user=user)


def _stranger(chat: Chat, user: User) -> Refused:
    return Refused(reason="no role", polite=chat.type == "private", chat_id=chat.id, user=user)


def _judge_membership(change: ChatMemberUpdated, groups: frozenset[int]) -> Refused:
    chat = change.chat
    inside = change.new_chat_member.status not in {"left", "kicked"}
    if chat.type == "private" or chat.id in groups or not inside:
        return Refused(reason="membership", audit=False, chat_id=chat.id, user=change.from_user)
    return Refused(reason="foreign chat", chat_id=chat.id, leave=chat.id, user=change.from_user)


def roles_of(admin_ids: Iterable[int], stored: Iterable[tuple[int, str]]) -> dict[int, Role]:
    """Roles by user id: the first configured id is the owner, the others are admins; they stand above stored ones.

    A stored role that is not known gives no access.
    """
    known = {role.value: role for role in Role}
    roles = {user_id: known[role] for user_id, role in stored if role in known}
    for place, user_id in enumerate(admin_ids):
        roles[user_id] = Role.ADMIN if place else Role.OWNER
    return roles


class Courtesy:
    """How often strangers are answered and audited: an answer per id and hour, a line per id and day, 100 a day.

    Kept in memory and bounded, so that strangers cost no storage.
    """

    def __init__(self) -> None:
        self._answered: OrderedDict[int, int] = OrderedDict()
        self._audited: set[int] = set()
        self._day = -1

    def may_answer(self, user_id: int, now_ms: int) -> bool:
        """Whether this id gets its line now."""
        while self._answered and now_ms - next(iter(self._answered.values())) >= HOUR_MS:
            self._answered.popitem(last=False)
        if user_id in self._answered or len(self._answered) >= _COURTESIES_AN_HOUR:
            return False
        self._answered[user_id] = now_ms
        return True

    def may_audit(self, user_id: int, now_ms: int) -> bool:
        """Whether this id gets its line in the audit now."""
        if now_ms // DAY_MS != self._day:
            self._day, self._audited = now_ms // DAY_MS, set()
        if user_id in self._audited or len(self._audited) >= AUDITS_A_DAY:
            return False
        self._audited.add(user_id)
        return True


class ClaimCode:
    """The one-use code on the host's terminal with which the first owner claims a desk that has none."""

    def __init__(self, now_ms: int) -> None:
        self.code = "".join(secrets.choice(_LETTERS) for _ in range(10))
        self._until_ms = now_ms + CLAIM_VALID_MS
        self._guesses = _CLAIM_GUESSES

    def matches(self, text: str, now_ms: int) -> bool:
        """Whether `/claim CODE` carries the code; a match or five wrong guesses use it up."""
        word, _, offered = text.strip().partition(" ")
        if word != "/claim" or not offered or self._guesses <= 0 or now_ms >= self._until_ms:
            return False
        if hmac.compare_digest(offered.strip().upper().encode(), self.code.encode()):
            self._guesses = 0
            return True
        self._guesses -= 1
        return False
