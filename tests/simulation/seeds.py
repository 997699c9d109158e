"""Which seeds are run: a thousand, more for a soak (SIM_SEEDS=20000), or one that failed (SIM_SEED=123)."""

import os

from tests.simulation.drive import play

ALL = int(os.environ.get("SIM_SEEDS", "1000"))
ONE = os.environ.get("SIM_SEED")
# Seeds are spread over several files, so that they are shared among workers.
PARTS, BATCH = 6, 10


def batches(part: int) -> list[range]:
    """Return the seeds of one part of the thousand, in batches of neighbours."""
    if ONE is not None:
        return [range(int(ONE), int(ONE) + 1)] if part == 0 else []
    return [range(first, min(first + BATCH, ALL)) for first in range(part * BATCH, ALL, PARTS * BATCH)]


def run_batch(batch: range) -> None:
    """Play the seeds of a batch; the first that fails is named with the command that plays it again."""
    for seed in batch:
        try:
            play(seed)
        except AssertionError as error:
            again = f"SIM_SEED={seed} python -m pytest tests/simulation/test_seeds_0.py"
            raise AssertionError(f"seed {seed} failed: {error}\nagain: {again}") from error


def name(batch: range) -> str:
    """Return the name of a batch."""
    return f"{batch.start}-{batch.stop - 1}"
