"""In which order messages leave."""

from enum import IntEnum


class Priority(IntEnum):
    """Lower goes first."""

    CRITICAL = 0
    REPLY = 1
    ALERT = 2
    PANEL = 3
