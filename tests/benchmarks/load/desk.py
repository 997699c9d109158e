"""The desk under load: `pocketdesk run` as it is, with one profile on every symbol and a watch on its loop.

    python -m tests.benchmarks.load.desk SYMBOLS SPEED

Prints a JSON line about the loop when sent SIGUSR1, and begins to watch anew.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from bot import running
from engine import presets
from engine.core.market import MINUTE_MS
from engine.core.money import percent_to_ppm, to_money
from engine.core.profile import Profile, SizeMode, Sizing
from engine.core.strategy import Away, Decision, Enter, Exit, Held, Inputs
from engine.exchanges.bybit import bars
from engine.strategies import registry
from engine.strategies.rules8 import Rules8
from tests.benchmarks.load.account import LEVERAGE
from tests.benchmarks.load.market import symbols
from tests.benchmarks.load.watch import LoopWatch


@dataclass(frozen=True, slots=True)
class Lean:
    """Enters long on a bar that closes 0.1 % above its open, closes on one that closes as far below; reads what the
    eight rules read, so that as many indicators are computed.
    """

    needs: ClassVar[tuple[str, ...]] = Rules8().needs
    rules: ClassVar[tuple[str, ...]] = ()
    reverses: ClassVar[bool] = False

    def decide(self, inputs: Inputs, held: Held | None, off: Collection[str]) -> Decision:
        """Answer a closed bar."""
        opened, close = inputs.get("open"), inputs.get("close")
        if opened is None or close is None or any(inputs.get(name) is None for name in self.needs):
            return None
        if close > opened * 1.001 and held is None:
            return Enter(True, "up")
        return Exit("down") if close < opened * 0.999 and held is not None else None

    def candidates(self, columns: Mapping[str, Any]) -> None:
        """Every bar."""


def profile(names: tuple[str, ...]) -> Profile:
    """Return the one profile."""
    return Profile(
        name="load",
        code="load",
        strategy="lean",
        symbols=names,
        timeframe=MINUTE_MS,
        sizing=Sizing(mode=SizeMode.MARGIN, amount=to_money(100)),
        leverage=LEVERAGE,
        max_positions=50,
        stop=Away(percent_to_ppm(4)),
        target=Away(percent_to_ppm(8)),
    )


async def session(watch: LoopWatch) -> None:
    """Run the desk until it is stopped."""

    def report() -> None:
        print(json.dumps(watch.taken()), flush=True)

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, report)
    watch.begin()
    await running.run(config=None, log_level=None)


def main() -> None:
    """Put the profile in place of the shipped ones and run."""
    registry.FACTORIES["lean"] = Lean
    # What trades where the settings name no profiles.
    presets.DEFAULT = (profile(symbols(int(sys.argv[1]))),)
    # The market's time runs faster here, the machine does not: a candle may take as many seconds of a wall clock.
    bars.FRESH_MS, bars.OVERDUE_MS = (int(ms * float(sys.argv[2])) for ms in (bars.FRESH_MS, bars.OVERDUE_MS))
    asyncio.run(session(LoopWatch()))


if __name__ == "__main__":
    main()
