"""The contract of every exchange, as tests: a subclass opens a venue, the same stories then run on its exchange."""

from tests.contracts.order_contract import OrderContract
from tests.contracts.protection_contract import ProtectionContract


class ExchangeSuite(OrderContract, ProtectionContract):
    """The whole contract."""
