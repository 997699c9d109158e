"""Client order ids: a pure function of the decision, so that a repeated decision is the same order."""

import re
from hashlib import blake2b

from engine.core.orders import Purpose

MAX_LENGTH = 36
_TAG = re.compile(r"[a-z0-9]{4}")
_CODE = re.compile(r"[a-z0-9]{1,6}")
_EXIT = re.compile(r"[a-z0-9]{4}-[a-z0-9]{1,6}-x\d+-[0-9a-f]{16}")
_ENTRY = re.compile(r"([a-z0-9]{4})-([a-z0-9]{1,6})-e\d+-[0-9a-f]{16}")
_LETTER = {Purpose.ENTRY: "e", Purpose.EXIT: "x"}


def check_tag(tag: str) -> str:
    """Return an install tag of four lower-case letters or digits; raises ValueError otherwise."""
    if not _TAG.fullmatch(tag):
        raise ValueError(f"install tag {tag!r}: four lower-case letters or digits")
    return tag


def check_code(code: str) -> str:
    """Return a profile code of one to six lower-case letters or digits; raises ValueError otherwise."""
    if not _CODE.fullmatch(code):
        raise ValueError(f"profile code {code!r}: one to six lower-case letters or digits")
    return code


def link_id(tag: str, code: str, purpose: Purpose, attempt: int, decision: str) -> str:
    """Return the orderLinkId of a decision, for example `pd3f-cft-e0-1f9ac0d27b34e581` (at most 36 characters of
    [a-z0-9-]).
    """
    digest = blake2b(decision.encode(), digest_size=8).hexdigest()
    return f"{tag}-{code}-{_LETTER[purpose]}{attempt}-{digest}"


def is_exit(order_link_id: str) -> bool:
    """Tell whether a client order id has the form of a close by a desk."""
    return _EXIT.fullmatch(order_link_id) is not None


def entry_code(tag: str, order_link_id: str) -> str:
    """Return the profile code in the id of an entry by this installation; empty for every other order."""
    found = _ENTRY.fullmatch(order_link_id)
    return found[2] if found is not None and found[1] == tag else ""


def is_ours(tag: str, order_link_id: str) -> bool:
    """Tell whether an order on the exchange was created by this installation."""
    return order_link_id.startswith(f"{tag}-")
