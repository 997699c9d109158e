"""Telegram in: one router per screen."""
