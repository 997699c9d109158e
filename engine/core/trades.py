"""The closed round trip: what every metric, report and result message is computed from."""

from dataclasses import dataclass
from decimal import Decimal

from engine.core.quick import quick


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One position from its first fill to flat.

    Times are UTC milliseconds; prices, quantity and money are exact decimals (quote currency for money). `gross` is the
    price result before
    costs; `fees` and `funding` are what was paid, so `net = gross - fees - funding`. `risk` is the money at risk to the
    initial stop, absent
    when the position had none. `mae` and `mfe` are the worst and best unrealised result seen while open (mae <= 0 <=
    mfe).
    """

    position_id: str
    symbol: str
    profile: str
    account: str
    mode: str
    long: bool
    quantity: Decimal
    entry_ms: int
    exit_ms: int
    expected_entry: Decimal
    entry: Decimal
    expected_exit: Decimal | None
    exit: Decimal
    initial_stop: Decimal | None
    initial_target: Decimal | None
    gross: Decimal
    fees: Decimal
    funding: Decimal
    risk: Decimal | None
    mae: Decimal
    mfe: Decimal
    rule: str
    reason: str
    ambiguous: bool = False

    @property
    def net(self) -> Decimal:
        """Result after fees and funding."""
        return self.gross - self.fees - self.funding

    @property
    def r_multiple(self) -> Decimal | None:
        """Net result in units of the initial risk; absent without a stop."""
        return self.net / self.risk if self.risk else None
