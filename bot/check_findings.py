"""What a check finds: an area, a grade, what is so, and what to do about it; and the time that a question may take."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from enum import StrEnum

ASK_S = 5.0
NETWORK = "see that this machine reaches the network, and that the address in the settings is right"


class Grade(StrEnum):
    """`OK` also for what is only information; a `FAULT` keeps the desk from working as it should."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the table; `todo` is empty where nothing is to be done."""

    area: str
    grade: Grade
    what: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Area:
    """Makes findings of one area."""

    name: str

    def ok(self, what: str, todo: str = "") -> Finding:
        """Return that something is as it should be."""
        return Finding(area=self.name, grade=Grade.OK, what=what, todo=todo)

    def warning(self, what: str, todo: str) -> Finding:
        """Return something that a person should know."""
        return Finding(area=self.name, grade=Grade.WARNING, what=what, todo=todo)

    def fault(self, what: str, todo: str) -> Finding:
        """Return something that must be mended."""
        return Finding(area=self.name, grade=Grade.FAULT, what=what, todo=todo)


def has_fault(findings: list[Finding]) -> bool:
    """Tell whether anything must be mended."""
    return any(finding.grade is Grade.FAULT for finding in findings)


async def within[T](question: Awaitable[T], seconds: float = ASK_S) -> T:
    """Return the answer to a question; raises TimeoutError when it takes longer."""
    async with asyncio.timeout(seconds):
        return await question
