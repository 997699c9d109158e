"""The exchange contract, kept by the simulated exchange."""

from pathlib import Path

from tests.contracts.exchange_suite import ExchangeSuite
from tests.contracts.venue import SimulatedVenue, Venue


class TestSimulatedExchange(ExchangeSuite):
    """Through the thinnest possible port."""

    def venue(self, folder: Path) -> Venue:
        return SimulatedVenue(folder)
