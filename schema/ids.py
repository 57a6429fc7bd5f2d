"""The typed ids that pass between rooms; a bare `str` means free text."""

from __future__ import annotations

from typing import NewType
from uuid import UUID

InvoiceId = NewType("InvoiceId", UUID)
MailId = NewType("MailId", UUID)
DocumentId = NewType("DocumentId", UUID)
VendorId = NewType("VendorId", UUID)
PurchaseOrderId = NewType("PurchaseOrderId", UUID)
PaymentId = NewType("PaymentId", UUID)
QuestionId = NewType("QuestionId", UUID)
ApprovalId = NewType("ApprovalId", UUID)

Sha256 = NewType("Sha256", str)
"""Lower-case hex SHA-256 of the exact bytes named."""

BlobKey = NewType("BlobKey", str)
"""Where a blob lies: the SHA-256 of its plain bytes, lower-case hex."""

Reference = NewType("Reference", str)
"""Our payment reference as the bank books it: `CS` and 20 base-32 characters of the payment's id."""

MessageSid = NewType("MessageSid", str)
"""The messenger's own id of a message."""

Phone = NewType("Phone", str)
"""E.164, e.g. `+919800000001`."""

Address = NewType("Address", str)
"""A mail address in lower case, without a display name."""
