"""The books after a chaos run: mails against invoices, the bank's ledger against payments, the record against all."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from sandbox.chaos_watch import Standing

PAYMENTS: Final = """
select p.reference, p.bank_reference, p.invoice_id::text as invoice, p.status, p.fingerprint, p.people_needed,
       p.submits, round(p.amount * 100)::bigint as minor,
       (select count(distinct a.approver) from approvals a
         where a.invoice_id = p.invoice_id and a.fingerprint = p.fingerprint and a.verdict = 'approve'
           and a.at <= p.intended_at) as approved,
       (select count(*) from approvals a
         where a.invoice_id = p.invoice_id and a.fingerprint = p.fingerprint and a.verdict = 'reject') as rejected
  from payments p where p.intended_at is not null
"""

GAPS: Final = """
select count(*) from (
    select version, row_number() over (partition by invoice_id order by version) - 1 as should,
           source, lag(target::text) over (partition by invoice_id order by version) as before
      from audits where invoice_id is not null) as entry
 where version <> should or (version > 0 and source::text is distinct from before)
"""

UNRECORDED: Final = """
select count(*) from invoices i
 where i.version <> (select max(version) from audits a where a.invoice_id = i.id)
    or i.state::text <> (select a.target::text from audits a where a.invoice_id = i.id order by version desc limit 1)
"""

LEDGER: Final = """
select t.reference, t.bank_reference, d.amount_minor from transfer t join draft d on d.id = t.draft_id
"""


@dataclass(frozen=True)
class Books:
    """What the books say; the lists name each problem in a sentence."""

    mails: int
    ends: Counter[str]
    reasons: Counter[str]
    transfers: int
    resubmitted: int
    double: tuple[str, ...]
    lost: tuple[str, ...]
    stuck: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing is double, lost, stuck or otherwise wrong."""
        return not (self.double or self.lost or self.stuck or self.wrong)


async def close_books(
    database_url: str, ledger: Path, sent: Iterable[str], invoices: Iterable[Standing], record: str
) -> Books:
    """Compare everything with everything; the run must be over. `record` is what its own check found wrong."""
    standing, sent = list(invoices), set(sent)
    connection = await asyncpg.connect(database_url)
    try:
        payments = await connection.fetch(PAYMENTS)
        gaps = await connection.fetchval(GAPS)
        unrecorded = await connection.fetchval(UNRECORDED)
    finally:
        await connection.close()
    booked = _ledger(ledger)
    double, wrong = _compare(payments, booked)
    wrong += [record] if record else []
    wrong += [f"{gaps} gaps in the record"] if gaps else []
    wrong += [f"{unrecorded} invoices stand where the record does not"] if unrecorded else []
    taken_in = {each.message_id for each in standing}
    return Books(
        mails=len(sent),
        ends=Counter(each.end for each in standing),
        reasons=Counter(each.reason[:90] for each in standing if each.state == "held"),
        transfers=len(booked),
        resubmitted=sum(1 for row in payments if row["submits"] > 1),
        double=tuple(double),
        lost=tuple(f"mail {message_id} has no invoice" for message_id in sorted(sent - taken_in)),
        stuck=tuple(
            f"invoice {each.id} is {each.state} after {each.attempts} attempts: {each.last_error}"
            for each in standing
            if not each.done
        ),
        wrong=tuple(wrong),
    )


def _ledger(path: Path) -> list[tuple[str, str, int]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return [(str(a), str(b), int(c)) for a, b, c in connection.execute(LEDGER)]
    finally:
        connection.close()


def _compare(
    payments: list[asyncpg.Record], booked: list[tuple[str, str, int]]
) -> tuple[list[str], list[str]]:
    """(double, wrong): every transfer belongs to one booked payment, every booked payment to one transfer."""
    by_reference = {row["reference"]: row for row in payments}
    per_invoice: Counter[str] = Counter()
    double, wrong = [], []
    for reference, bank_reference, minor in booked:
        row = by_reference.get(reference)
        if row is None:
            double.append(f"the bank booked {reference}, which no payment intended")
            continue
        per_invoice[row["invoice"]] += 1
        if (row["status"], row["bank_reference"], row["minor"]) != ("booked", bank_reference, minor):
            wrong.append(f"the bank booked {reference}, the payment is {row['status']} or another")
    double += [
        f"reference {r} was booked twice" for r, n in Counter(r for r, _, _ in booked).items() if n > 1
    ]
    double += [f"invoice {invoice} was paid {n} times" for invoice, n in per_invoice.items() if n > 1]
    known = {reference for reference, _, _ in booked}
    for row in payments:
        if row["status"] == "booked" and row["reference"] not in known:
            wrong.append(f"{row['reference']} counts as booked, the bank has none")
        if row["approved"] < row["people_needed"] or row["rejected"]:
            wrong.append(f"{row['reference']} was intended without its approvals")
    return double, wrong
