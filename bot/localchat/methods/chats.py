"""Chats and their members."""

from bot.localchat.errors import JsonObject, bad_request
from bot.localchat.methods.call import Call
from bot.localchat.model import Group
from bot.localchat.render import chat_json, message_json, sender_json

_ADMIN_RIGHTS = (
    "can_be_edited", "can_manage_chat", "can_change_info", "can_delete_messages", "can_invite_users",
    "can_restrict_members", "can_promote_members", "can_manage_video_chats", "can_post_stories", "can_edit_stories",
    "can_delete_stories", "is_anonymous",
)  # fmt: skip


def _present(call: Call, chat_id: int) -> Group | None:
    group = call.core.world.groups.get(chat_id)
    if group is None:
        return None
    absent = call.absence(chat_id)
    if absent is not None:
        raise absent
    return group


async def get_chat(call: Call) -> JsonObject:
    """Bot API getChat."""
    chat_id = call.known_chat()
    _present(call, chat_id)
    result = chat_json(call.core.world, chat_id)
    result |= {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _gifts()}
    pinned = [m for m in call.bot.dialogs.get(chat_id, {}).values() if m.pinned and not m.deleted]
    if pinned:
        result["pinned_message"] = message_json(call.core.world, call.bot, pinned[-1], with_reply=False)
    return result


def _gifts() -> JsonObject:
    names = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    return dict.fromkeys(names, False)


def _member(call: Call, chat_id: int, user_id: int) -> JsonObject:
    group = call.core.world.groups.get(chat_id)
    user = sender_json(call.core.world, call.bot, user_id)
    if group is None or (user_id in group.members and user_id not in group.admins):
        return {"status": "member", "user": user}
    if user_id not in group.members:
        return {"status": "left", "user": user}
    if user_id == group.admins[0]:
        return {"status": "creator", "user": user, "is_anonymous": False}
    return {"status": "administrator", "user": user, **dict.fromkeys(_ADMIN_RIGHTS, False)}


async def get_chat_member(call: Call) -> JsonObject:
    """Bot API getChatMember."""
    chat_id = call.known_chat()
    group = _present(call, chat_id)
    user_id = call.params.integer("user_id")
    if user_id <= 0:
        raise bad_request("invalid user_id specified")
    known = user_id in call.core.world.users or user_id == call.bot.id
    if not known or (group is None and user_id not in {chat_id, call.bot.id}):
        raise bad_request("member not found")
    return _member(call, chat_id, user_id)


async def get_chat_member_count(call: Call) -> int:
    """Bot API getChatMemberCount."""
    group = _present(call, call.known_chat())
    return 2 if group is None else len(group.members)


async def get_chat_administrators(call: Call) -> list[JsonObject]:
    """Bot API getChatAdministrators."""
    chat_id = call.known_chat()
    group = _present(call, chat_id)
    if group is None:
        raise bad_request("there are no administrators in the private chat")
    return [_member(call, chat_id, user_id) for user_id in group.admins if user_id != call.bot.id]


async def leave_chat(call: Call) -> bool:
    """Bot API leaveChat."""
    chat_id = call.known_chat()
    if _present(call, chat_id) is None:
        raise bad_request("chat member status can't be changed in private chats")
    call.core.world.commit("setting", bot=call.bot.id, name=f"left:{chat_id}", value="left")
    change = {
        "chat": chat_json(call.core.world, chat_id),
        "from": call.bot.as_json(),
        "date": call.core.now(),
        "old_chat_member": {"status": "member", "user": call.bot.as_json()},
        "new_chat_member": {"status": "left", "user": call.bot.as_json()},
    }
    call.core.deliver(call.bot, "my_chat_member", change)
    return True


async def get_user_profile_photos(call: Call) -> JsonObject:
    """Bot API getUserProfilePhotos: nobody here has a photo."""
    if call.params.integer("user_id") not in call.core.world.users:
        raise bad_request("user not found")
    return {"total_count": 0, "photos": []}


METHODS = {
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "getChatMemberCount": get_chat_member_count,
    "getChatMembersCount": get_chat_member_count,
    "getChatAdministrators": get_chat_administrators,
    "leaveChat": leave_chat,
    "getUserProfilePhotos": get_user_profile_photos,
}
