"""Tests of the Bybit adapter's parts, without a network."""
