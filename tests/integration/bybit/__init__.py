"""Tests of the Bybit adapter over real HTTP and WebSocket on loopback."""
