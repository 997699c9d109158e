"""The contract of every exchange, as tests: a subclass opens a venue, the same stories then run on its exchange."""

from tests.contracts.order_contract import OrderContract
from tests.contracts.protection_contract import ProtectionContract
from tests.contracts.trail_contract import TrailContract


class ExchangeSuite(OrderContract, ProtectionContract, TrailContract):
    """The whole contract."""
