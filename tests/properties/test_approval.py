"""Whatever people press, in whatever order, and whenever the desk crashes: the safest answer is what happens."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from engine.core.approval import KEEP_MS
from engine.core.chat_events import ApprovalDelivered
from engine.core.commands import AnswerEmergency, Choice, Done
from engine.core.money import to_money
from engine.core.orders import Purpose
from engine.core.profile import Action, ApprovalMode, LimitSpec, Measure
from tests.support.desk import BTC, ETH, Bench, account, assert_replays, placed

_SILENCE_MS = 30_000
_LIMIT = LimitSpec(
    name="loss",
    measure=Measure.TOTAL_LOSS,
    threshold=to_money(-8),
    action=Action.EMERGENCY,
    floor=-(10**15),
    ceiling=-1,
    approval=ApprovalMode.ASK,
    approval_ms=_SILENCE_MS,
)
_RANK = {"asked": 0, "paused": 1, "kept": 2, "closed": 3}
_MEANS = {Choice.PAUSE: "paused", Choice.KEEP: "kept", Choice.CLOSE: "closed"}


@dataclass(slots=True)
class Model:
    """What must come out, told in a few lines: a phase and when it ends by itself."""

    now: int
    phase: str = "asked"
    until: int = 0

    def wait(self) -> None:
        """Let the wall clock have its say."""
        if self.phase == "asked" and self.now >= self.until:
            self.phase = "closed"
        elif self.phase == "kept" and self.now >= self.until:
            self.phase, self.until = "asked", self.now + _SILENCE_MS

    def press(self, choice: Choice) -> bool:
        """Answer; returns whether the answer counts."""
        self.wait()
        wanted = _MEANS[choice]
        if _RANK[wanted] <= _RANK[self.phase]:
            return False
        self.phase, self.until = wanted, self.now + KEEP_MS
        return True


def _emergency() -> Bench:
    bench = Bench(account(limits=[_LIMIT]))
    bench.enter()
    bench.enter(symbol=ETH, long=False)
    bench.time()
    # Beyond the limit and short of the stop, which would close after five seconds.
    bench.price(9_955)
    bench.time()
    bench.step(ApprovalDelivered(1, bench.now))
    return bench


_PRESSES = st.tuples(st.just("press"), st.sampled_from(list(Choice)))
_WAITS = st.tuples(st.just("wait"), st.sampled_from([250, 5_000, 29_999, 30_000, 14 * 60_000, 15 * 60_000]))
_CRASHES = st.tuples(st.just("crash"), st.just(0))


@given(st.lists(st.one_of(_PRESSES, _WAITS, _CRASHES), max_size=12))
def test_no_order_of_presses_silence_and_crashes_closes_less_than_the_safest_of_them(
    story: list[tuple[str, object]],
) -> None:
    bench = _emergency()
    model = Model(bench.now, until=bench.now + _SILENCE_MS)
    for number, (what, detail) in enumerate(story):
        if what == "press":
            assert isinstance(detail, Choice)
            wanted = {"number": bench.state.last_question, "choice": detail}
            answer = bench.ask(AnswerEmergency(command_id=f"{number}", by="Ada", wall_ms=bench.now, **wanted))
            counts = model.press(detail)
            assert isinstance(answer, Done) or not counts
        elif what == "crash":
            bench.restart()
            bench.time()
            model.wait()
        else:
            assert isinstance(detail, int)
            bench.time(detail)
            model.now = bench.now
            model.wait()
        bench.step(ApprovalDelivered(bench.state.last_question, bench.now))
        assert bench.state.questions["loss"].phase == model.phase
        closing = {ticket.symbol for ticket in placed(bench.effects) if ticket.purpose is Purpose.EXIT}
        assert closing == ({BTC, ETH} if model.phase == "closed" else set())
        assert "limit:loss" in bench.state.holds
    assert_replays(bench)
