"""An amount with its currency; no float ever touches it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Final, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    model_validator,
)

MINOR_UNITS: Final[dict[str, int]] = {"JPY": 0, "KRW": 0, "VND": 0, "KWD": 3, "BHD": 3, "OMR": 3}
"""Decimal places of the currencies that do not have two (ISO 4217)."""

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


def _no_float(value: Any) -> Any:
    if isinstance(value, float | bool):
        raise ValueError("a sum is given as text or Decimal")
    return value


class Money(BaseModel):
    """A sum of money, rounded to nothing: an amount with too many decimal places is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Annotated[
        Decimal, BeforeValidator(_no_float), Field(max_digits=18, decimal_places=3, allow_inf_nan=False)
    ]
    currency: Currency

    @model_validator(mode="after")
    def _has_minor_units_only(self) -> Self:
        if self.amount != self.amount.quantize(self.quantum):
            raise ValueError(f"{self.currency} has {self.places} decimal places")
        return self

    @field_serializer("amount", when_used="json")
    def _as_plain_text(self, _: Decimal) -> str:
        """Equal sums give equal JSON, however many zeros a database or a page wrote: fingerprints stand on it."""
        return self.plain()

    @property
    def places(self) -> int:
        """Decimal places of the currency (ISO 4217)."""
        return MINOR_UNITS.get(self.currency, 2)

    @property
    def quantum(self) -> Decimal:
        """The smallest sum of the currency."""
        return Decimal(1).scaleb(-self.places)

    def plain(self) -> str:
        """The amount as a bank form takes it: `118000.00`."""
        return f"{self.amount.quantize(self.quantum, rounding=ROUND_HALF_UP):f}"

    def __str__(self) -> str:
        """Currency and grouped amount: `INR 1,18,000.00`, `EUR 1,190.00`."""
        sign, digits = ("-", self.plain()[1:]) if self.amount < 0 else ("", self.plain())
        whole, _, fraction = digits.partition(".")
        grouped = _indian(whole) if self.currency == "INR" else f"{int(whole):,}"
        return f"{self.currency} {sign}{grouped}{'.' + fraction if fraction else ''}"


def as_money(amount: Decimal | None, currency: str | None) -> Money | None:
    """What was read from paper as a sum of money; None where a part is missing, or the two make none."""
    try:
        return Money.model_validate({"amount": amount, "currency": currency})
    except ValidationError:
        return None


def _indian(whole: str) -> str:
    """Group by thousand, then by hundred: 1,18,00,000."""
    head, tail = whole[:-3], whole[-3:]
    groups = [tail]
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return ",".join(groups)
