"""Answering button presses."""

from dataclasses import replace

from bot.localchat.errors import bad_request
from bot.localchat.methods.call import Call
from bot.localchat.model import plain

MAX_ANSWER = 200


async def answer_callback_query(call: Call) -> bool:
    """Bot API answerCallbackQuery: once per press and within the answer window."""
    text = call.params.text("text")
    if len(text) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    press = call.bot.presses.get(call.params.text("callback_query_id"))
    if press is None or not call.core.is_open(press):
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    answered = replace(press, answered=True, text=text, alert=call.params.flag("show_alert"))
    call.core.world.commit("press", bot=call.bot.id, p=plain(answered))
    news = {"type": "answer", "callback_query_id": press.id, "user_id": press.user_id, "chat_id": press.chat_id}
    call.core.tell(call.bot, {**news, "text": text, "alert": answered.alert})
    return True


METHODS = {"answerCallbackQuery": answer_callback_query}
