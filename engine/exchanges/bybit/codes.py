"""What an answer of the exchange means for what was asked: one table from HTTP status and return code to a verdict.

An order may have been taken whenever the answer does not say otherwise; only a code that the exchange gives before
anything happens is a refusal. Codes and texts: V5 documentation, "Error Codes".
"""

from enum import StrEnum
from typing import NamedTuple


class Action(StrEnum):
    """What was asked for."""

    PLACE = "place"
    CANCEL = "cancel"
    PROTECT = "protect"
    LEVERAGE = "leverage"
    QUERY = "query"


class Verdict(StrEnum):
    """What to believe, and what to do next."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    EXISTS = "exists"
    OVER = "over"
    CLOCK = "clock"
    LIMITED = "limited"
    BUSY = "busy"
    BANNED = "banned"
    FATAL = "fatal"
    HALTED = "halted"


class Answer(NamedTuple):
    """An answer as received. `status` 0: none came, `why` says what happened; `code` None: no readable envelope."""

    status: int
    code: int | None
    why: str


BAN_S = 600.0
TIMESTAMP = 10002
TOO_MANY = 10006

_DUPLICATE_ID = 110072
# Server trouble, by which an order may or may not have been taken.
_AMBIGUOUS = frozenset({429, 10000, 10016, 10019, 10403, 10429, 20003, 20006, 500000, 170001, 170005, 170007, 170032})
# Nothing that the desk sends will be taken until a person changes the key, the account or the region.
_OPERATOR = frozenset(
    {10003, 10004, 10005, 10007, 10008, 10009, 10010, 10024, 10027, 10028, 10029, 33004, 110123, 110125}
)
_SYMBOL_CLOSED = frozenset({110023, 110042, 110063, 110066, 110074, 30228})
_PROCESSING = 110079
_ORDER_OVER = frozenset({110001, 110008, 110010})
_UNCHANGED = {
    Action.PROTECT: frozenset({34040}),
    Action.LEVERAGE: frozenset({110043}),
}

HINTS = {
    10003: "the API key is unknown here: check the key and that it belongs to this environment and site",
    10004: "the signature is refused: check the API secret",
    10005: "the API key lacks a permission: it needs contract orders and positions, read and write",
    10007: "the account must log in again",
    10008: "the account is banned",
    10009: "the region is not served",
    10010: "this machine's address is not among those the API key is bound to",
    10024: "the exchange asks for a compliance step: log in on its site",
    10027: "trading is banned for this account",
    10028: "only unified accounts may do this: upgrade the account",
    10029: "the symbol is not open to this account",
    33004: "the API key has expired: create a new one",
    110123: "terms must be accepted on the exchange's site",
    110125: "terms must be accepted on the exchange's site",
}


def judge(action: Action, answer: Answer) -> Verdict:
    """Return what an answer means. Everything that is not a clear yes or a clear no is `UNKNOWN`."""
    if answer.status == 403:
        return Verdict.BANNED
    if answer.status == 0 or answer.status >= 500 or answer.status == 429 or answer.code is None:
        return Verdict.UNKNOWN
    if answer.code == 0:
        return Verdict.DONE if answer.status == 200 else Verdict.UNKNOWN
    return _judge_code(action, answer.code)


def _judge_code(action: Action, code: int) -> Verdict:
    if code in _AMBIGUOUS:
        return Verdict.UNKNOWN
    general = {TIMESTAMP: Verdict.CLOCK, TOO_MANY: Verdict.LIMITED, _PROCESSING: Verdict.BUSY}.get(code)
    if general is not None:
        return general
    if code in _OPERATOR:
        return Verdict.FATAL
    if code in _UNCHANGED.get(action, frozenset()):
        return Verdict.DONE
    if action is Action.PLACE and code == _DUPLICATE_ID:
        return Verdict.EXISTS
    if action is Action.CANCEL and code in _ORDER_OVER:
        return Verdict.OVER
    return Verdict.HALTED if action is Action.PLACE and code in _SYMBOL_CLOSED else Verdict.REFUSED


def operator_hint(code: int) -> str:
    """Return what a person should do about a fatal code."""
    return HINTS.get(code, "a person must look at the account")
