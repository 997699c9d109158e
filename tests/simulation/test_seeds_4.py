"""Part 4 of the seeds."""

import pytest

from tests.simulation.seeds import batches, name, run_batch


@pytest.mark.parametrize("seeds", batches(4), ids=name)
def test_nothing_is_lost_doubled_or_left_unprotected_whatever_happens(seeds: range) -> None:
    run_batch(seeds)
