"""One way to fail."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failure with what happens (`wrong`), the desk's answer (`does`), and by file under tests/ the names of the
    tests that prove it.
    """

    number: int
    title: str
    wrong: str
    does: str
    proofs: dict[str, tuple[str, ...]]
