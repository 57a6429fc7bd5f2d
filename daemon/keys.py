"""`countersign keys rotate`: whatever the current master key did not make is made anew with it."""

from __future__ import annotations

from daemon.settings import Settings
from daemon.wiring import make_blobs, open_books
from handlers.links import AUDIT_FOR
from schema.errors import SettingsError


async def rotate_keys(settings: Settings) -> str:
    """Seal all accounts and stored files with MASTER_KEY; what it replaced is read by MASTER_KEYS_OLD.

    1. Accounts of vendors and payments, and the prints of invoices, in one transaction.
    2. Stored files, one by one; broken off, it is simply run again.
    """
    if not settings.master_keys_old:
        raise SettingsError("MASTER_KEYS_OLD is empty: put the key there that MASTER_KEY replaced.")
    async with open_books(settings) as (store, vault):
        done = await store.keys.renew(vault.renewed)
        files = await make_blobs(settings, vault).renew()
    sentences = [
        f"{done.vendors} vendor(s), {done.payments} payment(s), {done.invoices} invoice(s) and {files} file(s) "
        "are under the current key."
    ]
    if done.under_way:
        sentences.append(f"{done.under_way} payment(s) under way need the old key until they are booked.")
    sentences.append(
        f"Keep the old key listed for {AUDIT_FOR.days} days, so that links sent before stay valid, "
        "and put it away as long as backups made with it are kept."
    )
    return " ".join(sentences)
