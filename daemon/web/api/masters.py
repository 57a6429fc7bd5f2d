"""What the rooms of the masters share: who acts, what is wrong with a form, and the history of a thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

from pydantic import ValidationError

from daemon.web.api.master_models import BankDetailsIn, HistoryAnswer, history_answer
from daemon.web.api.paging import Page, make_cursor, read_cursor
from daemon.web.api.problems import Problem, invalid
from handlers.master_rows import WRONG_ROW, FieldError, bank_details, reason
from handlers.world import World
from schema.bank_change import ObjectionError
from schema.errors import ConflictError, StaleError
from schema.history import Subject
from schema.people import Person
from schema.vendors import Actor, BankDetails

T = TypeVar("T")


def actor(person: Person) -> Actor:
    """Who acts, for the history."""
    return Actor(id=person.id, address=person.address)


@contextmanager
def form() -> Iterator[None]:
    """A form's own errors as a 422 problem that names the field and never repeats its value."""
    try:
        yield
    except FieldError as error:
        raise invalid(error.field, error.message) from None
    except ValidationError as error:
        raise invalid("body", reason(error)) from None
    except WRONG_ROW as error:
        raise invalid("account_number", reason(error).removeprefix("account_number ")) from None


@contextmanager
def one_of_a_kind(what: str) -> Iterator[None]:
    """A name that is taken as a 409 problem."""
    try:
        yield
    except StaleError:
        raise
    except ConflictError as error:
        raise Problem(409, "already-there", "Already there", f"There is such a {what} already.") from error


@contextmanager
def objections() -> Iterator[None]:
    """What speaks against a step of a change of bank details as a 409 problem of its name."""
    try:
        yield
    except ObjectionError as error:
        raise Problem(409, error.objection, "Not now", error.sentence) from error


def sealed(bank: BankDetailsIn, world: World) -> BankDetails:
    """Bank details of a form: checked, and the number sealed before anything else sees it."""
    with form():
        return bank_details(
            bank.beneficiary,
            bank.account_number.get_secret_value(),
            bank.routing,
            bank.currency,
            bank.country,
            world.vault,
        )


def last_id(after: str | None) -> UUID | None:
    """The id that a cursor of one id names."""
    keys = read_cursor(after, str)
    if keys is None:
        return None
    try:
        return UUID(str(keys[0]))
    except ValueError as error:
        raise invalid("after", "not a cursor of this list") from error


def page_of(
    rows: tuple[T, ...], limit: int, key: Callable[[T], str | int]
) -> tuple[tuple[T, ...], str | None]:
    """The rows of one page and the cursor of the next, of rows that were asked for with one more than `limit`."""
    shown = rows[:limit]
    return shown, make_cursor(key(shown[-1])) if len(rows) > limit else None


async def history_page(
    world: World, subject: Subject, subject_id: str, after: str | None, limit: int
) -> Page[HistoryAnswer]:
    """A page of a history, the newest first."""
    keys = read_cursor(after, int)
    entries = await world.store.history.of(
        subject, subject_id, before=int(keys[0]) if keys else None, limit=limit + 1
    )
    shown, following = page_of(entries, limit, lambda entry: entry.seq)
    return Page(items=[history_answer(entry) for entry in shown], next=following)
