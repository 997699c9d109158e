"""Who the bot is and how it gets its updates."""

import json
import re
from urllib.parse import urlsplit

from bot.localchat.errors import JsonObject, bad_request, too_many_requests
from bot.localchat.methods.call import Call
from bot.localchat.polling import MAX_POLL_S
from bot.localchat.updates import ALL_KINDS, DEFAULT_KINDS

_CAPABILITIES = (
    "can_join_groups", "can_read_all_group_messages", "supports_guest_queries", "supports_inline_queries",
    "can_connect_to_business", "has_main_web_app", "has_topics_enabled", "allows_users_to_create_topics",
    "can_manage_bots", "supports_join_request_queries",
)  # fmt: skip
_PORTS = (80, 88, 443, 8443)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
LOGGED_OUT_S = 600


async def get_me(call: Call) -> JsonObject:
    """Bot API getMe: a bot for private chats only."""
    return {**call.bot.as_json(), **dict.fromkeys(_CAPABILITIES, False)}


def _remember_kinds(call: Call) -> None:
    # Telegram keeps the former setting, without an error, where the argument is absent or not an array.
    try:
        content = json.loads(call.params.text("allowed_updates") or "null")
    except (ValueError, RecursionError):
        return
    if not isinstance(content, list):
        return
    kinds = sorted({item for item in content if isinstance(item, str)} & ALL_KINDS)
    wanted = None if not kinds or set(kinds) == DEFAULT_KINDS else kinds
    if wanted != call.bot.settings.get("allowed_updates"):
        call.core.world.commit("setting", bot=call.bot.id, name="allowed_updates", value=wanted)


async def get_updates(call: Call) -> list[JsonObject]:
    """Bot API getUpdates."""
    _remember_kinds(call)
    return await call.core.poller(call.bot).poll(
        offset=call.params.integer("offset"),
        limit=call.params.integer("limit", default=100, low=1, high=100),
        timeout_s=call.params.integer("timeout", low=0, high=MAX_POLL_S),
    )


def _checked_secret(call: Call) -> str:
    secret = call.params.text("secret_token")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if re.fullmatch(r"[A-Za-z0-9_-]*", secret) is None:
        raise bad_request("secret token contains unallowed characters")
    return secret


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise bad_request("bad webhook: Wrong HTTP URL") from error
    # Like Telegram's own server on one's own machine, this one reaches loopback addresses without encryption.
    if parts.scheme == "http" and host in _LOOPBACK:
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if port is not None and port not in _PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    raise bad_request("bad webhook: Failed to resolve host: Name or service not known")


async def set_webhook(call: Call) -> bool:
    """Bot API setWebhook: updates go to a loopback address by HTTP; other hosts cannot be reached from here."""
    url = call.params.text("url")
    if not url:
        return await delete_webhook(call)
    secret = _checked_secret(call)
    _check_address(url)
    now = call.core.clock()
    if now - call.bot.settings.get("webhook_at", 0.0) < 1:
        raise too_many_requests(1)
    _remember_kinds(call)
    _drop_pending(call)
    connections = call.params.integer("max_connections", default=40, low=1, high=100)
    value = {"url": url, "secret": secret, "max_connections": connections}
    call.core.world.commit("setting", bot=call.bot.id, name="webhook_at", value=now)
    call.core.world.commit("setting", bot=call.bot.id, name="webhook", value=value)
    call.core.poller(call.bot).end_for_webhook()
    call.core.wake(call.bot)
    return True


def _drop_pending(call: Call) -> None:
    if call.params.flag("drop_pending_updates"):
        call.core.world.commit("clear", bot=call.bot.id)


async def delete_webhook(call: Call) -> bool:
    """Bot API deleteWebhook."""
    _drop_pending(call)
    if call.bot.settings.get("webhook"):
        call.core.world.commit("setting", bot=call.bot.id, name="webhook", value=None)
    return True


async def get_webhook_info(call: Call) -> JsonObject:
    """Bot API getWebhookInfo."""
    hook: JsonObject = call.bot.settings.get("webhook") or {}
    pending = len(call.bot.queue.pending(call.core.clock()))
    result: JsonObject = {"url": hook.get("url", ""), "has_custom_certificate": False, "pending_update_count": pending}
    if hook:
        result["max_connections"] = hook["max_connections"]
        result |= call.bot.settings.get("webhook_error") or {}
    kinds = call.bot.settings.get("allowed_updates")
    if kinds:
        result["allowed_updates"] = kinds
    return result


async def log_out(call: Call) -> bool:
    """Bot API logOut: the token is refused for ten minutes."""
    call.core.world.commit("setting", bot=call.bot.id, name="logged_out_at", value=call.core.clock())
    call.core.poller(call.bot).wake()
    return True


async def close(call: Call) -> bool:
    """Bot API close: refused in the first ten minutes after the start, as Telegram does."""
    remaining = call.core.started_at + LOGGED_OUT_S - call.core.clock()
    if remaining > 0:
        raise too_many_requests(max(1, int(remaining)))
    call.core.poller(call.bot).wake()
    return True


METHODS = {
    "getMe": get_me,
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "logOut": log_out,
    "close": close,
}
