"""The chat server over HTTP on loopback, with plain requests and with aiogram."""
