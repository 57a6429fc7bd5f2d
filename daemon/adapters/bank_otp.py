"""The bank's one-time password: TOTP (RFC 6238), made at the moment it is typed, never stored or logged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import pyotp
from pydantic import SecretStr

from schema.errors import SettingsError

LEAST_LIFE_S: Final = 3.0
"""A code must live at least so long when it is typed, or it would expire on its way."""

_JUST_AFTER_S: Final = 0.05


class OneTimePassword:
    """The generator that an authenticator app would be."""

    def __init__(self, secret: SecretStr, now: Callable[[], float] = time.time) -> None:
        """Take the base32 secret, SettingsError when it is none; `now` is Unix time."""
        self._now = now
        try:
            self._totp = pyotp.TOTP(secret.get_secret_value())
            self._totp.byte_secret()
        except ValueError:
            failed = True
        else:
            failed = False
        # Raised outside of the handler: the decoder's own error must not carry the secret along.
        if failed:
            raise SettingsError("The bank's TOTP secret is not base32.")

    async def next(self) -> str:
        """A code that lives for at least three seconds more; waits for a new one if this one does not."""
        await asyncio.sleep(self.wait_s(self._now()))
        return self._totp.at(int(self._now()))

    def valid(self) -> frozenset[str]:
        """The codes a bank would take now: this one, the one before and the next (RFC 6238, 5.2)."""
        now, step = self._now(), self._totp.interval
        return frozenset(self._totp.at(now + shift) for shift in (-step, 0, step))

    def wait_s(self, now: float) -> float:
        """Seconds until a code with enough life left can be made; `now` is Unix time."""
        left = self._totp.interval - now % self._totp.interval
        return left + _JUST_AFTER_S if left < LEAST_LIFE_S else 0.0
