"""A local Bybit V5 exchange: REST, WebSocket streams and order entry on loopback, over the simulated exchange."""

from bot.localvenue.config import AccountSpec, LocalVenueConfig
from bot.localvenue.server import LocalVenue

__all__ = ["AccountSpec", "LocalVenue", "LocalVenueConfig"]
