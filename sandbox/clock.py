"""The stand-ins' time: the real time, which a test may let pass at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class SimClock:
    """The real time plus what was added to it."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The stand-in's time, aware, in UTC."""
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self._ahead += timedelta(seconds=seconds)

    def reset(self) -> None:
        """Go back to the real time."""
        self._ahead = timedelta()
