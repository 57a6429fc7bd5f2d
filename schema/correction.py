"""What a person may put in the place of what was read, and how their text becomes a value; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from schema.document import Frozen, InvoiceFields, Read
from schema.ids import Address
from schema.masking import holds_account, mask

LONGEST_TEXT: Final = 200

_SUM: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,3})?")
_TAX_ID: Final = re.compile(r"[A-Z0-9]{5,20}")
_NUMBER: Final = re.compile(r"[^\x00-\x1f\x7f]{1,60}")


class Correction(Frozen):
    """One field that a person corrected; the reader's own is `before`, whole, with its place and confidence."""

    field: str
    before: dict[str, Any]
    after: dict[str, Any]
    address: Address
    at: datetime

    @property
    def value_before(self) -> str | None:
        """The value that was read, as text."""
        return _as_text(self.before.get("value"))

    @property
    def value_after(self) -> str | None:
        """The value that took its place, as text; None: the document has none."""
        return _as_text(self.after.get("value"))


def _day(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("a date is written like 2026-11-30")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError("there is no such day") from error


def _amount(text: str) -> Decimal:
    if not _SUM.fullmatch(text):
        raise ValueError("a sum is written like 84960.00, without commas or currency")
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError("this is no sum") from error


def _currency(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", text.upper()):
        raise ValueError("a currency is three letters, like INR")
    return text.upper()


def _tax_id(text: str) -> str:
    compact = re.sub(r"[\s.-]", "", text.upper())
    if not _TAX_ID.fullmatch(compact) or holds_account(compact):
        raise ValueError("a GSTIN or VAT number has letters and digits only")
    return compact


def _number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise ValueError("a number has at most 60 characters")
    return text


def _name(text: str) -> str:
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise ValueError(f"a name has at most {LONGEST_TEXT} characters")
    if holds_account(text):
        raise ValueError("a name may not hold what could be an account number")
    return text


CORRECTABLE: Final[Mapping[str, Callable[[str], Any]]] = {
    "invoice_number": _number,
    "issue_date": _day,
    "due_date": _day,
    "currency": _currency,
    "total": _amount,
    "net": _amount,
    "tax": _amount,
    "seller_name": _name,
    "seller_tax_id": _tax_id,
    "po_number": _number,
}
"""Field -> its text as a value, or ValueError with what to write instead.

`account` and `ifsc` are missing: they are evidence of what the document asks for. Money goes where the vendor master
says, and whoever could take a strange account off an invoice could silence the rule that holds it.
"""

NOT_CORRECTABLE: Final = "this is kept as the document has it; bank details are changed at the vendor"


def corrected(
    fields: InvoiceFields, texts: Mapping[str, str | None]
) -> tuple[InvoiceFields, dict[str, tuple[Read[Any], Read[Any]]]]:
    """Fields with a person's values, and what changed, as (before, after); ValueError names field and fault.

    A None or blank text says that the document has no such value. What is the same already is no change.
    """
    changes: dict[str, tuple[Read[Any], Read[Any]]] = {}
    for field, text in texts.items():
        if field not in CORRECTABLE:
            raise FieldFaultError(field, NOT_CORRECTABLE)
        before: Read[Any] = getattr(fields, field)
        try:
            value = CORRECTABLE[field](text.strip()) if text and text.strip() else None
        except ValueError as error:
            raise FieldFaultError(field, str(error)) from error
        if value != before.value or (value is None) != (before.value is None):
            after = before.model_copy(
                update={
                    "value": value,
                    "confidence": 1.0 if value is not None else 0.0,
                    "source": "person",
                }
            )
            changes[field] = (before, after)
    return fields.model_copy(update={field: after for field, (_, after) in changes.items()}), changes


class FieldFaultError(ValueError):
    """A value that cannot stand in this field; the value itself is not repeated."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


def told(changes: Mapping[str, tuple[Read[Any], Read[Any]]]) -> str:
    """What changed in words for the record: `total from 84960.00 to 94960.00`, masked."""
    parts = [
        f"{field.replace('_', ' ')} from {_shown(before.value)} to {_shown(after.value)}"
        for field, (before, after) in changes.items()
    ]
    return ", ".join(parts)


def _shown(value: object) -> str:
    return str(mask(str(value))) if value is not None else "nothing"


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)
