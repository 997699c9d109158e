"""What is coarser in the simulation than in a process: the desk's tick, and how many facts a checkpoint waits for."""

import pytest


@pytest.fixture(autouse=True)
def _coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.live.TICK_S", 1.0)
    monkeypatch.setattr("engine.recovery.CHECKPOINT_FACTS", 60)
