"""`countersign audit`: seal the record, export and check it, and print what makes a mail a witness."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from daemon.settings import Settings
from daemon.wiring import mail_domain, make_blobs, open_books, open_vault
from handlers.bundle import make_bundle
from handlers.guard import LeakGuard
from schema.checkpoint import CheckpointSigner
from schema.errors import ForgedError, PermanentError
from schema.ids import InvoiceId
from schema.invoice import Invoice
from schema.store import Store
from schema.vault import Vault
from schema.verifier import check_witness, report

ALL: Final = 1_000_000
"""Invoices looked through for an id."""


def signer_of(settings: Settings, vault: Vault) -> CheckpointSigner:
    """The signer of this house's record."""
    return CheckpointSigner.of(vault, mail_domain(settings))


def verifier_key(settings: Settings) -> str:
    """The public key of the record, for auditors to pin."""
    return signer_of(settings, open_vault(settings)).verifier_key


async def seal(settings: Settings) -> str:
    """Seal what is new now; ForgedError when the log is not what was signed."""
    async with open_books(settings) as (store, vault):
        last = await store.record.seal(signer_of(settings, vault), await store.operations.clock())
    return f"The log has {last.size} entries, root {last.root_hash}." if last else "The log is empty."


async def witness(settings: Settings, prefix: str) -> str:
    """The lines that a mail about this invoice would carry now."""
    async with open_books(settings) as (store, vault):
        invoice, signer = await _find(store, prefix), signer_of(settings, vault)
        await store.record.seal(signer, await store.operations.clock())
        sealed = await store.record.prove(invoice.id, invoice.version)
    if sealed is None:
        raise PermanentError("The last entry of this invoice is gone from the record.")
    return signer.block(sealed)


async def export(settings: Settings, prefix: str, out: Path | None, *, with_originals: bool) -> str:
    """Write one invoice's bundle; a broken record is exported as it is, since the bundle is how to show it."""
    async with open_books(settings) as (store, vault):
        invoice, signer = await _find(store, prefix), signer_of(settings, vault)
        warning = await _seal_if_whole(store, signer)
        bundle = await make_bundle(
            invoice,
            store,
            make_blobs(settings, vault),
            LeakGuard(vault),
            signer,
            at=await store.operations.clock(),
            with_originals=with_originals,
        )
    path = out or Path(f"countersign-{str(invoice.id)[:8]}.zip")
    path.write_bytes(bundle)
    path.chmod(0o600)
    return f"{warning}Wrote {path} ({len(bundle):,} bytes). Verify: countersign audit verify {path} --against MAIL.eml"


async def check(settings: Settings, mail: bytes | None) -> int:
    """Compare the whole live record with every checkpoint, and with a mail; 0 when nothing is wrong."""
    async with open_books(settings) as (store, vault):
        signer = signer_of(settings, vault)
        result = await store.record.examine(signer)
        if mail is not None:
            leaves = [bytes.fromhex(leaf) for leaf in (await store.record.log()).leaves]
            check_witness(mail, leaves, signer.verifier_keys, result)
    return report(result, witnessed=mail is not None)


async def _seal_if_whole(store: Store, signer: CheckpointSigner) -> str:
    try:
        await store.record.seal(signer, await store.operations.clock())
    except (ForgedError, PermanentError) as error:
        return f"WARNING: not sealed. {error.sentence}\n"
    return ""


async def _find(store: Store, prefix: str) -> Invoice:
    """The one invoice whose id begins so; PermanentError when there are none or several."""
    ids = [line.id for line in await store.views.invoices(ALL) if str(line.id).startswith(prefix.lower())]
    if len(ids) != 1:
        raise PermanentError(f"{len(ids)} invoices begin with {prefix!r}; give the id as `status` shows it.")
    invoice = await store.street.invoice(InvoiceId(ids[0]))
    assert invoice is not None
    return invoice
