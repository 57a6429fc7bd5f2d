"""Rows to frozen models: the one place where column names meet member names."""

from __future__ import annotations

from typing import Any

import asyncpg

from schema.document import StoredReading
from schema.findings import Finding
from schema.invoice import (
    Invoice,
    Payment,
    PurchaseOrder,
    Sheets,
    SourceDocument,
    Thread,
    Twin,
    Vendor,
    Voided,
)
from schema.money import Money, as_money
from schema.states import State
from schema.trace import trace_of
from schema.transfer import Rail, Transfer
from schema.vault import SealedAccount
from schema.verdict import ActionPlan, ValidationReport

Row = asyncpg.Record


def to_invoice(row: Row) -> Invoice:
    """An invoice of the query `invoice`."""
    return Invoice(
        id=row["id"],
        state=State(row["state"]),
        version=row["version"],
        attempts=row["attempts"],
        held_from=State(row["held_from"]) if row["held_from"] else None,
        reason=row["reason"],
        thread=_thread(row),
        document=_document(row),
        document_id=row["document_id"],
        sheets=tuple(Sheets.model_validate(each) for each in row["sheets"]),
        arranged_by=row["arranged_by"],
        split_from=row["split_from"],
        merged_into=row["merged_into"],
        reading=_json(StoredReading, row["parsed_json"]),
        text_key=row["text_key"],
        account_print=row["account_print"],
        account_last4=row["account_last4"],
        report=_report(row["groq_validation_report"]),
        plan=_json(ActionPlan, row["groq_action_list"]),
        refusal=row["groq_action_refusal"],
        findings=tuple(Finding.model_validate(finding) for finding in row["findings"]),
        vendor_id=row["vendor_id"],
        people_needed=row["people_needed"],
        policy_version=row["policy_version"],
        screenshot_key=row["screenshot_key"],
        screenshot_sha256=row["screenshot_sha256"],
        fingerprint=row["fingerprint"],
        created_at=row["created_at"],
        last_error=row["last_error"],
    )


def to_vendor(row: Row) -> Vendor:
    """A vendor of the master."""
    return Vendor(
        id=row["id"],
        name=row["name"],
        tax_id=row["tax_id"],
        beneficiary=row["beneficiary"],
        account=_account(row),
        routing=row["routing"],
        currency=row["currency"],
        blocked=row["blocked"],
        changing=row["changing"],
    )


def to_purchase_order(row: Row) -> PurchaseOrder:
    """A PO with what its other invoices use."""
    return PurchaseOrder(
        id=row["id"],
        number=row["number"],
        vendor_id=row["vendor_id"],
        total=Money(amount=row["total"], currency=row["currency"]),
        used=row["used"],
        open=row["open"],
    )


def to_twin(row: Row) -> Twin:
    """Another invoice that looks like this one."""
    return Twin(
        id=row["id"],
        invoice_number=row["invoice_number"],
        total=as_money(row["total"], row["currency"]),
        state=State(row["state"]),
        same_file=bool(row["same_file"]),
        at=row["created_at"],
    )


def to_payment(row: Row) -> Payment:
    """The live payment of an invoice."""
    transfer = Transfer(
        payment_id=row["id"],
        invoice_id=row["invoice_id"],
        beneficiary=row["beneficiary"],
        account=_account(row),
        routing=row["routing"],
        rail=Rail(row["rail"]),
        amount=Money(amount=row["amount"], currency=row["currency"]),
        reference=row["reference"],
        pay_on=row["pay_on"],
    )
    return Payment(
        transfer=transfer,
        status=row["status"],
        vendor_id=row["vendor_id"],
        fingerprint=row["fingerprint"],
        people_needed=row["people_needed"],
        clicks=row["submits"],
        bank_reference=row["bank_reference"],
        booked_at=row["booked_at"],
        simulated=bool(row["simulated"]),
        receipt_key=row["receipt_key"],
    )


def to_voided(row: Row) -> Voided:
    """A payment that was taken back."""
    return Voided(
        reference=row["reference"],
        amount=Money(amount=row["amount"], currency=row["currency"]),
        pay_on=row["pay_on"],
        at=row["voided_at"],
        by=row["voided_by"],
        reason=row["void_reason"],
    )


def _account(row: Row) -> SealedAccount:
    return SealedAccount(cipher=row["account_cipher"], print=row["account_print"], last4=row["account_last4"])


def _thread(row: Row) -> Thread:
    return Thread(
        mail_id=row["mail_id"],
        forwarder=row["forwarder"],
        forwarder_name=row["sender_name"],
        subject=row["subject"],
        message_id=row["message_id"],
        references=tuple(row["thread"]),
        reason=row["mail_reason"],
        trace=trace_of(row["mail_sha256"]),
    )


def _document(row: Row) -> SourceDocument | None:
    if row["document_id"] is None:
        return None
    return SourceDocument(
        name=row["document_name"],
        sha256=row["document_sha256"],
        key=row["document_key"],
        type=row["document_type"],
    )


def _json(model: Any, value: Any) -> Any:
    return None if value is None else model.model_validate(value)


def _report(value: dict[str, Any] | None) -> ValidationReport | None:
    """Stored JSON has lists where the strict model wants tuples, so strictness is off for our own record."""
    return None if value is None else ValidationReport.model_validate(value, strict=False)
