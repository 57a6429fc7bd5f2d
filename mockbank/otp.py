"""One-time passwords by TOTP (RFC 6238, 30 s, 6 digits): which time step a code belongs to. Pure."""

import re
from datetime import datetime
from hmac import compare_digest

import pyotp

CODE = re.compile(r"[0-9]{6}", re.ASCII)
BASE32 = re.compile(r"[A-Z2-7]{16,}", re.ASCII)
STEPS_TRIED = (0, -1, 1)
"""Clocks may differ by one step; RFC 6238 section 5.2 advises no more."""


def is_base32(secret: str) -> bool:
    """Whether a shared secret is usable: base32, at least 80 bits."""
    return BASE32.fullmatch(secret) is not None


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Find the time step whose password this code is, within one step of now; None for a wrong code."""
    if not CODE.fullmatch(code):
        return None
    totp = pyotp.TOTP(secret)
    current = totp.timecode(now)
    matching = [
        current + offset
        for offset in STEPS_TRIED
        if compare_digest(totp.generate_otp(current + offset), code)
    ]
    return matching[0] if matching else None
