"""Who is logged in: random session tokens kept in memory, ended by idleness, and the form tokens derived from them."""

import hmac
import secrets
import threading
from datetime import datetime, timedelta

MOST_SESSIONS = 1000
"""The longest idle session gives way to a new one beyond this."""


class Sessions:
    """The open sessions; several may be open at once. Safe to share among threads."""

    def __init__(self, idle: timedelta) -> None:
        """Start without sessions; one ends after `idle` without a request."""
        self._idle = idle
        self._seen_at: dict[str, datetime] = {}
        self._form_key = secrets.token_bytes(32)
        self._turn = threading.Lock()

    def open(self, now: datetime) -> str:
        """Begin a session and give its token."""
        token = secrets.token_urlsafe(32)
        with self._turn:
            self._seen_at = {known: seen for known, seen in self._seen_at.items() if now - seen < self._idle}
            if len(self._seen_at) >= MOST_SESSIONS:
                del self._seen_at[min(self._seen_at, key=self._seen_at.__getitem__)]
            self._seen_at[token] = now
        return token

    def touch(self, token: str, now: datetime) -> bool:
        """Note a request; False when the session is unknown or has been idle too long."""
        with self._turn:
            seen = self._seen_at.pop(token, None)
            if seen is None or now - seen >= self._idle:
                return False
            self._seen_at[token] = now
            return True

    def close(self, token: str) -> None:
        """End a session; safe to repeat."""
        with self._turn:
            self._seen_at.pop(token, None)

    def form_token(self, token: str) -> str:
        """The token every form of this session (or of this not yet logged-in visitor) must carry."""
        return hmac.new(self._form_key, token.encode(), "sha256").hexdigest()

    def form_token_is_right(self, token: str, given: str) -> bool:
        """Compare a form's token in constant time."""
        return hmac.compare_digest(self.form_token(token).encode(), given.encode())
