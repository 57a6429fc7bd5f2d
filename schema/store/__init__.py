"""PostgreSQL, the truth: one typed method per query, each one short transaction, in a room per subject."""

from __future__ import annotations

from dataclasses import dataclass

from schema.store.answers import AnswerStore
from schema.store.api_keys import ApiKeyStore
from schema.store.arrangements import ArrangementStore
from schema.store.audit_log import AuditLogStore
from schema.store.bank_changes import BankChangeStore
from schema.store.corrections import CorrectionStore
from schema.store.exports import ExportStore
from schema.store.first_answers import FirstAnswerStore
from schema.store.history import HistoryStore
from schema.store.imports import ImportStore
from schema.store.insight import InsightStore
from schema.store.invoices import InvoiceStore
from schema.store.keys import KeyStore
from schema.store.mails import MailStore
from schema.store.master import MasterStore
from schema.store.measures import MeasureStore
from schema.store.operations import OperationsStore
from schema.store.orders import OrderStore
from schema.store.people import PeopleStore
from schema.store.policies import PolicyStore
from schema.store.pool import Database, open_database
from schema.store.record import RecordStore
from schema.store.sign_in import SignInStore
from schema.store.street import StreetStore
from schema.store.today import TodayStore
from schema.store.uploads import UploadStore
from schema.store.vendors import VendorStore
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
    history: HistoryStore
    vendors: VendorStore
    orders: OrderStore
    bank_changes: BankChangeStore
    imports: ImportStore
    policies: PolicyStore
    insight: InsightStore
    people: PeopleStore
    audit_log: AuditLogStore
    invoices: InvoiceStore
    corrections: CorrectionStore
    uploads: UploadStore
    today: TodayStore
    sign_in: SignInStore
    api_keys: ApiKeyStore
    first_answers: FirstAnswerStore
    exports: ExportStore
    arrangements: ArrangementStore
    measures: MeasureStore


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
        history=HistoryStore(database),
        vendors=VendorStore(database),
        orders=OrderStore(database),
        bank_changes=BankChangeStore(database),
        imports=ImportStore(database),
        policies=PolicyStore(database),
        insight=InsightStore(database),
        people=PeopleStore(database),
        audit_log=AuditLogStore(database),
        invoices=InvoiceStore(database),
        corrections=CorrectionStore(database),
        uploads=UploadStore(database),
        today=TodayStore(database),
        sign_in=SignInStore(database),
        api_keys=ApiKeyStore(database),
        first_answers=FirstAnswerStore(database),
        exports=ExportStore(database),
        arrangements=ArrangementStore(database),
        measures=MeasureStore(database),
    )
