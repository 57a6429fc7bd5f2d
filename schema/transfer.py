"""What is to be paid, what the bank's form showed, and the receipt; the fingerprint that binds an approval."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import Field

from schema.document import Frozen
from schema.ids import InvoiceId, PaymentId, Reference, Sha256
from schema.money import Money
from schema.vault import SealedAccount

REFERENCE_PATTERN: Final = r"^CS[A-Z2-7]{20}$"


class Rail(StrEnum):
    """How the money travels: India's NEFT, RTGS, IMPS, and SEPA."""

    NEFT = "NEFT"
    RTGS = "RTGS"
    IMPS = "IMPS"
    SEPA = "SEPA"


class Terms(Frozen):
    """Everything a transfer is agreed on, comparable and free of the full account number.

    `account_print` is the keyed fingerprint of the account (see `Vault.print`); `routing` is an IFSC or BIC.
    """

    beneficiary: str
    account_print: str
    account_last4: str
    routing: str
    rail: Rail
    amount: Money
    reference: Annotated[Reference, Field(pattern=REFERENCE_PATTERN)]
    pay_on: date


class Transfer(Frozen):
    """A transfer as the rules fixed it: account, IFSC and beneficiary come from the vendor master."""

    payment_id: PaymentId
    invoice_id: InvoiceId
    beneficiary: str
    account: SealedAccount
    routing: str
    rail: Rail
    amount: Money
    reference: Annotated[Reference, Field(pattern=REFERENCE_PATTERN)]
    pay_on: date

    @property
    def terms(self) -> Terms:
        """The terms that the bank must show."""
        return Terms(
            beneficiary=self.beneficiary,
            account_print=self.account.print,
            account_last4=self.account.last4,
            routing=self.routing,
            rail=self.rail,
            amount=self.amount,
            reference=self.reference,
            pay_on=self.pay_on,
        )


class Draft(Frozen):
    """The bank's confirm page as it was read before anyone was asked; `screenshot` is PNG, account masked."""

    shown: Terms
    screenshot: bytes
    taken_at: datetime


class Permit(Frozen):
    """The one-use leave to submit one transfer, minted by the payment row and its approvals."""

    payment_id: PaymentId
    fingerprint: Sha256
    terms: Terms


class Receipt(Frozen):
    """What the bank says of a booked transfer; `screenshot` (PNG, masked) is None when found by statement."""

    bank_reference: str
    booked_at: datetime
    terms: Terms
    simulated: bool
    screenshot: bytes | None = None


def reference_of(payment: PaymentId) -> Reference:
    """Our reference, derived from the payment's id alone: 100 bits of it in base 32, so it fits 35 characters."""
    digest = hashlib.sha256(payment.bytes).digest()
    return Reference("CS" + base64.b32encode(digest).decode()[:20])


def canonical(value: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces, UTF-8: the one byte form that is hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fingerprint(
    invoice: InvoiceId, terms: Terms, *, policy_version: str, screenshot_sha256: Sha256
) -> Sha256:
    """SHA-256 of all terms an approver sees; one character different is another fingerprint.

    The dynamic link of payer, amount and payee in the sense of the PSD2 RTS, article 5.
    """
    content = {
        "invoice": str(invoice),
        "policy": policy_version,
        "screenshot": screenshot_sha256,
        "terms": terms.model_dump(mode="json"),
    }
    return Sha256(hashlib.sha256(canonical(content)).hexdigest())
