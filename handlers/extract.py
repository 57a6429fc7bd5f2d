"""received -> extracted: the document becomes fields with places; the account on it is sealed away at once."""

from __future__ import annotations

from typing import Final

from handlers.world import World
from schema.document import Candidate, InvoiceFields, PagesOf, Read, Reading, StoredPage, StoredReading
from schema.failpoints import reach
from schema.invoice import Invoice, SourceDocument
from schema.masking import holds_account, last4, mask, mask_account
from schema.outcome import Outcome, Parsed
from schema.states import State

NO_DOCUMENT: Final = "The mail has no invoice attached; forward it again with the PDF, picture or e-invoice."

_MAY_HOLD_LONG_NUMBERS: Final = frozenset({"invoice_number", "po_number", "seller_tax_id"})
"""Fields whose own values are long numbers and no accounts, so their printed text is kept as it is."""


async def extract(invoice: Invoice, world: World) -> Outcome:
    """Read the document in the sandboxed child; UnreadableDocumentError holds the invoice with its reason."""
    if invoice.document is None:
        return Outcome(target=State.REJECTED, note=invoice.thread.reason or NO_DOCUMENT)
    await reach("reader.before")
    reading = await _read(invoice, invoice.document, world)
    await reach("reader.after")
    pages = [
        StoredPage(
            number=page.number, width=page.width, height=page.height, key=await world.blobs.put(page.png)
        )
        for page in reading.pages
    ]
    stored = masked_reading(reading, tuple(pages))
    account = reading.fields.account.value
    parsed = Parsed(
        reading=stored,
        account_print=world.vault.print(account) if account else None,
        account_last4=last4(account) if account else None,
        text_key=await world.blobs.put(mask(reading.text).encode("utf-8", "replace")),
    )
    found = [name for name, cell in stored.fields if cell.value is not None]
    return Outcome(
        target=State.EXTRACTED,
        note=f"Read {len(found)} of {len(InvoiceFields.model_fields)} fields from {reading.page_count} page(s)",
        facts={"fields": found, "ocr_pages": list(reading.ocr_pages), "kind": reading.kind},
        parsed=parsed,
    )


async def _read(invoice: Invoice, document: SourceDocument, world: World) -> Reading:
    """The pages of which a person made the invoice, or simply its document."""
    if not invoice.sheets:
        return await world.reader.read(await world.blobs.get(document.key), document.name)
    return await world.reader.read_together(
        [
            PagesOf(name=e.document.name, data=await world.blobs.get(e.document.key), pages=e.pages)
            for e in invoice.sheets
        ]
    )


def masked_reading(reading: Reading, pages: tuple[StoredPage, ...]) -> StoredReading:
    """A reading as the record keeps it: no full account number in it, wherever the reader met one."""
    return StoredReading(
        kind=reading.kind,
        fields=_masked_fields(reading.fields),
        candidates=_masked_candidates(reading),
        pages=pages,
        page_count=reading.page_count,
        ocr_pages=reading.ocr_pages,
        languages=reading.languages,
        warnings=tuple(mask(warning) for warning in reading.warnings),
    )


def _masked_fields(fields: InvoiceFields) -> InvoiceFields:
    masked = {
        name: cell if name in _MAY_HOLD_LONG_NUMBERS or cell.text is None else _with_masked_text(cell)
        for name, cell in fields
    }
    account = fields.account
    if account.value is not None:
        masked["account"] = account.model_copy(
            update={"value": mask_account(account.value), "text": mask_account(account.value)}
        )
    if fields.seller_name.value is not None:
        masked["seller_name"] = masked["seller_name"].model_copy(
            update={"value": mask(fields.seller_name.value)}
        )
    return InvoiceFields(**masked)


def _masked_candidates(reading: Reading) -> dict[str, tuple[Candidate, ...]]:
    """All but those that may be an account in a place where none belongs: hidden, they could not be taken."""
    return {
        name: kept
        for name, seen in reading.candidates.items()
        if (kept := tuple(each for each in (_masked_candidate(name, one) for one in seen) if each))
    }


def _masked_candidate(name: str, each: Candidate) -> Candidate | None:
    if name == "account":
        masked = mask_account(each.value)
        return each.model_copy(update={"value": masked, "text": masked if each.text else None})
    if holds_account(each.value) and not each.taken:
        return None
    # What was taken stands among the fields already, and is treated as it is there.
    plain = each.taken and name in _MAY_HOLD_LONG_NUMBERS
    return each.model_copy(
        update={
            "value": each.value if plain else str(mask(each.value)),
            "text": each.text if plain or each.text is None else str(mask(each.text)),
        }
    )


def _with_masked_text(cell: Read[object]) -> Read[object]:
    return cell.model_copy(update={"text": mask(cell.text or "")})
