"""The exchange's own count of order requests: ten orders a second for each way of placing them."""

from collections import defaultdict, deque

LIMIT = 10
_SECOND_NS = 1_000_000_000


class Counter:
    """Counts orders by endpoint in sliding windows of a second. `most` is the largest count of any window, with those
    that were refused; `refused` how many orders were.
    """

    def __init__(self) -> None:
        self._times: dict[str, deque[tuple[int, int]]] = defaultdict(deque)
        self.most = 0
        self.refused = 0

    def take(self, path: str, orders: int, at_ns: int) -> bool:
        """Count a request; False when it is above the limit."""
        times = self._times[path]
        while times and at_ns - times[0][0] >= _SECOND_NS:
            times.popleft()
        used = sum(count for _, count in times) + orders
        self.most = max(self.most, used)
        if used > LIMIT:
            self.refused += orders
            return False
        times.append((at_ns, orders))
        return True
