"""The timeframes whose candles the exchange keeps."""

from engine.core.market import DAY_MS, MINUTE_MS

MINUTES = frozenset({1, 3, 5, 15, 30, 60, 120, 240, 360, 720})
FRAMES = frozenset({*(minutes * MINUTE_MS for minutes in MINUTES), DAY_MS})
