"""A local Telegram Bot API server with people, a control API and a chat page."""

from bot.localchat.server import LocalChat, LocalChatConfig

__all__ = ["LocalChat", "LocalChatConfig"]
