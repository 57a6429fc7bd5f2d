"""The vendor master as people keep it in the console: cards without account numbers, and what may be changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from schema.document import Frozen
from schema.ids import Address, VendorId
from schema.vault import SealedAccount


class Actor(Frozen):
    """Who changes something: a person who is signed in."""

    id: UUID
    address: Address


class VendorCard(Frozen):
    """A vendor as people may see it; `change_id` is that of the bank details that wait for a second person.

    `bank_confirmed` is false until a second person confirmed the very first details of a vendor made in the console.
    `phone` is E.164 and has been so since `phone_since`.
    """

    id: VendorId
    version: int
    name: str
    aliases: tuple[str, ...]
    tax_id: str | None
    beneficiary: str
    account_last4: str
    routing: str
    currency: str
    country: str
    email: str | None
    phone: str | None
    phone_since: datetime | None
    blocked: bool
    change_id: UUID | None
    bank_confirmed: bool
    created_at: datetime
    updated_at: datetime


class VendorProfile(Frozen):
    """What one person may change of a vendor: nothing that says where money goes."""

    name: str
    aliases: tuple[str, ...] = ()
    email: str | None = None
    phone: str | None = None


class BankDetails(Frozen):
    """Where a vendor's money goes, checked and sealed."""

    beneficiary: str
    account: SealedAccount
    routing: str
    currency: str
    country: str


class VendorFilter(Frozen):
    """Which vendors to list; None does not ask."""

    text: str | None = None
    blocked: bool | None = None
    changing: bool | None = None
