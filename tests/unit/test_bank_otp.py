"""One-time passwords that live long enough."""

from __future__ import annotations

import time

import pyotp
import pytest
from pydantic import SecretStr

from daemon.adapters.bank_otp import LEAST_LIFE_S, OneTimePassword
from schema.errors import SettingsError

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.mark.parametrize(("now", "wait"), [(0.0, 0.0), (26.9, 0.0), (27.5, 2.55), (29.9, 0.15)])
def test_a_code_about_to_expire_is_not_used(now: float, wait: float) -> None:
    assert OneTimePassword(SecretStr(SECRET)).wait_s(now) == pytest.approx(wait)


def test_the_wait_ends_within_the_next_interval() -> None:
    assert OneTimePassword(SecretStr(SECRET)).wait_s(27.01) < LEAST_LIFE_S + 0.1


async def test_the_code_is_the_one_an_authenticator_shows() -> None:
    code = await OneTimePassword(SecretStr(SECRET)).next()
    assert pyotp.TOTP(SECRET).verify(code, valid_window=1)


async def test_the_code_is_of_the_time_that_it_is_told() -> None:
    hour_ago = time.time() // 30 * 30 - 3600
    code = await OneTimePassword(SecretStr(SECRET), lambda: hour_ago).next()
    assert code == pyotp.TOTP(SECRET).at(int(hour_ago))


def test_a_bad_secret_is_refused_without_being_quoted() -> None:
    with pytest.raises(SettingsError) as caught:
        OneTimePassword(SecretStr("not-base-32!"))
    assert "not-base" not in str(caught.value)
    assert caught.value.__context__ is None
