"""Reads reply_markup: inline keyboards and reply keyboards, with Telegram's limits and error texts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.localchat.clean import clean
from bot.localchat.errors import ApiError, JsonObject, bad_request
from bot.localchat.links import checked_url, internal_link
from bot.localchat.params import Params

MAX_DATA_BYTES = 64
MAX_BUTTONS = 100
MAX_ROW = 8
_STYLES = ("danger", "success", "primary")
_KINDS = (
    "url", "callback_data", "callback_game", "pay", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "login_url", "web_app", "copy_text", "disabled",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """A message's buttons: inline rows, or any other reply markup (which makes the message uneditable)."""

    inline: list[list[JsonObject]] | None = None
    reply: JsonObject | None = None


def read_markup(params: Params) -> Markup:
    """Return the reply_markup argument; a malformed one raises Telegram's 400."""
    content = params.structure("reply_markup", "can't parse reply keyboard markup JSON object")
    if content is None:
        return Markup()
    if not isinstance(content, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in content:
        rows = _rows(content["inline_keyboard"], name="inline_keyboard", owner="InlineKeyboardMarkup")
        inline = [[_inline_button(button) for button in row] for row in rows]
        _check_size(inline)
        return Markup(inline=[row for row in inline if row] or None)
    if "keyboard" in content:
        return Markup(reply=_reply_keyboard(content))
    if content.get("remove_keyboard"):
        return Markup(reply={"remove_keyboard": True})
    if content.get("force_reply"):
        return Markup(
            reply={"force_reply": True, "input_field_placeholder": content.get("input_field_placeholder", "")}
        )
    return Markup()


def _rows(value: Any, *, name: str, owner: str) -> list[list[Any]]:
    if not isinstance(value, list):
        raise bad_request(f'field "{name}" of the {owner} must be an Array')
    if any(not isinstance(row, list) for row in value):
        raise bad_request(f'field "{name}" of the {owner} must be an Array of Arrays')
    return value


def _check_size(rows: list[list[JsonObject]]) -> None:
    if sum(map(len, rows)) > MAX_BUTTONS or any(len(row) > MAX_ROW for row in rows):
        raise bad_request("reply markup is too long")


def _broken(words: str) -> ApiError:
    return bad_request(f"can't parse inline keyboard button: {words}")


def _inline_button(button: Any) -> JsonObject:
    if not isinstance(button, dict):
        raise _broken("InlineKeyboardButton must be an Object")
    text = button.get("text", "")
    if not isinstance(text, str):
        raise _broken('Field "text" must be of type String')
    kind = next((name for name in _KINDS if _is_present(button, name)), None)
    if kind is None:
        raise _broken("Text buttons are unallowed in the inline keyboard")
    text = clean(text, [])[0]
    if not text:
        raise bad_request("inline keyboard button text must be non-empty")
    result: JsonObject = {"text": text, kind: _checked(kind, button[kind])}
    style = button.get("style") or ""
    if style and style not in _STYLES:
        raise _broken("invalid button style specified")
    if style:
        result["style"] = style
    if button.get("icon_custom_emoji_id"):
        result["icon_custom_emoji_id"] = button["icon_custom_emoji_id"]
    return result


def _is_present(button: JsonObject, name: str) -> bool:
    if name in {"url", "callback_data"}:
        return bool(button.get(name))
    if name == "pay":
        return bool(button.get(name))
    return button.get(name) is not None


def _checked(kind: str, value: Any) -> Any:
    if kind in {"url", "callback_data"} and not isinstance(value, str):
        raise _broken(f'Field "{kind}" must be of type String')
    if kind == "callback_data" and len(value.encode("utf-8", "surrogatepass")) > MAX_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if kind == "url":
        return _checked_link(value)
    if kind == "copy_text":
        text = value.get("text", "") if isinstance(value, dict) else ""
        if not isinstance(text, str) or not 1 <= len(text) <= 256:
            raise bad_request("BUTTON_COPY_TEXT_INVALID")
        return {"text": text}
    if kind == "web_app":
        link = value.get("url", "") if isinstance(value, dict) else ""
        if not isinstance(link, str) or not link.startswith("https://"):
            raise bad_request(f"inline keyboard button Web App URL '{link}' is invalid: Only HTTPS links are allowed")
    return value


def _checked_link(value: str) -> str:
    link = value if internal_link(value) is not None else checked_url(value)
    if not link:
        raise bad_request(f"inline keyboard button URL '{value}' is invalid: Wrong HTTP URL")
    return link


def _reply_keyboard(content: JsonObject) -> JsonObject:
    rows = _rows(content["keyboard"], name="keyboard", owner="ReplyKeyboardMarkup")
    keyboard = [[{"text": _reply_text(button)} for button in row] for row in rows if row]
    flags = ("is_persistent", "resize_keyboard", "one_time_keyboard", "selective")
    result: JsonObject = {name: True for name in flags if content.get(name)}
    if content.get("input_field_placeholder"):
        result["input_field_placeholder"] = content["input_field_placeholder"]
    return {"keyboard": keyboard, **result}


def _reply_text(button: Any) -> str:
    text = button.get("text") if isinstance(button, dict) else button
    if not isinstance(text, str):
        raise bad_request("can't parse keyboard button: KeyboardButton must be a String or an Object")
    text = clean(text, [])[0]
    if not text:
        raise bad_request("keyboard button text must be non-empty")
    return text


def buttons_of(rows: Iterable[Iterable[JsonObject]]) -> list[JsonObject]:
    """Return the buttons of a keyboard, row by row."""
    return [button for row in rows for button in row]
