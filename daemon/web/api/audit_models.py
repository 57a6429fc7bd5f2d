"""What the audit room answers: entries, the chain over them, and what a verification found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from daemon.web.api.shown import shown, shown_json
from handlers.verification import Verified
from schema.states import State
from schema.store.audit_log import FoundEntry
from schema.store.record import SignedCheckpoint


class AuditEntry(BaseModel):
    """One entry of the append-only record; `position` is its place in the sealed log, null until it is sealed."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "seq": 412,
                "position": 411,
                "invoice_id": "5f0c3a52-6d1e-4a0e-9f0a-0a4c8a1d2f33",
                "version": 3,
                "invoice_number": "INV-2041",
                "vendor": "Acme Components Pvt Ltd",
                "step": "check",
                "source": "assessed",
                "target": "held",
                "actor": "worker",
                "at": "2026-11-24T10:31:22.120000Z",
                "note": "The total differs from the purchase order.",
                "facts": {"findings": ["po_total"]},
                "leaf_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            }
        }
    )

    seq: int
    position: int | None
    invoice_id: UUID
    version: int
    invoice_number: str | None
    vendor: str | None
    step: str
    source: State | None = Field(description="Null for the first entry of an invoice.")
    target: State
    actor: str
    at: datetime
    note: str
    facts: dict[str, Any]
    leaf_hash: str = Field(description="RFC 6962 leaf hash of the canonical entry, lower-case hex.")

    @classmethod
    def of(cls, found: FoundEntry) -> AuditEntry:
        """The entry as people may see it."""
        recorded = found.recorded
        entry = recorded.entry
        return cls(
            seq=recorded.seq,
            position=recorded.position,
            invoice_id=entry.invoice_id,
            version=entry.version,
            invoice_number=found.invoice_number and shown(found.invoice_number),
            vendor=found.vendor and shown(found.vendor),
            step=entry.step,
            source=State(entry.source) if entry.source else None,
            target=State(entry.target),
            actor=shown(entry.actor),
            at=entry.at.astimezone(UTC),
            note=shown(entry.note),
            facts=shown_json(entry.facts),
            leaf_hash=recorded.leaf_hash,
        )


class CheckpointItem(BaseModel):
    """A signed statement that the log had `size` entries and this root; `note` is the signed text (C2SP)."""

    size: int
    root_hash: str
    at: datetime
    note: str

    @classmethod
    def of(cls, checkpoint: SignedCheckpoint) -> CheckpointItem:
        """The checkpoint."""
        return cls(
            size=checkpoint.size,
            root_hash=checkpoint.root_hash,
            at=checkpoint.at.astimezone(UTC),
            note=checkpoint.note,
        )


class TableGuard(BaseModel):
    """What keeps one table of the record from being changed."""

    table: str
    insert_only: bool = Field(description="Whether the application's own role may do no more than insert.")
    triggers: int = Field(description="How many triggers refuse changes.")


class ChainStatus(BaseModel):
    """How long the record is, how much of it is sealed, and by which key; says nothing of its truth (verify does)."""

    entries: int
    sealed: int
    unsealed: int
    checkpoints: int
    origin: str
    key: str = Field(description="The verifier key, for auditors to pin; told by another way than a bundle.")
    last: CheckpointItem | None
    guards: list[TableGuard]


class Verification(BaseModel):
    """What comparing every entry with its leaf, and the log with every checkpoint, found."""

    ok: bool
    findings: list[str]
    remarks: list[str]
    at: datetime
    seconds: float


class EntryProof(BaseModel):
    """One entry's inclusion proof (RFC 6962, 2.1.1); `problem` is empty when it holds."""

    version: int
    position: int | None
    leaf_hash: str
    proof: list[str]
    problem: str


class InvoiceVerification(BaseModel):
    """Whether one invoice's entries are those that were sealed; `unsealed` ones are too new, which is no fault."""

    ok: bool
    invoice_id: UUID
    at: datetime
    entries: list[EntryProof]
    problems: list[str]
    unsealed: int
    checkpoint: CheckpointItem | None
    key: str

    @classmethod
    def of(cls, found: Verified) -> InvoiceVerification:
        """What was found."""
        return cls(
            ok=not found.problems,
            invoice_id=found.invoice_id,
            at=found.at.astimezone(UTC),
            entries=[EntryProof(**each.model_dump(mode="json")) for each in found.entries],
            problems=list(found.problems),
            unsealed=found.unsealed,
            checkpoint=CheckpointItem.of(found.checkpoint) if found.checkpoint else None,
            key=found.key,
        )
