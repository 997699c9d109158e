"""The exchange contract, kept by the paper exchange."""

from pathlib import Path

from tests.contracts.exchange_suite import ExchangeSuite
from tests.contracts.venue import PaperVenue, Venue


class TestPaperExchange(ExchangeSuite):
    """With its store in a temporary folder."""

    def venue(self, folder: Path) -> Venue:
        return PaperVenue(folder)
