"""A person corrects what was read of a held invoice; it is then judged again, by model and rules, as if read so."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.world import World
from schema.correction import FieldFaultError, corrected
from schema.errors import ConflictError, LeakError
from schema.invoice import Invoice
from schema.people import Person

UNREAD = "Nothing could be read of this invoice, so there is nothing to correct; ask for another copy."
UNCHANGED = "These are the values it has already."
AN_ACCOUNT = "this is the number of an account that we know; it does not belong here"


async def correct_fields(
    invoice: Invoice, version: int, texts: Mapping[str, str | None], by: Person, world: World
) -> int:
    """Correct fields by their texts; the invoice's new version.

    FieldFaultError names a value that cannot stand; ConflictError and StaleError say that it is too late.
    """
    if invoice.reading is None or invoice.text_key is None:
        raise ConflictError(UNREAD)
    fields, changes = corrected(invoice.reading.fields, texts)
    if not changes:
        raise FieldFaultError(next(iter(texts)), UNCHANGED)
    await world.guard.refresh(world.store)
    for field, (_, after) in changes.items():
        try:
            world.guard.text(str(after.value))
        except LeakError as error:
            raise FieldFaultError(field, AN_ACCOUNT) from error
    return await world.store.corrections.correct(
        invoice.id, version, fields, changes, by=by, at=world.clock.now()
    )
