"""The books: accounts, beneficiaries, drafts and transfers in one SQLite file, each reference booked once.

Every change is one `BEGIN IMMEDIATE` transaction, so two threads or two processes on the same file never both
believe that a reference is free or that the money is there; the constraints in `ledger.sql` say it once more.
"""

import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

from mockbank.clock import BANK_ZONE, bank_day, bank_time
from mockbank.otp import step_of
from mockbank.terms import RAILS, Terms
from mockbank.tries import Tries

LOCK_WAIT_SECONDS = 10.0
"""How long a change waits for another process's change; each takes milliseconds."""

LISTED_AT_MOST = 200
SERIAL_DIGITS = 5

ACCOUNTS = {
    "INR": ("50200048214821", "Current account"),
    "EUR": ("DE36701500000009904417", "Euro settlement account"),
}
"""Currency to the customer's own account number and its name."""

TERMS_OF_DRAFT = """draft.rail, draft.beneficiary_name, draft.account_number, draft.routing, draft.amount_minor,
    draft.currency, draft.reference, draft.value_date, draft.remark"""


class Door(StrEnum):
    """Where wrong answers are counted."""

    LOGIN = "login"
    OTP = "otp"


@dataclass(frozen=True)
class Account:
    """One of the customer's own accounts; the balance is in paise or cents."""

    currency: str
    number: str
    name: str
    balance_minor: int


@dataclass(frozen=True)
class Beneficiary:
    """A payee the customer keeps in the list."""

    id: int
    name: str
    account_number: str
    routing: str


@dataclass(frozen=True)
class Draft:
    """A filled form waiting for its one-time password."""

    id: str
    terms: Terms
    cancelled: bool
    code_step: int | None
    transfer_id: int | None
    """Set once it is booked."""


@dataclass(frozen=True)
class Transfer:
    """Money that moved; `booked_at` is in bank time."""

    id: int
    bank_reference: str
    booked_at: datetime
    terms: Terms


@dataclass(frozen=True)
class Booked:
    """The draft is a transfer, by this confirmation or by an earlier one."""

    transfer_id: int


@dataclass(frozen=True)
class WrongCode:
    """The one-time password was wrong or used; nothing is booked."""

    tries_left: int


@dataclass(frozen=True)
class Locked:
    """Too many wrong one-time passwords; nothing is booked before this time."""

    until: datetime


@dataclass(frozen=True)
class Refused:
    """The password was right but the transfer cannot be booked; a sentence says why."""

    why: str


Answer = Booked | WrongCode | Locked | Refused


class Ledger:
    """The open books; safe to share among threads."""

    def __init__(self, database: Path, opening: dict[str, int], totp_secret: str) -> None:
        """Open or make the file; `opening` maps currency to paise or cents and counts for a new ledger only."""
        self._totp_secret = totp_secret
        self._turn = threading.RLock()
        os.close(os.open(database, os.O_CREAT | os.O_RDWR, 0o600))  # it holds full account numbers
        self._connection = sqlite3.connect(
            database, timeout=LOCK_WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript((files("mockbank") / "ledger.sql").read_text(encoding="utf-8"))
        with self._change() as books:
            books.executemany(
                "INSERT INTO account (currency, number, name, balance_minor) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                [(currency, *ACCOUNTS[currency], minor) for currency, minor in opening.items()],
            )

    def close(self) -> None:
        """Close the file; safe to repeat."""
        with self._turn:
            self._connection.close()

    def accounts(self) -> list[Account]:
        """The customer's own accounts, rupees first."""
        rows = self._read("SELECT currency, number, name, balance_minor FROM account ORDER BY currency DESC")
        return [Account(**row) for row in rows]

    def account(self, currency: str) -> Account:
        """The account that pays transfers in a currency."""
        return next(account for account in self.accounts() if account.currency == currency)

    def beneficiaries(self) -> list[Beneficiary]:
        """The payees in the list, by name."""
        rows = self._read("SELECT id, name, account_number, routing FROM beneficiary ORDER BY name, id")
        return [Beneficiary(**row) for row in rows]

    def add_beneficiary(self, name: str, account_number: str, routing: str) -> bool:
        """Put a payee in the list; False when this account is there already."""
        with self._change() as books:
            added = books.execute(
                "INSERT INTO beneficiary (name, account_number, routing) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (name, account_number, routing),
            )
        return added.rowcount == 1

    def remove_beneficiary(self, beneficiary_id: int) -> None:
        """Take a payee off the list; safe to repeat."""
        with self._change() as books:
            books.execute("DELETE FROM beneficiary WHERE id = ?", (beneficiary_id,))

    def is_beneficiary(self, account_number: str, routing: str) -> bool:
        """Whether an account is in the list."""
        return bool(
            self._read(
                "SELECT 1 FROM beneficiary WHERE account_number = ? AND routing = ?", account_number, routing
            )
        )

    def save_draft(self, terms: Terms) -> str:
        """Keep a filled form until it is confirmed; give its id."""
        draft_id = uuid.uuid4().hex
        with self._change() as books:
            books.execute(
                "INSERT INTO draft (id, rail, beneficiary_name, account_number, routing, amount_minor, currency,"
                " reference, value_date, remark) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    draft_id,
                    terms.rail,
                    terms.beneficiary_name,
                    terms.account_number,
                    terms.routing,
                    terms.amount_minor,
                    terms.currency,
                    terms.reference,
                    terms.value_date.isoformat(),
                    terms.remark,
                ),
            )
        return draft_id

    def draft(self, draft_id: str) -> Draft | None:
        """Find a draft, None when there is none of this id."""
        rows = self._read(
            f"SELECT draft.id, draft.cancelled, draft.code_step, transfer.id AS transfer_id, {TERMS_OF_DRAFT}"  # noqa: S608
            " FROM draft LEFT JOIN transfer ON transfer.draft_id = draft.id WHERE draft.id = ?",
            draft_id,
        )
        return _draft_of(rows[0]) if rows else None

    def cancel_draft(self, draft_id: str) -> None:
        """Give a draft up; one that is booked stays booked. Safe to repeat."""
        with self._change() as books:
            books.execute(
                "UPDATE draft SET cancelled = 1 WHERE id = ? AND id NOT IN (SELECT draft_id FROM transfer)",
                (draft_id,),
            )

    def confirm(self, draft_id: str, code: str, now: datetime) -> Answer:
        """Book a draft, all in one transaction.

        1. A booked draft gives its transfer again, whatever the code: a double submit moves no money.
        2. While the one-time password is locked nothing else is looked at.
        3. A wrong code, or one this draft has used, is counted; the fifth locks.
        4. A right code clears the count, and the draft is booked or refused for a reason.
        """
        with self._change() as books:
            draft = self.draft(draft_id)
            if draft is None or draft.cancelled:
                return Refused("This transfer was cancelled")
            if draft.transfer_id is not None:
                return Booked(draft.transfer_id)
            tries = self.tries(Door.OTP, now)
            if tries.locked_until is not None:
                return Locked(tries.locked_until)
            step = step_of(self._totp_secret, code, now)
            if step is None or (draft.code_step is not None and step <= draft.code_step):
                return self._count_wrong_code(now)
            self.clear_tries(Door.OTP)
            books.execute("UPDATE draft SET code_step = ? WHERE id = ?", (step, draft_id))
            return self._book(books, draft, now)

    def reference_is_booked(self, reference: str) -> bool:
        """Whether money has moved under this reference; compares exactly."""
        return bool(self._read("SELECT 1 FROM transfer WHERE reference = ?", reference))

    def transfer(self, transfer_id: int) -> Transfer | None:
        """Find a transfer by its number, None when there is none."""
        return next(iter(self._transfers("transfer.id = ?", transfer_id)), None)

    def transfers(self, reference: str | None = None) -> list[Transfer]:
        """Transfers newest first, at most 200; with a reference only its own, compared exactly."""
        if reference is None:
            return self._transfers("1 = 1")
        return self._transfers("transfer.reference = ?", reference)

    def tries(self, door: Door, now: datetime) -> Tries:
        """The wrong answers that count at a door now."""
        rows = self._read("SELECT wrong, locked_until FROM tries WHERE door = ?", door)
        if not rows:
            return Tries()
        until = rows[0]["locked_until"]
        return Tries(rows[0]["wrong"], datetime.fromisoformat(until) if until else None).at(now)

    def count_wrong(self, door: Door, now: datetime) -> Tries:
        """Count a wrong answer at a door and give the new count; one that is locked already stays as it is."""
        with self._change() as books:
            before = self.tries(door, now)
            if before.locked_until is not None:
                return before
            after = before.after_wrong(now)
            books.execute(
                "INSERT OR REPLACE INTO tries (door, wrong, locked_until) VALUES (?, ?, ?)",
                (door, after.wrong, after.locked_until.isoformat() if after.locked_until else None),
            )
        return after

    def clear_tries(self, door: Door) -> None:
        """Forget the wrong answers at a door, after a right one."""
        with self._change() as books:
            books.execute("DELETE FROM tries WHERE door = ?", (door,))

    def _count_wrong_code(self, now: datetime) -> WrongCode | Locked:
        tries = self.count_wrong(Door.OTP, now)
        return Locked(tries.locked_until) if tries.locked_until else WrongCode(tries.left)

    def _book(self, books: sqlite3.Connection, draft: Draft, now: datetime) -> Booked | Refused:
        terms, today = draft.terms, bank_day(now)
        if self.reference_is_booked(terms.reference):
            return Refused("Reference already used")
        if terms.value_date < today:
            return Refused("The payment date has passed")
        paid = books.execute(
            "UPDATE account SET balance_minor = balance_minor - ? WHERE currency = ? AND balance_minor >= ?",
            (terms.amount_minor, terms.currency, terms.amount_minor),
        )
        if paid.rowcount == 0:
            return Refused("The balance is too low for this amount")
        bank_reference = self._next_bank_reference(terms.rail, today)
        booked = books.execute(
            "INSERT INTO transfer (draft_id, reference, bank_reference, booked_at, booked_day) VALUES (?, ?, ?, ?, ?)",
            (draft.id, terms.reference, bank_reference, bank_time(now), today.isoformat()),
        )
        if booked.lastrowid is None:
            raise RuntimeError("bug: an inserted transfer has no number")
        return Booked(booked.lastrowid)

    def _next_bank_reference(self, rail: str, today: date) -> str:
        """Like a UTR: bank, rail, series, day, and a serial number within the day."""
        booked_today = self._read(
            "SELECT count(*) AS n FROM transfer WHERE booked_day = ?", today.isoformat()
        )[0]["n"]
        return f"SIM{RAILS[rail].letter}5{today:%Y%m%d}{booked_today + 1:0{SERIAL_DIGITS}d}"

    def _transfers(self, condition: str, *values: str | int) -> list[Transfer]:
        rows = self._read(
            f"SELECT transfer.id, transfer.bank_reference, transfer.booked_at, {TERMS_OF_DRAFT}"  # noqa: S608
            f" FROM transfer JOIN draft ON draft.id = transfer.draft_id WHERE {condition}"
            f" ORDER BY transfer.id DESC LIMIT {LISTED_AT_MOST}",
            *values,
        )
        return [_transfer_of(row) for row in rows]

    def _read(self, query: str, *values: str | int) -> list[sqlite3.Row]:
        with self._turn:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction; inside another one of the same thread it simply joins it."""
        with self._turn:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _terms_of(row: sqlite3.Row) -> Terms:
    return Terms(
        rail=row["rail"],
        beneficiary_name=row["beneficiary_name"],
        account_number=row["account_number"],
        routing=row["routing"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        reference=row["reference"],
        value_date=date.fromisoformat(row["value_date"]),
        remark=row["remark"],
    )


def _draft_of(row: sqlite3.Row) -> Draft:
    return Draft(row["id"], _terms_of(row), bool(row["cancelled"]), row["code_step"], row["transfer_id"])


def _transfer_of(row: sqlite3.Row) -> Transfer:
    booked_at = datetime.fromisoformat(row["booked_at"]).astimezone(BANK_ZONE)
    return Transfer(row["id"], row["bank_reference"], booked_at, _terms_of(row))
