"""What can go wrong with a desk, what it does then, and which tests prove it; `docs/failures.md` is made of this."""

from tests.failures.account import ACCOUNT
from tests.failures.data import DATA
from tests.failures.orders import ORDERS
from tests.failures.people import PEOPLE
from tests.failures.row import Failure
from tests.failures.storage import STORAGE

__all__ = ["AREAS", "FAILURES", "Failure"]

AREAS: dict[str, tuple[Failure, ...]] = {
    "Orders and fills": ORDERS,
    "The exchange and the account": ACCOUNT,
    "Data and time": DATA,
    "Storage": STORAGE,
    "Telegram, people and the process": PEOPLE,
}
FAILURES = tuple(failure for area in AREAS.values() for failure in area)
