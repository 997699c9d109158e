"""Where Bybit's worlds are, and which other addresses may stand in for them."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

DEMO, TESTNET, LIVE = "demo", "testnet", "live"
# Regional sites of the exchange: an account made there is known only there.
_DOMAINS = (
    "bybit.com",
    "bytick.com",
    "bybit.nl",
    "bybit.tr",
    "bybit.kz",
    "bybitgeorgia.ge",
    "bybit.ae",
    "bybit.eu",
    "bybit.id",
    "manepa.jp",
)


class HostError(ValueError):
    """An address that must not be used; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Base addresses: REST, the public stream of linear contracts, the private stream."""

    rest: str
    public: str
    private: str


# Demo accounts trade on the prices of the real market: their public stream is the live one.
_WORLDS = {
    DEMO: Hosts(
        rest="https://api-demo.bybit.com",
        public="wss://stream.bybit.com/v5/public/linear",
        private="wss://stream-demo.bybit.com/v5/private",
    ),
    TESTNET: Hosts(
        rest="https://api-testnet.bybit.com",
        public="wss://stream-testnet.bybit.com/v5/public/linear",
        private="wss://stream-testnet.bybit.com/v5/private",
    ),
    LIVE: Hosts(
        rest="https://api.bybit.com",
        public="wss://stream.bybit.com/v5/public/linear",
        private="wss://stream.bybit.com/v5/private",
    ),
}


def hosts_of(
    world: str,
    *,
    rest: str | None = None,
    public: str | None = None,
    private: str | None = None,
    allow_custom: bool = False,
) -> Hosts:
    """Return the addresses of a world (`demo`, `testnet`, `live`), with overrides; raises HostError.

    Live takes only the exchange's own hosts over TLS unless `allow_custom`: a key must not reach a stranger.
    """
    try:
        known = _WORLDS[world]
    except KeyError:
        raise HostError(f"no world {world!r}; there are: {', '.join(_WORLDS)}") from None
    hosts = Hosts(rest=rest or known.rest, public=public or known.public, private=private or known.private)
    for name, address, scheme in (
        ("REST", hosts.rest, "https"),
        ("public stream", hosts.public, "wss"),
        ("private stream", hosts.private, "wss"),
    ):
        if world == LIVE and not allow_custom and not _is_bybit(address, scheme):
            raise HostError(
                f"{name} address {address} is not one of Bybit's over {scheme}; "
                "remove it or set ALLOW_CUSTOM_HOSTS=1 if you are sure"
            )
    return hosts


def _is_bybit(address: str, scheme: str) -> bool:
    parts = urlsplit(address)
    host = parts.hostname or ""
    return parts.scheme == scheme and any(host == domain or host.endswith(f".{domain}") for domain in _DOMAINS)


def is_loopback(address: str) -> bool:
    """Tell whether an address is on this machine."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
