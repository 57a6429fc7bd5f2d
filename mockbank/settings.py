"""What the mock bank needs to know before it opens; values come from `__main__`, nothing here reads anything."""

from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from mockbank.otp import is_base32


class Settings(BaseModel):
    """One bank, one customer: where the ledger lies, who may log in, what the accounts open with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database: Path
    """The ledger's own SQLite file; made, readable by its owner only, when it is missing."""

    customer_id: str = Field(default="LLB10482", min_length=1, max_length=40)
    password: SecretStr = Field(default=SecretStr("simulated-password"), min_length=1)
    totp_secret: SecretStr = SecretStr("SIMULATEDBANKSECRETFORDEMOUSEONL")
    """Shared secret of the one-time passwords, base32 as authenticator apps print it."""

    session_minutes: float = Field(default=10, gt=0)
    """Minutes without a request after which a session ends."""

    balance_inr: Decimal = Field(default=Decimal("25000000.00"), ge=0, decimal_places=2)
    balance_eur: Decimal = Field(default=Decimal("250000.00"), ge=0, decimal_places=2)
    """Opening balances; they count only when the ledger is new."""

    slow_seconds: float = Field(default=8, ge=0)
    """How long the answer to a slow payment takes, see `mockbank.faults`."""

    @field_validator("totp_secret")
    @classmethod
    def _secret_is_base32(cls, secret: SecretStr) -> SecretStr:
        if not is_base32(secret.get_secret_value()):
            raise ValueError("must be base32: letters A-Z and digits 2-7, at least 16 of them")
        return secret
