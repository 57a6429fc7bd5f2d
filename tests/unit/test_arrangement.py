"""Which pages go to which part: every page of the source once, and nothing that is not there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from schema.arrangement import divided, joined, page_count, sheets_of, told, told_sheets
from schema.correction import FieldFaultError
from schema.document import InvoiceFields, StoredReading
from schema.errors import ConflictError
from schema.ids import Address, BlobKey, DocumentId, InvoiceId, MailId, Sha256
from schema.invoice import Invoice, Sheets, SourceDocument, Thread
from schema.states import State
from schema.trace import Trace

BUNDLE, OTHER = DocumentId(uuid4()), DocumentId(uuid4())


def document(kind: str = "pdf", name: str = "bundle.pdf") -> SourceDocument:
    return SourceDocument(name=name, sha256=Sha256("a" * 64), key=BlobKey("a" * 64), type=kind)


def sheets(identity: DocumentId, *pages: int) -> Sheets:
    return Sheets(document_id=identity, document=document(), pages=pages)


def reading(pages: int) -> StoredReading:
    return StoredReading(
        kind="invoice", fields=InvoiceFields(), pages=(), page_count=pages, ocr_pages=(), languages=(), warnings=()
    )  # fmt: skip


def invoice(pages: int | None = 3, kind: str = "pdf", made_of: Sequence[Sheets] = ()) -> Invoice:
    """A held invoice of so many pages; None: nothing could be read of it."""
    nothing = dict.fromkeys(name for name, member in Invoice.model_fields.items() if member.is_required())
    thread = Thread(
        mail_id=MailId(uuid4()),
        forwarder=Address("priya@meridian.example"),
        forwarder_name="Priya",
        subject="",
        message_id=None,
        references=(),
        reason="",
        trace=Trace("0" * 32),
    )
    return Invoice.model_validate(
        nothing
        | {
            "id": InvoiceId(uuid4()),
            "state": State.HELD,
            "version": 2,
            "attempts": 0,
            "held_from": State.ASSESSED,
            "reason": "",
            "thread": thread,
            "document": document(kind),
            "document_id": BUNDLE,
            "sheets": tuple(made_of),
            "reading": None if pages is None else reading(pages),
            "findings": (),
            "created_at": datetime.now(UTC),
        }
    )


def pages_of(parts: Sequence[Sequence[Sheets]]) -> list[list[tuple[DocumentId, tuple[int, ...] | None]]]:
    return [[(each.document_id, each.pages) for each in part] for part in parts]


def test_each_part_gets_its_pages() -> None:
    assert pages_of(divided(invoice(), [[1], [2, 3]])) == [[(BUNDLE, (1,))], [(BUNDLE, (2, 3))]]


def test_pages_keep_the_order_in_which_they_are_given() -> None:
    assert pages_of(divided(invoice(), [[3, 1], [2]])) == [[(BUNDLE, (3, 1))], [(BUNDLE, (2,))]]


def test_a_part_is_divided_by_its_own_numbers() -> None:
    part = invoice(3, made_of=[sheets(BUNDLE, 4, 7, 9)])
    assert pages_of(divided(part, [[1, 3], [2]])) == [[(BUNDLE, (4, 9))], [(BUNDLE, (7,))]]


def test_what_was_merged_is_divided_across_its_files() -> None:
    merged = invoice(3, made_of=[sheets(BUNDLE, 1, 2), sheets(OTHER, 1)])
    assert pages_of(divided(merged, [[1], [2, 3]])) == [[(BUNDLE, (1,))], [(BUNDLE, (2,)), (OTHER, (1,))]]


@pytest.mark.parametrize(
    ("parts", "field", "said"),
    [
        ([[1, 2], [2, 3]], "parts.0.pages", "page 2 is given more than once"),
        ([[1, 1], [2, 3]], "parts.0.pages", "page 1 is given more than once"),
        ([[1], [3]], "parts", "page 2 belongs to no part"),
        ([[2], [3, 4]], "parts.1.pages", "there is no page 4; the last is 3"),
        ([[0], [1, 2, 3]], "parts.0.pages", "there is no page 0"),
        ([[1, 2, 3], []], "parts.1.pages", "at least one page"),
        ([[1, 2, 3]], "parts", "between 2 and 20 parts"),
        ([], "parts", "between 2 and 20 parts"),
        ([[page] for page in range(1, 22)], "parts", "between 2 and 20 parts"),
    ],
)
def test_pages_that_do_not_come_out_even_are_refused(parts: list[list[int]], field: str, said: str) -> None:
    with pytest.raises(FieldFaultError, match=said) as refused:
        divided(invoice(), parts)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("whole", "said"),
    [
        (invoice(None), "Nothing could be read"),
        (invoice(1), "only one page"),
        (invoice(1, "xml"), "only one page"),
        (
            invoice(
                2, made_of=[sheets(BUNDLE, 1), Sheets(document_id=OTHER, document=document(), pages=None)]
            ),
            "cannot be told apart",
        ),
    ],
)
def test_what_has_no_pages_to_give_is_not_divided(whole: Invoice, said: str) -> None:
    with pytest.raises(ConflictError, match=said):
        page_count(whole)


def test_pages_beyond_those_that_were_read_can_be_given() -> None:
    assert page_count(invoice(14)) == 14


def test_a_whole_invoice_gives_all_its_pages_to_a_merge_in_the_order_of_the_pieces() -> None:
    first, second = invoice(2), invoice(1, made_of=[sheets(OTHER, 5)])
    assert pages_of([joined([second, first])]) == [[(OTHER, (5,)), (BUNDLE, (1, 2))]]


def test_what_could_not_be_read_is_merged_whole() -> None:
    assert [each.pages for each in joined([invoice(None), invoice(1)])] == [None, (1,)]
    assert sheets_of(invoice(1, "xml"))[0].pages is None


def test_e_invoices_alone_and_too_many_pages_are_not_merged() -> None:
    with pytest.raises(ConflictError, match="None of these has pages"):
        joined([invoice(1, "xml"), invoice(1, "xml")])
    with pytest.raises(ConflictError, match="more than 200 pages"):
        joined([invoice(150), invoice(51)])


def test_pages_are_told_in_words() -> None:
    words = [told(pages) for pages in ([1], [2, 3, 4], [1, 3, 4], [3, 1])]
    assert words == ["page 1", "pages 2 to 4", "pages 1, 3 to 4", "pages 3, 1"]
    assert told_sheets([sheets(BUNDLE, 2, 3)]) == "bundle.pdf, pages 2 to 3"
