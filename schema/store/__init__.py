"""PostgreSQL, the truth: one typed method per query, each one short transaction, in a room per subject."""

from __future__ import annotations

from dataclasses import dataclass

from schema.store.answers import AnswerStore
from schema.store.keys import KeyStore
from schema.store.mails import MailStore
from schema.store.master import MasterStore
from schema.store.operations import OperationsStore
from schema.store.pool import Database, open_database
from schema.store.record import RecordStore
from schema.store.street import StreetStore
from schema.store.views import ViewStore

__all__ = ["Database", "Store", "open_database", "open_store"]


@dataclass(frozen=True)
class Store:
    """All rooms of the store over one pool of connections."""

    database: Database
    mails: MailStore
    street: StreetStore
    master: MasterStore
    answers: AnswerStore
    views: ViewStore
    operations: OperationsStore
    keys: KeyStore
    record: RecordStore


def open_store(database: Database) -> Store:
    """The rooms over an open database."""
    return Store(
        database=database,
        mails=MailStore(database),
        street=StreetStore(database),
        master=MasterStore(database),
        answers=AnswerStore(database),
        views=ViewStore(database),
        operations=OperationsStore(database),
        keys=KeyStore(database),
        record=RecordStore(database),
    )
