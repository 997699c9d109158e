"""Bybit V5: one account's orders and events (`adapter.py`) and its market data (`feed.py`), over REST and WebSocket."""
