"""A World over the real store with small fakes for what is outside: each fake keeps what it was told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from daemon.adapters.blobs_disk import DiskBlobs
from handlers.advance import advance
from handlers.answer import answer_button
from handlers.guard import LeakGuard
from handlers.links import question_token
from handlers.world import FetchedFile, World
from schema.approval import Person, Question, Verdict
from schema.document import Candidate, InvoiceFields, PagesOf, Read, Reading
from schema.errors import CountersignError, PermanentError
from schema.ids import Address, BlobKey, InvoiceId, MessageSid, Phone
from schema.mail import Disposition, MailPlace, OutgoingMail
from schema.masking import Masked, MaskedInvoice
from schema.policy import load_policy
from schema.states import DUE, State
from schema.store import Database, open_store
from schema.store.mails import NewDocument, NewMail
from schema.store.master import NewPurchaseOrder, NewVendor
from schema.transfer import Draft, Permit, Receipt, Transfer
from schema.vault import Vault, new_master_key, sha256
from schema.verdict import REFERENCES, ActionPlan, ModelReply

ACCOUNT = "50200012345678"
OTHER_ACCOUNT = "998877665544"
TAX_ID = "27AAPFU0939F1ZV"
PRIYA = Address("priya@meridian.example")
ASHA = Person(name="Asha Rao", address=Address("asha@meridian.example"), phone=Phone("+919800000001"))
VIKRAM = Person(name="Vikram Shah", address=Address("vikram@meridian.example"), phone=Phone("+919800000002"))
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 32


def actions() -> list[dict[str, object]]:
    """The canonical action list."""
    empty = {"target": None, "value_ref": None, "url": None, "approved": None}
    rows: list[dict[str, object]] = [{"op": "navigate", "url": "/transfer"}]
    rows += [{"op": op, "target": f, "value_ref": reference} for f, (op, reference) in REFERENCES.items()]
    rows += [
        {"op": "click", "target": "continue"},
        {"op": "screenshot", "target": "confirm"},
        {"op": "pause", "target": "approval"},
        {"op": "enter_otp", "value_ref": "bank.otp"},
        {"op": "submit", "approved": True},
    ]
    return [empty | row for row in rows]


@dataclass
class FakeReader:
    """Reads whatever it was told to."""

    fields: InvoiceFields
    error: CountersignError | None = None
    candidates: dict[str, tuple[Candidate, ...]] = field(default_factory=dict)
    page_count: int = 1

    async def read(self, data: bytes, name: str) -> Reading:
        if self.error:
            raise self.error
        text = f"{data.decode('utf-8', 'replace')} pay to {self.fields.account.value}"
        return Reading(
            kind="invoice",
            fields=self.fields,
            candidates=self.candidates,
            text=text,
            page_count=self.page_count,
        )

    async def read_together(self, files: Sequence[PagesOf]) -> Reading:
        reading = await self.read(b"".join(file.data for file in files), files[0].name)
        count = sum(len(file.pages or (1,)) for file in files)
        return reading.model_copy(update={"page_count": count, "pages": reading.pages[:count]})


@dataclass
class FakeModel:
    """Answers what it was told to; keeps what it was asked."""

    content: str
    asked: list[MaskedInvoice] = field(default_factory=list)

    async def validate(self, system: str, invoice: MaskedInvoice) -> ModelReply:
        self.asked.append(invoice)
        request, response = invoice.model_dump_json().encode(), self.content.encode()
        return ModelReply(
            requested_model="x-ai/grok-4.1-fast",
            served_model="x-ai/grok-4.3",
            provider="xAI",
            request=request,
            response=response,
            request_sha256=sha256(request),
            response_sha256=sha256(response),
            content=self.content,
            seconds=0.1,
        )


@dataclass
class FakeMessenger:
    """Keeps what was sent."""

    asked: list[tuple[Question, str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    async def find(self, question: Question) -> MessageSid | None:
        return next(
            (MessageSid(f"SM{i}") for i, (q, _, _) in enumerate(self.asked) if q.id == question.id), None
        )

    async def ask(self, question: Question, text: Masked, media_url: str) -> MessageSid:
        self.asked.append((question, text, media_url))
        return MessageSid(f"SM{len(self.asked) - 1}")

    async def note(self, to: Phone, text: Masked) -> MessageSid:
        self.notes.append((to, text))
        return MessageSid(f"NO{len(self.notes)}")


@dataclass
class FakeBank:
    """A ledger by reference; `fail_after` books and then loses the answer."""

    ledger: dict[str, Receipt] = field(default_factory=dict)
    submits: int = 0
    lose_answer: CountersignError | None = None
    refuse: CountersignError | None = None
    shown_beneficiary: str | None = None

    async def prepare(self, transfer: Transfer, plan: ActionPlan) -> Draft:
        terms = transfer.terms
        if self.shown_beneficiary:
            terms = terms.model_copy(update={"beneficiary": self.shown_beneficiary})
        return Draft(shown=terms, screenshot=PNG + transfer.reference.encode(), taken_at=datetime.now(UTC))

    async def find(self, transfer: Transfer) -> Receipt | None:
        return self.ledger.get(transfer.reference)

    async def pay(
        self, transfer: Transfer, plan: ActionPlan, permit: Permit, start: Callable[[], Awaitable[None]]
    ) -> Receipt:
        await start()
        if self.refuse:
            error, self.refuse = self.refuse, None
            raise error
        self.submits += 1
        receipt = Receipt(
            bank_reference=f"SIMN{self.submits:014}",
            booked_at=datetime.now(UTC),
            terms=permit.terms,
            simulated=True,
            screenshot=PNG,
        )
        assert transfer.reference not in self.ledger
        self.ledger[transfer.reference] = receipt
        if self.lose_answer:
            error, self.lose_answer = self.lose_answer, None
            raise error
        return receipt


@dataclass
class FakeMailer:
    """Keeps what was sent."""

    sent: list[OutgoingMail] = field(default_factory=list)

    async def send(self, mail: OutgoingMail) -> None:
        self.sent.append(mail)


@dataclass
class FakeClock:
    """Stands still until it is moved."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        return self.at

    def pass_(self, **span: float) -> None:
        self.at += timedelta(**span)


async def started() -> None:
    """START could be put on record."""


@dataclass
class Town:
    """A world and its fakes, with the types the fakes have."""

    world: World
    reader: FakeReader
    model: FakeModel
    messenger: FakeMessenger
    bank: FakeBank
    mailer: FakeMailer
    clock: FakeClock


def fields(**changed: object) -> InvoiceFields:
    """The fields of a clean invoice of the known vendor, with some of them changed; None takes one away."""
    values: dict[str, object] = {
        "invoice_number": "AIS/8812",
        "issue_date": date(2026, 11, 1),
        "due_date": date(2026, 12, 1),
        "currency": "INR",
        "total": Decimal("84960.00"),
        "net": Decimal("72000.00"),
        "tax": Decimal("12960.00"),
        "seller_name": "Acme Industrial Supplies Pvt Ltd",
        "seller_tax_id": TAX_ID,
        "account": ACCOUNT,
        "ifsc": "HDFC0000485",
        "po_number": "PO-2026-0141",
    } | changed
    return InvoiceFields.model_validate(
        {
            name: value
            if isinstance(value, Read)
            else {"value": value, "confidence": 0.97, "text": str(value)}
            for name, value in values.items()
            if value is not None
        }
    )


def answer(verdict: str = "consistent", listed: list[dict[str, object]] | None = None) -> str:
    """A model's answer in the agreed form."""
    import json

    report = {"verdict": verdict, "risk": "low", "summary": "The facts agree with the text.", "checks": []}
    return json.dumps({"report": report, "actions": actions() if listed is None else listed})


class NoFiles:
    """Nothing is hosted anywhere."""

    async def fetch(self, address: str) -> FetchedFile:
        raise PermanentError("No file may be fetched.")


class NoLedger:
    """No ledger is connected."""

    async def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        raise PermanentError("No ledger is connected.")


def make_town(database: Database, folder: Path, master_key: str | None = None) -> Town:
    """A world over a migrated database."""
    vault, store = Vault(master_key or new_master_key()), open_store(database)
    town = Town(
        world=None,  # type: ignore[arg-type]
        reader=FakeReader(fields()),
        model=FakeModel(answer()),
        messenger=FakeMessenger(),
        bank=FakeBank(),
        mailer=FakeMailer(),
        clock=FakeClock(),
    )
    town.world = World(
        store=store,
        vault=vault,
        guard=LeakGuard(vault),
        blobs=DiskBlobs(folder, vault),
        reader=town.reader,
        model=town.model,
        messenger=town.messenger,
        bank=town.bank,
        mailer=town.mailer,
        files=NoFiles(),
        ledger=NoLedger(),
        identity=None,
        clock=town.clock,
        policy=load_policy(Path("deploy/policy.toml")),
        approvers=(ASHA, VIKRAM),
        forwarders=frozenset({PRIYA}),
        authserv_id="mx.countersign.example",
        mail_domain="countersign.pay.example",
        public_url="https://pay.example",
        bank_origin="https://bank.example",
        zone=ZoneInfo("Asia/Kolkata"),
    )
    return town


def vendor(town: Town, **changed: object) -> NewVendor:
    """The known vendor as it is imported, with some of it changed."""
    values: dict[str, object] = {
        "name": "Acme Industrial Supplies Pvt Ltd",
        "aliases": ("Acme Industrial",),
        "tax_id": TAX_ID,
        "beneficiary": "Acme Industrial Supplies Pvt Ltd",
        "account": town.world.vault.seal(ACCOUNT),
        "routing": "HDFC0000485",
        "currency": "INR",
        "country": "IN",
        "email": None,
    }
    return NewVendor.model_validate(values | changed)


async def stock(town: Town) -> None:
    """The known vendor and its purchase order."""
    world = town.world
    await world.store.master.put_vendors([vendor(town)])
    await world.store.master.put_purchase_orders(
        [
            NewPurchaseOrder(
                number="PO-2026-0141",
                vendor_tax_id=TAX_ID,
                currency="INR",
                total=Decimal("5000000.00"),
                description="",
                open=True,
            )
        ]
    )


async def bring(town: Town, raw: bytes, uid: int = 1, *, files: int = 1) -> Disposition:
    """Take in a mail of Priya's with some documents."""
    world, documents = town.world, []
    for index in range(files):
        data = raw + bytes([48 + index])
        documents.append(
            NewDocument(
                path=f"1.{index}",
                name=f"invoice-{index}.pdf",
                declared_type="application/pdf",
                sniffed="pdf",
                sha256=sha256(data),
                size_bytes=len(data),
                key=await world.blobs.put(data),
            )
        )
    mail = NewMail(
        raw_sha256=sha256(raw + bytes(str(uid), "ascii")),
        raw_key=BlobKey(await world.blobs.put(raw)),
        size_bytes=len(raw),
        message_id=f"<m{uid}@meridian.example>",
        references=(),
        sender=PRIYA,
        sender_name="Priya Nair",
        subject="Fwd: Invoice",
        dated=None,
        disposition=Disposition.ACCEPTED,
        reason="",
        evidence={},
        documents=tuple(documents),
    )
    place = MailPlace(account="pay@countersign.example", folder="INBOX", uidvalidity=1, uid=uid)
    return await world.store.mails.take_in(place, mail, at=world.clock.now())


async def walk(town: Town, limit: int = 30) -> dict[InvoiceId, State]:
    """Advance everything that is due until nothing is."""
    for _ in range(limit):
        due = await town.world.store.street.due(100)
        if not due:
            break
        for invoice, state, _, _ in due:
            await advance(invoice, DUE[state].job, town.world)
    return {line.id: line.state for line in await town.world.store.views.invoices()}


async def only(town: Town) -> InvoiceId:
    (line,) = await town.world.store.views.invoices()
    return line.id


async def say(
    town: Town, verdict: Verdict, index: int = 0, sid: str = "SMin1", phone: Phone | None = None
) -> str:
    question = town.messenger.asked[index][0]
    token = question_token(town.world.vault, question.id)
    return await answer_button(token, verdict, phone or question.person.phone, MessageSid(sid), town.world)


async def reason(town: Town) -> str:
    (line,) = await town.world.store.views.invoices()
    return line.reason


async def due_now(town: Town, invoice: InvoiceId) -> None:
    async with town.world.store.database.transaction() as connection:
        await connection.execute("update invoices set due_at = now() where id = $1", invoice)
