"""What the API says of vendors, bank details, orders and their history; no field can hold an account number."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from schema.bank_change import BankChange
from schema.history import Change, History, Subject
from schema.masking import Safe, mask
from schema.money import Money
from schema.orders import OrderCard
from schema.vendors import VendorCard


class Request(BaseModel):
    """A body: nothing in it that we did not name, and texts without blanks around them."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True
    )


class Answer(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Version = Annotated[
    int, Field(ge=1, description="The version you have seen; a stale one is refused.", examples=[3])
]
Name = Annotated[Safe, Field(min_length=1, max_length=200, examples=["Acme Industrial Supplies Pvt Ltd"])]
Note = Annotated[Safe, Field(min_length=1, max_length=1000, examples=["Vendor's letter of 12 Nov 2026."])]
Aliases = Annotated[tuple[Name, ...], Field(max_length=20, examples=[["Acme Industrial"]])]
Mail = Annotated[Safe, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$", examples=["ar@acme.example"])]
Phone = Annotated[str, Field(max_length=25, pattern=r"^\+?[0-9 ()./-]*$", examples=["+91 98000 00001"])]


class BankDetailsIn(Request):
    """Where money is to go. The number is sealed on arrival and never given back."""

    beneficiary: Name
    account_number: Annotated[SecretStr, Field(min_length=5, max_length=60, examples=["5020 0012 3456 78"])]
    routing: Annotated[
        str, Field(max_length=20, description="IFSC in India, else BIC.", examples=["HDFC0000485"])
    ]
    currency: Annotated[str, Field(pattern=r"^[A-Za-z]{3}$", examples=["INR"])]
    country: Annotated[str, Field(pattern=r"^[A-Za-z]{2}$", examples=["IN"])]


class VendorIn(Request):
    """A new vendor. It is paid only after a second person confirmed its bank details."""

    name: Name
    tax_id: Annotated[
        str,
        Field(min_length=1, max_length=30, description="GSTIN or VAT number.", examples=["27AAPFU0939F1ZV"]),
    ]
    aliases: Aliases = ()
    email: Mail | None = None
    phone: Phone | None = None
    bank: BankDetailsIn


class VendorEdit(Request):
    """What one person may change of a vendor; what is left out stays."""

    version: Version
    name: Name | None = None
    aliases: Aliases | None = None
    email: Mail | None = None
    phone: Phone | None = None


class Reasoned(Request):
    """A step with its reason, for the history."""

    version: Version
    reason: Note


class Proposal(Request):
    """New bank details for a vendor as it was at `version`."""

    version: Version
    bank: BankDetailsIn
    reason: Note


class CallBack(Request):
    """A call to the number in the vendor master, about the change as it was at `version`."""

    version: Version
    person: Annotated[
        Safe, Field(min_length=1, max_length=200, description="Who was called.", examples=["Meera Iyer"])
    ]
    note: Annotated[Safe, Field(max_length=1000)] = ""


class Noted(Request):
    """A step, with a note for the history where there is something to say."""

    version: Version
    note: Annotated[Safe, Field(max_length=1000)] = ""


class VendorAnswer(Answer):
    """A vendor; `bank_change_id` names bank details that wait for a second person, and nothing is paid meanwhile."""

    id: UUID
    version: int
    name: str
    aliases: tuple[str, ...]
    tax_id: str | None
    beneficiary: str
    account_masked: Annotated[str, Field(examples=["XXXXXX5678"])]
    account_last4: str
    routing: str
    currency: str
    country: str
    email: str | None
    phone: str | None
    phone_since: datetime | None
    blocked: bool
    bank_change_id: UUID | None
    bank_confirmed: bool
    payable: bool
    created_at: datetime
    updated_at: datetime


class CallBackAnswer(Answer):
    """The call that was made."""

    person: str
    number: str
    at: datetime
    by: str
    note: str


class BankChangeAnswer(Answer):
    """New bank details and how far they are. `own` is whether you proposed them, and so may not confirm them."""

    id: UUID
    vendor_id: UUID
    vendor_name: str | None
    kind: Literal["first", "change"]
    status: Literal["open", "confirmed", "rejected"]
    version: int
    beneficiary: str
    account_masked: str
    account_last4: str
    routing: str
    currency: str
    country: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    confirm_from: Annotated[datetime, Field(description="When the cooling-off is over.")]
    call_back: CallBackAnswer | None
    closed_by: str | None
    closed_at: datetime | None
    closing_note: str
    own: bool


class OrderIn(Request):
    """A new purchase order."""

    number: Annotated[str, Field(min_length=1, max_length=100, examples=["PO-2026-0141"])]
    vendor_id: UUID
    total: Money
    description: Annotated[str, Field(max_length=1000)] = ""
    open: bool = True


class OrderEdit(Request):
    """What may be changed of a purchase order; what is left out stays."""

    version: Version
    total: Money | None = None
    description: Annotated[str, Field(max_length=1000)] | None = None
    open: bool | None = None


class OrderAnswer(Answer):
    """A purchase order: `used` by its live invoices, `left` of it."""

    id: UUID
    version: int
    number: str
    vendor_id: UUID
    vendor_name: str
    vendor_tax_id: str | None
    total: Money
    used: Money
    left: Money
    description: str
    open: bool
    created_at: datetime
    updated_at: datetime


class HistoryAnswer(Answer):
    """One change: who, when, what from what to what; account numbers masked."""

    seq: int
    at: datetime
    who: str
    what: Annotated[str, Field(examples=["bank details proposed"])]
    note: str
    changes: tuple[Change, ...]


class SubjectChange(HistoryAnswer):
    """One change of anything people keep by hand."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "seq": 31,
                "at": "2026-11-24T10:31:22.120000Z",
                "who": "nadia@meridian.example",
                "subject": "vendor",
                "subject_id": "5f0c3a52-6d1e-4a0e-9f0a-0a4c8a1d2f33",
                "what": "blocked",
                "note": "Dispute over delivery 77",
                "changes": [{"field": "blocked", "before": "no", "after": "yes"}],
            }
        }
    )

    subject: Subject
    subject_id: str


def vendor_answer(card: VendorCard) -> VendorAnswer:
    """A vendor as the API says it."""
    named = card.model_dump(exclude={"change_id"})
    return VendorAnswer(
        **named,
        account_masked=f"XXXXXX{card.account_last4}",
        bank_change_id=card.change_id,
        payable=not card.blocked and card.bank_confirmed and card.change_id is None,
    )


def change_answer(change: BankChange, reader: UUID, vendor_name: str | None = None) -> BankChangeAnswer:
    """A change of bank details as the API says it to `reader`."""
    call = None
    if change.called_at and change.called_person and change.called_number and change.called_by_address:
        call = CallBackAnswer(
            person=change.called_person,
            number=change.called_number,
            at=change.called_at,
            by=change.called_by_address,
            note=change.call_note,
        )
    details = change.details
    return BankChangeAnswer(
        **change.model_dump(
            include={"id", "vendor_id", "kind", "status", "version", "reason", "proposed_at"}
        ),
        **details.model_dump(include={"beneficiary", "routing", "currency", "country"}),
        vendor_name=vendor_name,
        account_masked=details.account.masked,
        account_last4=details.account.last4,
        proposed_by=change.proposed_by_address,
        confirm_from=change.not_before,
        call_back=call,
        closed_by=change.closed_by_address,
        closed_at=change.closed_at,
        closing_note=change.closing_note,
        own=change.proposed_by == reader,
    )


def order_answer(card: OrderCard) -> OrderAnswer:
    """A purchase order as the API says it; invoices in another currency than the order's cannot use it."""
    total = card.terms.total
    return OrderAnswer(
        **card.model_dump(exclude={"terms", "used"}),
        total=total,
        used=_in(total, card.used),
        left=_in(total, total.amount - card.used),
        description=str(mask(card.terms.description)),
        open=card.terms.open,
    )


def history_answer(entry: History) -> HistoryAnswer:
    """An entry of a history as the API says it."""
    return HistoryAnswer(
        **entry.model_dump(include={"seq", "at", "who", "what", "note"}), changes=entry.changes
    )


def subject_change(entry: History) -> SubjectChange:
    """An entry of any history as the API says it."""
    return SubjectChange(**entry.model_dump(exclude={"changes"}), changes=entry.changes)


def _in(like: Money, amount: Decimal) -> Money:
    return Money(amount=amount.quantize(like.quantum), currency=like.currency)
