"""Bybit's request limits: so many calls a second for each account and endpoint, so many in five seconds an address."""

from collections import deque
from dataclasses import dataclass, field

_WINDOW_S = 1.0
_IP_WINDOW_S = 5.0
IP_REQUESTS = 600
_QUERIES = 50
_ORDERS = 10
LIMITS = {
    "/v5/order/create": _ORDERS,
    "/v5/order/amend": _ORDERS,
    "/v5/order/cancel": _ORDERS,
    "/v5/order/cancel-all": _ORDERS,
    "/v5/order/create-batch": _ORDERS,
    "/v5/order/cancel-batch": _ORDERS,
    "/v5/order/amend-batch": _ORDERS,
    "/v5/order/realtime": _QUERIES,
    "/v5/order/history": _QUERIES,
    "/v5/execution/list": _QUERIES,
    "/v5/position/list": _QUERIES,
    "/v5/position/closed-pnl": _QUERIES,
    "/v5/position/set-leverage": _ORDERS,
    "/v5/position/switch-mode": _ORDERS,
    "/v5/position/trading-stop": _ORDERS,
    "/v5/account/wallet-balance": _QUERIES,
    "/v5/account/info": _QUERIES,
    "/v5/account/transaction-log": _QUERIES,
    "/v5/account/fee-rate": 5,
    "/v5/account/set-margin-mode": 5,
    "/v5/user/query-api": 10,
}
APPLY_PATH = "/v5/account/demo-apply-money"
APPLY_WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class Grant:
    """How many of the wanted calls may pass, the limit, what is left, and in how many seconds it is whole again."""

    passed: int
    limit: int
    left: int
    reset_s: float


@dataclass(slots=True)
class RateLimiter:
    """Rolling windows. Times are seconds of a monotonic clock."""

    enabled: bool
    ban_s: float
    _calls: dict[tuple[int, str], deque[float]] = field(default_factory=dict)
    _addresses: dict[str, deque[float]] = field(default_factory=dict)
    _banned: dict[str, float] = field(default_factory=dict)

    def take(self, uid: int, path: str, now_s: float, *, wanted: int = 1) -> Grant | None:
        """Count calls of an account; None where the endpoint has no limit. Batches count each order."""
        window, limit = (APPLY_WINDOW_S, 1) if path == APPLY_PATH else (_WINDOW_S, LIMITS.get(path, 0))
        if not limit:
            return None
        calls = self._calls.setdefault((uid, path), deque())
        _forget(calls, now_s - window)
        room = limit - len(calls) if self.enabled else wanted
        passed = min(wanted, max(room, 0))
        calls.extend([now_s] * passed)
        left = max(limit - len(calls), 0)
        reset = 0.0 if passed == wanted else calls[0] + window - now_s
        return Grant(passed, limit, left, reset)

    def is_banned(self, address: str, now_s: float) -> bool:
        """Count a request of an address; True while it is shut out."""
        if not self.enabled:
            return False
        if now_s < self._banned.get(address, 0.0):
            return True
        calls = self._addresses.setdefault(address, deque())
        _forget(calls, now_s - _IP_WINDOW_S)
        calls.append(now_s)
        if len(calls) <= IP_REQUESTS:
            return False
        calls.clear()
        self._banned[address] = now_s + self.ban_s
        return True

    def pardon(self) -> None:
        """Lift every ban."""
        self._banned.clear()
        self._addresses.clear()


def _forget(calls: deque[float], before_s: float) -> None:
    while calls and calls[0] <= before_s:
        calls.popleft()
