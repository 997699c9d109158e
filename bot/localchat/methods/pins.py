"""Pinning and unpinning messages."""

from bot.localchat.errors import bad_request
from bot.localchat.methods.call import Call
from bot.localchat.model import Message


def _pinned(call: Call, chat_id: int) -> list[Message]:
    messages = call.bot.dialogs.get(chat_id, {}).values()
    return [message for message in messages if message.pinned and not message.deleted]


async def pin_chat_message(call: Call) -> bool:
    """Bot API pinChatMessage; the chat and the bot get the service message about it."""
    chat_id = call.writable_chat()
    message = call.message(missing="message to pin not found")
    if "pinned_message" in message.extra:
        raise bad_request("message can't be pinned")
    if message.pinned:
        return True
    world = call.core.world
    world.change(call.bot, message, pinned=True)
    service = Message(
        chat_id=chat_id,
        message_id=world.next_message_id(call.bot, chat_id),
        date=call.core.now(),
        sender=call.bot.id,
        outgoing=True,
        silent=call.params.flag("disable_notification"),
        extra={"pinned_message": message.message_id},
    )
    world.put_message(call.bot, service)
    call.core.deliver_message(call.bot, service)
    return True


async def unpin_chat_message(call: Call) -> bool:
    """Bot API unpinChatMessage: the named message, or the last pinned one."""
    chat_id = call.writable_chat()
    if call.params.integer("message_id") > 0:
        wanted = [call.message(missing="message to unpin not found")]
    else:
        wanted = _pinned(call, chat_id)[-1:]
        if not wanted:
            raise bad_request("message to unpin not found")
    for message in wanted:
        if message.pinned:
            call.core.world.change(call.bot, message, pinned=False)
    return True


async def unpin_all_chat_messages(call: Call) -> bool:
    """Bot API unpinAllChatMessages."""
    for message in _pinned(call, call.writable_chat()):
        call.core.world.change(call.bot, message, pinned=False)
    return True


METHODS = {
    "pinChatMessage": pin_chat_message,
    "unpinChatMessage": unpin_chat_message,
    "unpinAllChatMessages": unpin_all_chat_messages,
}
