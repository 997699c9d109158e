"""Metrics, charts and reports: pure functions of closed trades and an equity series."""
