"""Examples of what the screens of risk, trades by hand and sync show."""

from decimal import Decimal

from bot.sync import Outcome
from bot.sync_compare import Difference
from engine.core.manual import EntryPreview
from tests.unit.views.examples import HOUR_MS, NOW_MS, snapshot, symbol

ENTRY_PREVIEW = EntryPreview(
    symbol="SOLUSDT",
    profile="manual",
    long=True,
    quantity=Decimal("0.7"),
    price=Decimal("142.31"),
    tick=Decimal("0.01"),
    notional=Decimal("99.617"),
    leverage=5,
    margin=Decimal("19.9234"),
    stop=Decimal("139.46"),
    target=Decimal("148.00"),
    cost=Decimal("0.13"),
    risk=Decimal("-2.125"),
    reward=Decimal("3.853"),
    refusal="",
)
RESTING = snapshot(
    symbols=(
        symbol("BTCUSDT", "0.10", cooldown_until_ms=NOW_MS + 90 * 60_000, held_back=("cooldown",)),
        symbol("SOLUSDT", cooldown_until_ms=NOW_MS + 7_000),
        symbol("XRPUSDT", "0.0001"),
    )
)
SYNCED = Outcome(
    since_ms=NOW_MS - 365 * 24 * HOUR_MS,
    until_ms=NOW_MS,
    windows=150,
    skipped=9,
    executions=4_310,
    orders=4_402,
    closed=2_150,
    new=20,
    known=4_290,
    external=8,
    unreadable=1,
    trouble="execution.execQty: 'x' is not a number",
    missing=["e-1", "e-2"],
    compared=2_150,
    differences=[
        Difference(symbol="SOLUSDT", profile="cft", closed_ms=NOW_MS, ours=Decimal("-1.2"), theirs=Decimal("-1.35")),
        Difference(symbol="XRPUSDT", profile="lx", closed_ms=NOW_MS, ours=Decimal("0.4"), theirs=None),
    ],
)
