"""What a reader found in a document: every field with its printed text, its place and how sure we are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from schema.ids import BlobKey

T = TypeVar("T")

Fraction = Annotated[float, Field(ge=0, le=1)]
Source = Literal["text", "ocr", "xml", "person"]
"""Where a value comes from; `person`: someone corrected it in the console."""
Kind = Literal["invoice", "credit_note", "quotation", "receipt", "unknown"]


class Frozen(BaseModel):
    """A value: never changed, and nothing in it that we did not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(Frozen):
    """A box on a page; page counts from 1, edges are fractions of the page from its top left corner."""

    page: Annotated[int, Field(ge=1)]
    x0: Fraction
    y0: Fraction
    x1: Fraction
    y1: Fraction


class Read(Frozen, Generic[T]):
    """One field as read; `value` None means it is not in the document (or not surely enough to say)."""

    value: T | None = None
    confidence: Fraction = 0.0
    text: str | None = None
    place: Place | None = None
    source: Source | None = None


class InvoiceFields(Frozen):
    """The fields of an invoice; `account` and `ifsc` are what the document asks to be paid to, and only evidence.

    `ifsc` holds an IFSC, or a BIC beside an IBAN. `lines` is the number of line items.
    """

    invoice_number: Read[str] = Read[str]()
    issue_date: Read[date] = Read[date]()
    due_date: Read[date] = Read[date]()
    currency: Read[str] = Read[str]()
    total: Read[Decimal] = Read[Decimal]()
    net: Read[Decimal] = Read[Decimal]()
    tax: Read[Decimal] = Read[Decimal]()
    seller_name: Read[str] = Read[str]()
    seller_tax_id: Read[str] = Read[str]()
    account: Read[str] = Read[str]()
    ifsc: Read[str] = Read[str]()
    po_number: Read[str] = Read[str]()
    lines: Read[int] = Read[int]()


MOST_CANDIDATES: Final = 5
"""Of one field: what the reader took, and the best of what it passed over."""

Why = Literal[
    "only", "best_labelled", "adds_up", "check_holds", "read_twice", "stated",
    "weaker", "rival", "labelled_otherwise", "sums_disagree", "check_fails", "rarer", "in_words", "other_reading",
    "on_page",
]  # fmt: skip
"""Why the reader took a value (the first line), or passed it over (the others)."""


class Candidate(Frozen):
    """A value that the reader saw for a field, in normal form; `confidence` is its own, before rivals lower it."""

    value: Annotated[str, Field(min_length=1, max_length=300)]
    confidence: Fraction
    text: Annotated[str, Field(max_length=300)] | None = None
    place: Place | None = None
    source: Source | None = None
    taken: bool = False
    why: Why


def _of_fields(named: dict[str, tuple[Candidate, ...]]) -> dict[str, tuple[Candidate, ...]]:
    if strange := named.keys() - InvoiceFields.model_fields.keys():
        raise ValueError(f"no such field: {min(strange)[:40]!r}")
    return named


Candidates = Annotated[
    dict[str, Annotated[tuple[Candidate, ...], Field(max_length=MOST_CANDIDATES)]], AfterValidator(_of_fields)
]
"""By field, the one taken first, then the surest."""


class PageImage(Frozen):
    """A page as a picture with account numbers blacked out; `png` is the file's bytes."""

    number: int
    width: int
    height: int
    png: bytes


class Reading(Frozen):
    """All that was read from one document; `text` is the whole text with form feeds between pages."""

    kind: Kind
    fields: InvoiceFields
    candidates: Candidates = {}
    text: str
    pages: tuple[PageImage, ...] = ()
    page_count: int
    ocr_pages: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class PagesOf(Frozen):
    """A file's bytes and which of its pages are meant, from 1 and in this order; None: all of it."""

    name: str
    data: bytes
    pages: tuple[int, ...] | None


class StoredPage(Frozen):
    """A redacted page picture in the blob store."""

    number: int
    width: int
    height: int
    key: BlobKey


class StoredReading(Frozen):
    """A reading as the record keeps it (`parsed_json`): the account masked, pictures by key, no full text.

    `candidates` is empty in what was stored before they were kept.
    """

    kind: Kind
    fields: InvoiceFields
    candidates: Candidates = {}
    pages: tuple[StoredPage, ...]
    page_count: int
    ocr_pages: tuple[int, ...]
    languages: tuple[str, ...]
    warnings: tuple[str, ...]
