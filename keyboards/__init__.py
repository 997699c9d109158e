"""Typed callback data and keyboard builders; no I/O, no engine calls."""
