"""Claiming, moving and putting off invoices: the row is its own to-do list."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from schema.audit import Entry, leaf_hash
from schema.errors import ConflictError, PermanentError
from schema.failpoints import reach
from schema.ids import InvoiceId, MessageSid, Sha256
from schema.invoice import Claim, Invoice, Payment, Voided
from schema.outcome import Cleared, Intent, Outcome, Parsed
from schema.queries import load
from schema.states import State, Step, may_move, targets_of_held
from schema.store.master import number_key
from schema.store.pool import Connection, Database, clean, clean_json
from schema.store.rows import to_invoice, to_payment, to_voided
from schema.verdict import Assessment

SQL = load("street")
ASK = load("approvals")["ask"]

SUBMIT_GRACE_S: Final = 65.0
"""A one-time password is good for 60 s at most (RFC 6238: a step of 30 s and one of tolerance), so a click of a worker
that was paused before it is refused by the bank after this; five seconds for clocks that differ."""


class StreetStore:
    """The lifecycle's door to the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def invoice(self, invoice: InvoiceId) -> Invoice | None:
        """One invoice as it stands."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["invoice"], invoice)
        return to_invoice(row) if row else None

    async def payment(self, invoice: InvoiceId) -> Payment | None:
        """The live payment of an invoice."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["payment"], invoice)
        return to_payment(row) if row else None

    async def claim(self, invoice: InvoiceId, states: tuple[State, ...], lease_s: float) -> Claim | None:
        """Take the lease; None when someone else has it or nothing is due."""
        await reach("claim.before")
        async with self._database.transaction() as connection:
            taken = await connection.fetchrow(SQL["claim"], invoice, list(states), lease_s)
            if taken is None:
                return None
            row = await connection.fetchrow(SQL["invoice"], invoice)
            assert row is not None
            claim = Claim(invoice=to_invoice(row), token=taken["claim_token"])
        await reach("claim.after")
        return claim

    async def commit(
        self, claim: Claim, step: Step, outcome: Outcome, *, at: datetime, policy_version: str
    ) -> bool:
        """Write an outcome: the move, its entry and its facts in one transaction; False when the lease was lost."""
        await reach("commit.before")
        async with self._database.transaction() as connection:
            moved = await move(
                connection, claim.invoice, step, outcome, actor="countersign", at=at, token=claim.token
            )
            if moved:
                await _save(connection, claim.invoice, outcome, at, policy_version)
            await reach("commit.inside")
        await reach("commit.after")
        return moved

    async def renew(self, claim: Claim, lease_s: float) -> bool:
        """Keep the lease for another while; False when it was lost."""
        async with self._database.transaction() as connection:
            row = await connection.fetchval(SQL["renew"], claim.invoice.id, claim.token, lease_s)
        return row is not None

    async def start_submit(self, invoice: Invoice, fingerprint: Sha256) -> bool:
        """Put START on record, just before the click; False when this try may not click (any more).

        Version and attempts name the claim under which `invoice` was read.
        """
        async with self._database.transaction() as connection:
            row = await connection.fetchval(
                SQL["start_submit"],
                *(invoice.id, invoice.version, invoice.attempts, fingerprint, SUBMIT_GRACE_S),
            )
        return row is not None

    async def submit_wait_s(self, invoice: InvoiceId) -> float:
        """How long an earlier click may still take effect; 0 when none was made or its time is over."""
        async with self._database.transaction() as connection:
            seconds: float | None = await connection.fetchval(SQL["submit_wait"], invoice, SUBMIT_GRACE_S)
        return max(0.0, seconds or 0.0)

    async def withdraw_submit(self, invoice: Invoice) -> None:
        """Put on record that the bank booked nothing; without effect when the lease was lost."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["withdraw_submit"], invoice.id, invoice.version, invoice.attempts)

    async def put_off(self, claim: Claim, *, seconds: float, error: str, counted: bool = True) -> None:
        """Give the lease back and be due again later; not `counted`, the try takes no attempt."""
        async with self._database.transaction() as connection:
            await connection.fetchval(
                SQL["put_off"], claim.invoice.id, claim.token, seconds, clean(error)[:500], counted
            )

    async def due(self, limit: int) -> list[tuple[InvoiceId, State, int, int]]:
        """(id, state, version, attempts) of what is due and unclaimed, oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["due"], limit)
        return [(row["id"], State(row["state"]), row["version"], row["attempts"]) for row in rows]

    async def due_one(self, invoice: InvoiceId) -> tuple[InvoiceId, State, int, int] | None:
        """The same for one invoice."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["due_one"], invoice)
        return (row["id"], State(row["state"]), row["version"], row["attempts"]) if row else None

    async def decide(self, invoice: InvoiceId, target: State, *, actor: str, note: str, at: datetime) -> None:
        """A person moves a held invoice; ConflictError when it is not held (any more), or may not go there."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["lock_invoice"], invoice)
            if row is None or row["state"] != State.HELD:
                raise ConflictError("This invoice is not held.")
            held = await connection.fetchrow(SQL["invoice"], invoice)
            assert held is not None
            outcome = Outcome(target=target, note=note)
            await decide_held(connection, to_invoice(held), outcome, actor=actor, at=at)

    async def ways(self, invoice: Invoice) -> tuple[State, ...]:
        """Where a person may send an invoice now: nowhere when it is not held."""
        if invoice.held_from is None:
            return ()
        async with self._database.transaction() as connection:
            return await _ways(connection, invoice)

    async def voided(self, invoice: InvoiceId) -> tuple[Voided, ...]:
        """The payments of an invoice that people took back, oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["voided"], invoice)
        return tuple(to_voided(row) for row in rows)

    async def doubt_clicks(self) -> None:
        """Take every intended payment for one that may have been clicked: after a restore nobody here knows."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["doubt_clicks"])

    async def save_message(self, sid: MessageSid, invoice: InvoiceId, kind: str) -> None:
        """Remember a message that was sent, so that its status can be followed."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["save_message"], sid, invoice, kind)

    async def save_message_status(self, sid: str, status: str, rank: int, error_code: str | None) -> bool:
        """Follow a message's status; False when no invoice is known for it (yet). A lost question wakes its invoice."""
        async with self._database.transaction() as connection:
            known: bool = await connection.fetchval(
                SQL["save_message_status"], sid, status, rank, error_code and clean(error_code)
            )
            await connection.execute(SQL["wake_undelivered"], sid)
        return known


async def decide_held(
    connection: Connection, held: Invoice, outcome: Outcome, *, actor: str, at: datetime
) -> None:
    """A person moves a held invoice within a transaction that has locked its row.

    1. ConflictError where it may not go there; the locked row is the one that START locks, too.
    2. Whatever lease a worker holds ends, and with it what that worker could do.
    3. What was intended is void before its invoice leaves `paying`, and the entry says so.
    """
    possible = await _ways(connection, held)
    if outcome.target not in possible:
        ways = ", ".join(possible)
        raise ConflictError(f"This invoice was held while {held.held_from}; it may go to: {ways}.")
    await connection.execute(SQL["take_over"], held.id)
    if held.held_from is State.PAYING and outcome.target is not State.PAYING:
        voided = await connection.fetchval(
            SQL["void_intended"], held.id, at, actor, clean(outcome.note) or f"Sent on to {outcome.target}."
        )
        if voided is None:
            raise ConflictError("Its payment may have been clicked; only the bank can say.")
        outcome = outcome.model_copy(update={"facts": outcome.facts | {"voided": voided, "clicks": 0}})
    moved = await move(connection, held, Step.DECIDE, outcome, actor=actor, at=at, token=None)
    assert moved, "bug: a locked invoice was moved by someone else"


async def _ways(connection: Connection, held: Invoice) -> tuple[State, ...]:
    assert held.held_from is not None
    clicks = await connection.fetchval(SQL["clicks"], held.id)
    return targets_of_held(held.held_from, clicked=clicks != 0)


async def move(
    connection: Connection,
    invoice: Invoice,
    step: Step,
    outcome: Outcome,
    *,
    actor: str,
    at: datetime,
    token: UUID | None,
) -> bool:
    """Move one invoice and write its entry in one statement; False when another was first."""
    if not may_move(invoice.state, step, outcome.target):
        raise PermanentError(f"bug: {step} may not move {invoice.state} to {outcome.target}")
    entry = Entry(
        invoice_id=invoice.id,
        version=invoice.version + 1,
        step=step,
        source=invoice.state,
        target=outcome.target,
        actor=actor,
        at=at,
        note=clean(outcome.note),
        facts=clean_json(outcome.facts),
    )
    due_in = None if outcome.due_in is None else outcome.due_in.total_seconds()
    if outcome.target is State.CLOSED:
        due_in = None
    version = await connection.fetchval(
        SQL["move"],
        invoice.id,
        invoice.version,
        token,
        step,
        outcome.target,
        due_in,
        clean(outcome.note),
        actor,
        at,
        entry.facts,
        leaf_hash(entry),
    )
    return version is not None


async def _save(
    connection: Connection, invoice: Invoice, outcome: Outcome, at: datetime, policy_version: str
) -> None:
    """The facts of an outcome, each in its columns; the moved row is locked by now."""
    if outcome.parsed:
        await save_parsed(connection, invoice.id, outcome.parsed)
    if outcome.assessment:
        await _save_assessment(connection, invoice.id, outcome.assessment)
    if outcome.findings is not None:
        findings = [finding.model_dump(mode="json") for finding in outcome.findings]
        await connection.execute(
            SQL["save_findings"], invoice.id, findings, outcome.vendor_id, policy_version
        )
    if outcome.cleared:
        await _save_cleared(connection, invoice, outcome.cleared)
    if outcome.prepared:
        p = outcome.prepared
        await connection.execute(
            SQL["save_prepared"], invoice.id, p.screenshot_key, p.screenshot_sha256, p.fingerprint, p.taken_at
        )
    for q in outcome.questions:
        await connection.execute(
            ASK,
            *(q.id, q.invoice_id, q.fingerprint, q.person.address, q.person.name, q.person.phone),
            *(q.code, q.asked_at, q.expires_at, q.message_sid),
        )
        if q.message_sid:
            await connection.execute(SQL["save_message"], q.message_sid, q.invoice_id, "question")
            await connection.execute(
                SQL["wake_undelivered"], q.message_sid
            )  # its callback may have been here first
    if outcome.intent:
        await _save_intent(connection, outcome.intent, at)
    if outcome.receipt:
        await _book(connection, invoice, outcome)


async def save_parsed(connection: Connection, invoice: InvoiceId, parsed: Parsed) -> None:
    """The fields as they are known now, and the columns that are looked up by."""
    fields = parsed.reading.fields
    number = _text(fields.invoice_number.value)
    await connection.execute(
        SQL["save_parsed"],
        *(invoice, parsed.reading.model_dump(mode="json"), parsed.text_key),
        *(parsed.account_print, parsed.account_last4),
        *(number, fields.issue_date.value, fields.due_date.value),
        *(fields.currency.value, fields.total.value, number_key(number) if number else None),
    )


async def _save_assessment(connection: Connection, invoice: InvoiceId, a: Assessment) -> None:
    exchange: dict[str, Any] = {
        "requested_model": a.requested_model,
        "served_model": a.served_model,
        "provider": a.provider,
        "request_key": a.request_key,
        "response_key": a.response_key,
        "accounts_checked": a.accounts_checked,
        "cost_usd": a.cost_usd,
    }
    await connection.execute(
        SQL["save_assessment"],
        *(invoice, a.report.model_dump(mode="json"), list(a.actions_raw)),
        *(a.plan.model_dump(mode="json") if a.plan else None, a.refusal),
        *(a.request_sha256, a.response_sha256, exchange),
    )


async def _save_cleared(connection: Connection, invoice: Invoice, cleared: Cleared) -> None:
    t, order = cleared.transfer, cleared.purchase_order
    if order is not None:
        # Locked, so that of two invoices that would each fit alone the second sees what the first has used.
        await connection.fetchval(SQL["lock_purchase_order"], order.id)
        used = await connection.fetchval(SQL["purchase_order_used"], order.id, invoice.id)
        if used != order.used:
            raise ConflictError("Another invoice has used the purchase order meanwhile.")
    await connection.execute(
        SQL["save_cleared"],
        *(invoice.id, cleared.vendor_id, order.id if order else None, cleared.duplicate_key),
        cleared.people_needed,
    )
    await connection.execute(SQL["void_planned"], invoice.id)
    await connection.execute(
        SQL["plan_payment"],
        *(
            t.payment_id,
            t.invoice_id,
            cleared.vendor_id,
            invoice.thread.forwarder,
            t.reference,
            t.beneficiary,
        ),
        *(t.account.cipher, t.account.print, t.account.last4, t.routing, t.rail),
        *(t.amount.amount, t.amount.currency, t.pay_on, cleared.people_needed),
    )


async def _save_intent(connection: Connection, intent: Intent, at: datetime) -> None:
    one, two, *_ = [*zip(intent.approvals, intent.approvers, strict=True), (None, None)]
    done = await connection.fetchval(
        SQL["intend_payment"],
        *(intent.permit.payment_id, intent.permit.fingerprint),
        *(*one, *two, at),
    )
    if done is None:
        raise ConflictError("The payment is no longer planned.")


async def _book(connection: Connection, invoice: Invoice, outcome: Outcome) -> None:
    receipt = outcome.receipt
    assert receipt is not None
    payment = await connection.fetchrow(SQL["payment"], invoice.id)
    assert payment is not None
    booked = await connection.fetchval(
        SQL["book_payment"],
        *(payment["id"], receipt.bank_reference, receipt.booked_at, receipt.simulated),
        outcome.receipt_screenshot_key,
    )
    if booked is None:
        raise ConflictError("The payment is not intended.")


def _text(value: str | None) -> str | None:
    return None if value is None else clean(value)
