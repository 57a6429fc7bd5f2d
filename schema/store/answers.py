"""What people were asked and what they answered: each message counts once, each answer binds to its fingerprint."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from schema.approval import Person, Question, Verdict
from schema.document import Frozen
from schema.failpoints import reach
from schema.ids import ApprovalId, InvoiceId, MessageSid, QuestionId, Sha256
from schema.invoice import Invoice
from schema.outcome import Outcome
from schema.queries import load
from schema.states import Step
from schema.store.pool import Connection, Database
from schema.store.rows import Row, to_invoice
from schema.store.street import SQL as STREET
from schema.store.street import move

SQL = load("approvals")


class Asked(Frozen):
    """A question with its answer, if there is one.

    `undelivered` is the messenger's error code when the question surely did not arrive.
    """

    question: Question
    reminded_at: datetime | None
    verdict: Verdict | None
    answered_at: datetime | None
    approval_id: ApprovalId | None
    undelivered: str | None = None


class Standing(Frozen):
    """A question beside its invoice, both locked: what an answer is judged by."""

    invoice: Invoice
    question: Question
    answered: Verdict | None
    said_yes: tuple[str, ...]


Judge: TypeAlias = Callable[[Standing], "Outcome | str"]


class AnswerStore:
    """Questions, approvals and the webhooks that carry them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def questions(self, invoice: InvoiceId, fingerprint: Sha256) -> tuple[Asked, ...]:
        """Everyone asked about this fingerprint."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["questions"], invoice, fingerprint)
        return tuple(_to_asked(row) for row in rows)

    async def all_questions(self, invoice: InvoiceId) -> tuple[Asked, ...]:
        """Everyone ever asked about an invoice, superseded questions too, oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["all_questions"], invoice)
        return tuple(_to_asked(row) for row in rows)

    async def reminded(self, question: QuestionId, at: datetime) -> None:
        """The person was reminded."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["remind"], question, at)

    async def find(self, *, question: QuestionId | None, phone: str, code: str | None) -> Question | None:
        """The question a reply belongs to: by the id in its button, or by the short code and the phone."""
        async with self._database.transaction() as connection:
            if question is not None:
                row = await connection.fetchrow(SQL["question"], question)
            else:
                row = await connection.fetchrow(SQL["question_by_code"], phone, code)
        return to_question(row) if row else None

    async def first_time(self, provider: str, sid: MessageSid, kind: str, body_sha256: Sha256) -> bool:
        """Record a webhook; False when this message came before."""
        async with self._database.transaction() as connection:
            return (
                await connection.fetchval(SQL["record_webhook"], provider, sid, kind, body_sha256) is not None
            )

    async def settle_webhook(self, provider: str, sid: MessageSid, kind: str, outcome: str) -> None:
        """What became of a webhook."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["settle_webhook"], provider, sid, kind, outcome)

    async def webhook_outcome(self, provider: str, sid: MessageSid, kind: str) -> str | None:
        """What became of a webhook that came before; empty while it is being worked on."""
        async with self._database.transaction() as connection:
            outcome: str | None = await connection.fetchval(SQL["webhook_outcome"], provider, sid, kind)
        return outcome

    async def answer(
        self, question: Question, verdict: Verdict, sid: MessageSid, *, at: datetime, judge: Judge
    ) -> str:
        """Judge and record an answer in one transaction, with the invoice locked; returns what to tell the person.

        `judge` is pure: it sees how things stand and returns the move to make, or the sentence that refuses.
        """
        async with self._database.transaction() as connection:
            standing = await _standing(connection, question)
            judged = judge(standing)
            if isinstance(judged, str):
                return judged
            q = question
            recorded = await connection.fetchval(
                SQL["answer"], q.id, q.invoice_id, q.fingerprint, q.person.address, verdict, sid, at
            )
            if recorded is None:
                return "This message was counted before."
            await connection.execute(STREET["take_over"], q.invoice_id)
            actor = q.person.address
            await move(connection, standing.invoice, Step.ANSWER, judged, actor=actor, at=at, token=None)
            await reach("answer.commit.inside")
        return judged.note


async def _standing(connection: Connection, question: Question) -> Standing:
    await connection.fetchrow(STREET["lock_invoice"], question.invoice_id)
    row = await connection.fetchrow(STREET["invoice"], question.invoice_id)
    assert row is not None
    asked = await connection.fetch(SQL["questions"], question.invoice_id, question.fingerprint)
    verdicts = {a["id"]: a["verdict"] for a in asked}
    answered = verdicts.get(question.id)
    return Standing(
        invoice=to_invoice(row),
        question=question,
        answered=Verdict(answered) if answered else None,
        said_yes=tuple(a["approver"] for a in asked if a["verdict"] == Verdict.APPROVE),
    )


def to_question(row: Row) -> Question:
    """A question of the table."""
    return Question(
        id=row["id"],
        invoice_id=row["invoice_id"],
        person=Person(name=row["approver_name"], address=row["approver"], phone=row["phone"]),
        fingerprint=row["fingerprint"],
        code=row["code"],
        asked_at=row["asked_at"],
        expires_at=row["expires_at"],
        message_sid=row["message_sid"],
    )


def _to_asked(row: Row) -> Asked:
    return Asked(
        question=to_question(row),
        reminded_at=row["reminded_at"],
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        answered_at=row["answered_at"],
        approval_id=row["approval_id"],
        undelivered=row["undelivered"],
    )
