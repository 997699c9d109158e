"""Which account a message is about, where there are several: said in its first line, once."""

import re

from handlers.views.format import esc

_TAG = re.compile(r"<[^>]+>")
_MODES = "PAPER|DEMO|TESTNET|LIVE"


def labelled(text: str, account: str) -> str:
    """HTML that names the account in its first line; unchanged where it does already, or where account is empty."""
    if not account:
        return text
    name = re.escape(esc(account))
    first = _TAG.sub("", text.partition("\n")[0])
    if re.search(rf"^{name} · |(?:{_MODES}) · {name}(?: ·|$)|(?:^| ){name} · (?:{_MODES})", first):
        return text
    return f"<b>{esc(account)}</b>{chr(10) if text.startswith('<pre') else ' · '}{text}"
