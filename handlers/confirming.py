"""The presses of Confirm and Cancel: claimed once, then carried out on what is there at that moment."""

from dataclasses import replace

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from handlers import actions as a
from handlers import additions, deeds, everywhere
from handlers.adopting import adopt
from handlers.asking import settle
from handlers.codes import Codes, ask_code
from handlers.context import ADDS, ANSWERS, REDUCES, Context
from handlers.limits import confirmed_change
from handlers.ports import Claim, Claimed, Expired, Foreign, TooSoon, Used
from handlers.spot import Screen, acknowledge
from handlers.views.confirm import render_cancelled, render_expired
from keyboards.data import Add, Cancel, Reduce

router = Router(name="confirming")


@router.callback_query(Reduce.filter(), flags=REDUCES | ANSWERS)
async def reduce_pressed(callback: CallbackQuery, callback_data: Reduce, ctx: Context) -> None:
    """Confirm something that makes the desk safer."""
    action = await _taken(callback, callback_data.nonce, ctx, adds=False)
    if action is not None:
        await perform(replace(ctx, request_id=f"n{callback_data.nonce}"), action)


@router.callback_query(Add.filter(), flags=ADDS | ANSWERS)
async def add_pressed(callback: CallbackQuery, callback_data: Add, ctx: Context, codes: Codes) -> None:
    """Confirm something that lets the desk risk more; where it is required, a code is asked for before it is done."""
    action = await _taken(callback, callback_data.nonce, ctx, adds=True)
    if action is None:
        return
    mine = replace(ctx, request_id=f"n{callback_data.nonce}")
    if ctx.safety.factor.required and a.is_final(action):
        await ask_code(mine, codes, action, _shown(callback))
    else:
        await perform(mine, action)


async def _taken(callback: CallbackQuery, nonce: str, ctx: Context, *, adds: bool) -> a.Action | None:
    """The confirmed action, which is this press's alone; None when the press was answered otherwise."""
    claim = await _claim(nonce, ctx)
    if not isinstance(claim, Claimed):
        await _not_claimed(callback, claim, ctx)
        return None
    # A forged press could send one kind of data for the other kind of action.
    if a.adds_risk(claim.action) != adds:
        await _not_claimed(callback, Used(), ctx)
        return None
    await acknowledge(callback)
    settle(ctx, nonce)
    return claim.action


async def _claim(nonce: str, ctx: Context) -> Claim:
    if ctx.spot.message_id is None:
        return Expired()
    return await ctx.confirm.claim(nonce, ctx.actor, ctx.spot.chat_id, ctx.spot.message_id)


async def _not_claimed(callback: CallbackQuery, claim: Claim, ctx: Context) -> None:
    match claim:
        case TooSoon():
            await acknowledge(callback, "Too quick to have been read. Read it, then press again.")
        case Foreign():
            await acknowledge(callback, "This confirmation belongs to somebody else.", alert=True)
        case Expired():
            await acknowledge(callback, "Expired. Nothing was sent.", alert=True)
            await ctx.show(Screen(render_expired(_shown(callback))))
        case _:
            await acknowledge(callback, "Already used. See the result, or /menu.")


async def perform(ctx: Context, action: a.Action) -> None:
    """Carry out a confirmed action; the message becomes its result."""
    if not await everywhere.carried_out(ctx, action):
        await _carry_out(ctx, action)


async def _carry_out(ctx: Context, action: a.Action) -> None:
    match action:
        case a.CloseOne(symbol=symbol, percent=percent):
            await deeds.close_one(ctx, symbol, percent)
        case a.CloseEverything(which=which, profile=profile):
            await deeds.close_all(ctx, which, profile)
        case a.Adopt(symbol=symbol, profile=profile):
            await adopt(ctx, symbol, profile)
        case a.PauseEntries(scope=scope, until_ms=until_ms):
            await deeds.pause(ctx, scope, until_ms)
        case a.ResumeEntries(scope=scope):
            await deeds.resume(ctx, scope)
        case a.RuleOn(profile=profile, rule=rule):
            await deeds.switch_rule(ctx, profile, rule, on=True)
        case a.ProfileOn(profile=profile):
            await deeds.switch_profile(ctx, profile, on=True)
        case a.OpenPosition() | a.Unlocking() | a.SymbolOn() | a.GoLive():
            await additions.perform(ctx, action)
        case a.LimitChange():
            await confirmed_change(ctx, action)


@router.callback_query(Cancel.filter(), flags=REDUCES | ANSWERS)
async def cancel_pressed(callback: CallbackQuery, callback_data: Cancel, ctx: Context) -> None:
    """[Cancel]: the confirmation is used up, so that its button cannot act later."""
    claim = await _claim(callback_data.nonce, ctx)
    if isinstance(claim, Foreign | Used | TooSoon):
        await _not_claimed(callback, claim, ctx)
        return
    await acknowledge(callback)
    settle(ctx, callback_data.nonce)
    stays = isinstance(claim, Claimed) and isinstance(claim.action, a.CloseEverything)
    note = "Entries stay paused; /resume allows them again." if stays else ""
    await ctx.show(Screen(render_cancelled(_shown(callback), note)))


def _shown(callback: CallbackQuery) -> str:
    return callback.message.html_text if isinstance(callback.message, Message) else ""
