"""Counting wrong answers: after five of them the door stays shut for a quarter of an hour. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_WRONG = 5
LOCK = timedelta(minutes=15)


@dataclass(frozen=True)
class Tries:
    """Wrong answers so far at one door; `locked_until` is set by the fifth and an aware time."""

    wrong: int = 0
    locked_until: datetime | None = None

    @property
    def left(self) -> int:
        """How many wrong answers are still free."""
        return MAX_WRONG - self.wrong

    def at(self, now: datetime) -> "Tries":
        """The count as it stands now: a lock that has run out starts a fresh count."""
        if self.locked_until is not None and self.locked_until <= now:
            return Tries()
        return self

    def after_wrong(self, now: datetime) -> "Tries":
        """Count one more wrong answer; the fifth locks."""
        wrong = self.wrong + 1
        return Tries(wrong, now + LOCK if wrong >= MAX_WRONG else None)
