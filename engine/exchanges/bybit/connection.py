"""What adapter and feed of one environment stand on: addresses, clock, limiter, requests, instruments, health."""

from dataclasses import dataclass, field
from random import Random

from engine.clock import Clock
from engine.exchanges.bybit.caller import Caller
from engine.exchanges.bybit.endpoints import BUDGETS, OVERALL
from engine.exchanges.bybit.health import Health
from engine.exchanges.bybit.hosts import Hosts
from engine.exchanges.bybit.instruments import InstrumentBook
from engine.exchanges.bybit.link import Dial, dial
from engine.exchanges.bybit.rest import Access, Rest
from engine.exchanges.bybit.servertime import ServerTime
from engine.exchanges.bybit.stream import Login
from engine.limiter import Address, Limiter


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An API key. Never shown."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return "Credentials()"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionTerms:
    """How to send: longest wait for an answer's bytes, the window in which a signed request is taken, how to open
    sockets, the randomness of backoffs, the address shared with other accounts.
    """

    timeout_s: float = 10.0
    recv_window_ms: int = 5_000
    dial: Dial = dial
    random: Random = field(default_factory=Random)
    address: Address = field(default_factory=lambda: Address(OVERALL))


class Connection:
    """Built once per account and environment; `credentials` None can only ask about the market. Close it last."""

    def __init__(
        self, hosts: Hosts, clock: Clock, credentials: Credentials | None, terms: ConnectionTerms | None = None
    ) -> None:
        self.hosts = hosts
        self.clock = clock
        self.terms = terms or ConnectionTerms()
        self.time = ServerTime(clock.wall_ms)
        self.health = Health(self.time.now_ms)
        self.limiter = Limiter(clock, BUDGETS, overall=self.terms.address)
        access = Access(
            base=hosts.rest,
            key=credentials.key if credentials else "",
            secret=credentials.secret if credentials else "",
            timeout_s=self.terms.timeout_s,
            recv_window_ms=self.terms.recv_window_ms,
        )
        self.rest = Rest(access, limiter=self.limiter, time=self.time, wall_ms=clock.wall_ms)
        self.caller = Caller(self.rest, self.health, clock)
        self.instruments = InstrumentBook(self.caller)
        self.login = Login(credentials.key, credentials.secret, self.time.signing_ms) if credentials else None

    async def close(self) -> None:
        """Release threads and connections."""
        await self.rest.close()
