"""Telegram's flood limits: per private chat, per group and overall, as virtual schedules of a token bucket."""

import math
from dataclasses import dataclass

from bot.localchat.errors import too_many_requests

PATIENCE_S = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A token bucket: `burst` calls at once, one more every `interval_s` seconds."""

    interval_s: float
    burst: int


PRIVATE = Rate(interval_s=1.0, burst=5)
GROUP = Rate(interval_s=3.0, burst=20)
OVERALL = Rate(interval_s=1 / 30, burst=30)


class RateLimiter:
    """Says how long a call has to wait: up to 8 s, beyond that it is refused, as on Telegram's server."""

    def __init__(self) -> None:
        self._due: dict[tuple[int, int], float] = {}

    def reserve(self, *, bot_id: int, chat_id: int, cost: int, now: float) -> float:
        """Return the seconds to hold a call back, or raise a 429 with the seconds after which it would pass at once."""
        lanes = (((bot_id, chat_id), GROUP if chat_id < 0 else PRIVATE), ((bot_id, 0), OVERALL))
        waits = [self._wait(key, rate, cost=cost, now=now) for key, rate in lanes]
        wait = max(waits)
        if wait > PATIENCE_S:
            raise too_many_requests(max(1, math.ceil(wait)))
        for key, rate in lanes:
            self._due[key] = max(self._due.get(key, now), now) + cost * rate.interval_s
        return wait

    def _wait(self, key: tuple[int, int], rate: Rate, *, cost: int, now: float) -> float:
        backlog = max(0.0, self._due.get(key, now) - now)
        slack = max(0, rate.burst - cost) * rate.interval_s
        return max(0.0, backlog - slack)
