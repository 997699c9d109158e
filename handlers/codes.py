"""What waits for a code: one confirmed action a person, for two minutes, in memory only."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handlers.actions import Action
from handlers.spot import Screen
from handlers.views.safety import render_barred, render_code_wanted, render_no_code, trouble_words
from keyboards.confirm import code_keyboard

if TYPE_CHECKING:
    from handlers.context import Context

CODE_VALID_S = 120.0


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """A confirmed action, where its message is, the preview that named it, and how many lockdowns there were."""

    ctx: "Context"
    action: Action
    preview: str
    lockdowns: int


class Codes:
    """The pending action of each person."""

    def __init__(self) -> None:
        self._waiting: dict[int, Pending] = {}

    def of(self, user_id: int) -> Pending | None:
        """What a person's code would confirm."""
        return self._waiting.get(user_id)

    def put(self, user_id: int, pending: Pending) -> Pending | None:
        """Let an action wait; returns the one that waited before, which no longer does."""
        before, self._waiting[user_id] = self._waiting.get(user_id), pending
        return before

    def take(self, user_id: int, pending: Pending) -> bool:
        """Take this action, once; False when it no longer waits."""
        if self._waiting.get(user_id) is not pending:
            return False
        del self._waiting[user_id]
        pending.ctx.jobs.stop(_job(pending))
        return True


async def ask_code(ctx: "Context", codes: Codes, action: Action, preview: str) -> None:
    """Ask for the code that carries a confirmed action out."""
    user_id = ctx.actor.user_id
    trouble = trouble_words(await ctx.safety.factor.ready(user_id), ctx.zone)
    if trouble:
        await ctx.show(Screen(render_barred(preview, trouble)))
        return
    pending = Pending(ctx, action, preview, ctx.safety.lockdown.times)
    before = codes.put(user_id, pending)
    if before is not None:
        before.ctx.jobs.stop(_job(before))
        await before.ctx.show(Screen(render_no_code(before.preview, "Something else was confirmed after it.")))
    await ctx.show(Screen(render_code_wanted(preview), code_keyboard()))
    ctx.jobs.start(_expire(codes, pending), name=_job(pending))


async def _expire(codes: Codes, pending: Pending) -> None:
    ctx = pending.ctx
    await ctx.jobs.sleep(CODE_VALID_S)
    if codes.take(ctx.actor.user_id, pending):
        await ctx.show(Screen(render_no_code(pending.preview, "No code came in two minutes.")))


def _job(pending: Pending) -> str:
    return f"code.{pending.ctx.request_id}"
