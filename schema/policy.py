"""The owner's limits, from a TOML file; its hash is the policy version that approvals bind to."""

from __future__ import annotations

import hashlib
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from schema.document import Frozen
from schema.errors import SettingsError
from schema.money import Currency, Money

Amounts = dict[Currency, Decimal]


class Limits(Frozen):
    """Sums per currency. A currency without a two-person limit is not paid at all."""

    two_people_above: Amounts
    refuse_above: Amounts
    tolerance: Decimal = Decimal("1.00")


class Approvals(Frozen):
    """How long people have to answer, and when they are reminded."""

    expire_after_minutes: Annotated[int, Field(ge=5, le=7 * 24 * 60)] = 24 * 60
    remind_after_minutes: Annotated[int, Field(ge=1)] = 60


class Reading(Frozen):
    """How sure the reader must be of the fields a payment stands on (0..1)."""

    minimum_confidence: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.70")


class Rails(Frozen):
    """The bound between India's payment rails, in INR; a bank may set another."""

    rtgs_from: Decimal = Decimal(200_000)


class Policy(Frozen):
    """All limits; `version` is the first 12 hex digits of the SHA-256 of the file's bytes."""

    limits: Limits
    approvals: Approvals = Approvals()
    reading: Reading = Reading()
    rails: Rails = Rails()
    version: str = ""

    def people_needed(self, total: Money) -> int:
        """How many different people must approve `total`: one, or two above the limit."""
        return 2 if total.amount > self.limits.two_people_above.get(total.currency, Decimal(0)) else 1


def load_policy(path: Path) -> Policy:
    """Read the policy file; SettingsError names the line or the field that is wrong."""
    try:
        raw = path.read_bytes()
        content: dict[str, Any] = tomllib.loads(raw.decode(), parse_float=Decimal)
        return Policy(**content, version=hashlib.sha256(raw).hexdigest()[:12])
    except OSError as error:
        raise SettingsError(f"POLICY_FILE {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError, TypeError) as error:
        raise SettingsError(f"POLICY_FILE {path} is not a valid policy: {error}") from error
