"""What is wrong with the settings, said all at once.

SettingsError (ValueError)
  carries every Mistake found in one reading of the environment and the files
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing to mend: which key, where it was set, what it holds (never for a secret) and what is allowed.

    `value` is None where there is none to show: the key is missing, or it is a secret.
    """

    key: str
    source: str
    problem: str
    value: str | None = None
    allowed: str | None = None

    def __str__(self) -> str:
        shown = "" if self.value is None else f" = {self.value}"
        allowed = "" if self.allowed is None else f"; allowed: {self.allowed}"
        return f"{self.key}{shown} ({self.source}): {self.problem}{allowed}"


class SettingsError(ValueError):
    """The settings cannot be used; `mistakes` lists every reason. The command line exits with 2 on it."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        title = "1 mistake in the settings" if count == 1 else f"{count} mistakes in the settings"
        super().__init__("\n".join([f"{title}:", *(f"  - {mistake}" for mistake in self.mistakes)]))
