"""Wall time, for what people see and sign: ages, deadlines, audit lines."""

import time


def wall_ms() -> int:
    """Wall time in UTC milliseconds."""
    return time.time_ns() // 1_000_000
