"""One request on its way through the venue, and what an endpoint answers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.localvenue.account import Account
from bot.localvenue.codes import KEY, VenueError
from bot.localvenue.core import Core


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Parameters of a request, who makes it, and the market's time. `allowed` is how many orders of a batch pass."""

    core: Core
    params: Mapping[str, Any]
    now_ms: int
    caller: Account | None = None
    allowed: int = 0

    @property
    def account(self) -> Account:
        """The account of a private call."""
        if self.caller is None:
            raise VenueError(KEY)
        return self.caller


@dataclass(frozen=True, slots=True)
class Reply:
    """A result and the extra information beside it."""

    result: Any
    extra: Any = field(default_factory=dict)


type Handler = Callable[[Call], Reply | Awaitable[Reply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How a path is served. `writes` needs a key that may trade; `in_demo` is False where demo accounts are refused;
    `lists` answers with an empty list for the other product types, in which nobody has anything here.
    """

    method: str
    path: str
    handler: Handler
    private: bool = True
    in_demo: bool = True
    lists: bool = False

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.method == "POST"
