"""Views of lockdown, codes, going live and users, with examples."""

from collections.abc import Iterator
from dataclasses import replace

from aiogram.types import InlineKeyboardMarkup

from engine.core.commands import ACCOUNT, Done
from engine.core.facts import Hold
from engine.core.profile import HoldLevel
from handlers.ports import Role
from handlers.safety import LiveTerms, Person, Shut
from handlers.views import safety, strategies
from keyboards.confirm import code_keyboard
from tests.unit.views import examples as ex

type Case = tuple[str, str, InlineKeyboardMarkup | None]
TERMS = LiveTerms(version="0.1.0", environment="live", host="Bybit")
WAITING = Hold(
    hold_id="golive",
    scope=ACCOUNT,
    level=HoldLevel.REDUCE_ONLY,
    reason="live trading is not confirmed: /golive",
    lift="golive",
    set_ms=ex.NOW_MS,
)
PEOPLE = (
    Person(user_id=1001, name="Ada", role=Role.OWNER, configured=True, enrolled=True),
    Person(user_id=1002, name="", role=Role.ADMIN, configured=False, enrolled=False),
    Person(user_id=1003, name="<Vera>", role=Role.VIEWER, configured=False, enrolled=False),
)


def safety_screens() -> Iterator[Case]:
    """Everything that stands above what adds risk."""
    preview = strategies.render_switch_preview("cft rule 5", ex.snapshot())
    yield "locked_down", safety.render_locked_down(ex.snapshot(), "locked down by Ada", again=False), None
    yield "locked_down_again", safety.render_locked_down(ex.PAUSED, "locked down by Ada", again=True), None
    yield "barred", safety.render_barred(preview, safety.lockdown_words("locked down by Ada")), None
    yield "code_wanted", safety.render_code_wanted(preview), code_keyboard()
    shut = safety.trouble_words(Shut(ex.NOW_MS), ex.VIENNA)
    yield "code_shut", safety.render_no_code(preview, shut), None
    yield "code_wrong", safety.render_wrong(1), None
    yield "code_spent", safety.render_spent(), None
    yield "code_unasked", safety.render_unasked(), None
    yield "golive_elsewhere", safety.render_not_live(ex.snapshot(mode="paper")), None
    waiting = ex.snapshot(state="reduce only", reasons=(WAITING.reason,), holds=(WAITING, *ex.PAUSED.holds))
    yield "golive_preview", safety.render_golive_preview(waiting, TERMS), None
    bare = replace(waiting, holds=(WAITING,), limits=(), profiles=())
    yield "golive_preview_bare", safety.render_golive_preview(bare, TERMS), None
    yield "golive_unfit", safety.render_unfit(waiting, "account: the API key is not bound to an address"), None
    yield "gone_live", safety.render_gone_live(ex.snapshot(), Done("1"), by="Ada"), None
    yield "gone_live_held", safety.render_gone_live(ex.PAUSED, Done("1"), by="Ada"), None
    yield "users", safety.render_users(PEOPLE, required=True), None
    yield "users_none", safety.render_users((), required=False), None
