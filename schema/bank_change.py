"""A change of bank details: proposed by one person, confirmed by another after a call, and what speaks against it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from schema.document import Frozen
from schema.errors import PermanentError
from schema.ids import Address, VendorId
from schema.vendors import Actor, BankDetails

PROPOSERS_NUMBER: Final = timedelta(days=30)
"""A number that the proposer wrote into the master counts only when this old, or one person would call themselves."""


class Objection(StrEnum):
    """Why a step of a change is refused; the value is the problem's name."""

    ALREADY_OPEN = "bank-change-open"
    CLOSED = "bank-change-closed"
    SAME_PERSON = "second-person-needed"
    NO_PHONE = "no-call-back-number"
    NEW_PHONE = "call-back-number-too-new"
    NOT_CALLED = "call-back-needed"
    COOLING_OFF = "cooling-off"
    DETAILS_CHANGED = "bank-details-changed"
    NOTHING_NEW = "nothing-changed"


SENTENCES: Final[dict[Objection, str]] = {
    Objection.ALREADY_OPEN: "New bank details of this vendor wait already; confirm or reject those first.",
    Objection.CLOSED: "This change was confirmed or rejected already.",
    Objection.SAME_PERSON: "Whoever proposed new bank details may neither call about them nor confirm them.",
    Objection.NO_PHONE: "The vendor master has no telephone number to call back; add one that you know to be true.",
    Objection.NEW_PHONE: "The vendor's telephone number is too new to trust; it counts from {when} on.",
    Objection.NOT_CALLED: "Call the vendor on the number in the master and record the call first.",
    Objection.COOLING_OFF: "The cooling-off is not over; it can be confirmed from {when} on.",
    Objection.DETAILS_CHANGED: "The vendor's bank details or number are others by now; reject this and propose anew.",
    Objection.NOTHING_NEW: "These are the vendor's bank details already.",
}


class ObjectionError(PermanentError):
    """A step of a change of bank details is refused."""

    def __init__(self, objection: Objection, when: datetime | None = None) -> None:
        super().__init__(SENTENCES[objection].format(when=f"{when:%d %b %Y %H:%M} UTC" if when else ""))
        self.objection = objection


class BankChange(Frozen):
    """New bank details of a vendor; open until a second person confirmed or rejected them.

    `kind` is first for a vendor made in the console, whose very first details wait the same way. `not_before` is when
    the cooling-off is over.
    """

    id: UUID
    vendor_id: VendorId
    kind: Literal["first", "change"]
    status: Literal["open", "confirmed", "rejected"]
    version: int
    vendor_bank_version: int
    details: BankDetails
    reason: str
    proposed_by: UUID
    proposed_by_address: Address
    proposed_at: datetime
    not_before: datetime
    called_person: str | None
    called_number: str | None
    called_at: datetime | None
    called_by: UUID | None
    called_by_address: Address | None
    call_note: str
    closed_by: UUID | None
    closed_by_address: Address | None
    closed_at: datetime | None
    closing_note: str

    @property
    def cooling_off(self) -> timedelta:
        """How long it had to wait."""
        return self.not_before - self.proposed_at


class VendorNow(Frozen):
    """What a step of a change must know of the vendor at this moment."""

    bank_version: int
    phone: str | None
    phone_since: datetime | None
    phone_by: UUID | None


def refuse_call(change: BankChange, vendor: VendorNow, by: Actor, at: datetime) -> None:
    """ObjectionError when this person may not record a call about this change now."""
    _refuse_closed_or_own(change, by)
    if vendor.phone is None or vendor.phone_since is None:
        raise ObjectionError(Objection.NO_PHONE)
    own = vendor.phone_by == change.proposed_by
    counts_from = vendor.phone_since + (
        max(PROPOSERS_NUMBER, change.cooling_off) if own else change.cooling_off
    )
    if at < counts_from:
        raise ObjectionError(Objection.NEW_PHONE, counts_from)


def refuse_confirmation(change: BankChange, vendor: VendorNow, by: Actor, at: datetime) -> None:
    """ObjectionError when this person may not put the new details into the master now."""
    _refuse_closed_or_own(change, by)
    if vendor.bank_version != change.vendor_bank_version:
        raise ObjectionError(Objection.DETAILS_CHANGED)
    if change.kind == "first":
        return
    if change.called_at is None:
        raise ObjectionError(Objection.NOT_CALLED)
    if change.called_number != vendor.phone:
        raise ObjectionError(Objection.DETAILS_CHANGED)
    if at < change.not_before:
        raise ObjectionError(Objection.COOLING_OFF, change.not_before)


def _refuse_closed_or_own(change: BankChange, by: Actor) -> None:
    if change.status != "open":
        raise ObjectionError(Objection.CLOSED)
    if by.id == change.proposed_by:
        raise ObjectionError(Objection.SAME_PERSON)
