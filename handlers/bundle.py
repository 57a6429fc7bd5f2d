"""One invoice's record as a bundle for an auditor: entries, proofs, the log's hashes, files, the verifier."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, Final

from handlers.guard import LeakGuard
from handlers.world import Blobs
from schema.audit import entry_bytes
from schema.checkpoint import CheckpointSigner
from schema.errors import PermanentError
from schema.ids import BlobKey, Sha256
from schema.invoice import Invoice, SourceDocument
from schema.merkle import Tree
from schema.store import Store
from schema.store.record import Log

VERSION: Final = 1
ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""The zip's own times say nothing: the same record makes the same bytes."""

README: Final = """\
COUNTERSIGN AUDIT BUNDLE

Invoice   {invoice}
Exported  {at}
Origin    {origin}
Key       {key}

Verify it, offline, with Python 3.11 or later and `pip install cryptography`:

    python verifier.py THIS.zip --against CONFIRMATION.eml --key '{key}'

CONFIRMATION.eml is a mail that Countersign sent to any forwarder, saved from that person's own mailbox: the later the
better, and it need not be about this invoice. Ask for the key on another way than this bundle. You need not trust this
copy of the verifier: read it (it explains itself in ten minutes), or take it from the published source.

record.json           what is in the bundle, the place of each entry in the log, and its inclusion proof
entries/              every entry of this invoice, the exact bytes that were hashed
log/leaves.txt        the hash of every entry of every invoice, in order; line 1 is position 0
log/checkpoints.json  every signed checkpoint (C2SP tlog-checkpoint)
evidence/             the files that the entries name by their SHA-256
verifier.py           the verifier

The original mail and document hold full account numbers. They are {originals}.

What it does not prove: that the entries were true when they were written, and, without a mail, that the log was not
cut short or rewritten and signed anew by the one who holds its key.
"""


@dataclass(frozen=True)
class Evidence:
    """A file an entry names; `original` ones hold account numbers in full. `name` is its place in the bundle."""

    what: str
    sha256: Sha256
    name: str
    original: bool = False

    @property
    def is_text(self) -> bool:
        """Whether an account number could be read in it, and must not be."""
        return not self.original and self.name.endswith(".json")


async def make_bundle(
    invoice: Invoice,
    store: Store,
    blobs: Blobs,
    guard: LeakGuard,
    signer: CheckpointSigner,
    *,
    at: datetime,
    with_originals: bool,
) -> bytes:
    """The bundle as a zip; LeakError when any text in it, but the originals, holds an account number.

    The record is taken as it stands, without judging it: that is the verifier's part.
    """
    log = await store.record.log()
    entries, texts = await _entries(invoice, store, log)
    found = await _evidence(invoice, store)
    content, enclosed = await _files(found, blobs, with_originals=with_originals)
    await guard.refresh(store)
    masked = [enclosed[each.name] for each in found if each.is_text and each.name in enclosed]
    for text in (*texts.values(), *masked):
        guard.body(text)
    record = {
        "bundle": VERSION,
        "invoice": str(invoice.id),
        "keys": signer.verifier_keys,
        "exported_at": at.isoformat(),
        "entries": entries,
        "files": content,
    }
    originals = "enclosed: treat this file as secret" if with_originals else "named by their SHA-256 only"
    readme = README.format(
        invoice=invoice.id,
        at=at.isoformat(),
        origin=signer.origin,
        key=signer.verifier_key,
        originals=originals,
    )
    return _zipped(
        {
            "README.txt": readme.encode(),
            "record.json": json.dumps(record, indent=1, ensure_ascii=False).encode(),
            "log/leaves.txt": "".join(f"{leaf}\n" for leaf in log.leaves).encode(),
            "log/checkpoints.json": json.dumps([each.note for each in log.checkpoints], indent=1).encode(),
            "verifier.py": (files("schema") / "verifier.py").read_bytes(),
            **texts,
            **enclosed,
        }
    )


async def _entries(invoice: Invoice, store: Store, log: Log) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """What record.json says of each entry, and the entries' bytes by name; also of places whose entry is gone."""
    written = {each.entry.version: each.entry for each in await store.views.entries(invoice.id)}
    places = await store.record.places(invoice.id)
    tree = Tree(bytes.fromhex(leaf) for leaf in log.leaves)
    size = log.checkpoints[-1].size if log.checkpoints else 0
    listed, texts = [], {}
    for version in sorted(written.keys() | places.keys()):
        name, position = f"entries/{version:04}.json", places.get(version)
        if version in written:
            texts[name] = entry_bytes(written[version])
        provable = position is not None and 0 <= position < size <= len(tree)
        listed.append(
            {
                "version": version,
                "position": position,
                "file": name if version in written else None,
                "proof": _base64(tree.inclusion(position or 0, size)) if provable else [],
            }
        )
    return listed, texts


async def _evidence(invoice: Invoice, store: Store) -> tuple[Evidence, ...]:
    """Everything kept of this invoice that an entry names by hash."""
    mail = await store.views.mail(invoice.thread.mail_id)
    payment = await store.street.payment(invoice.id)
    exchange = await store.views.exchange(invoice.id)
    documents: list[SourceDocument | None] = [invoice.document]
    if invoice.sheets:
        documents = [*dict.fromkeys(each.document for each in invoice.sheets)]
    found = [
        ("Original mail", mail and mail.raw_sha256, "evidence/mail.eml"),
        *(_document(place, each) for place, each in enumerate(documents, 1)),
        ("Request to the model, masked", exchange and exchange.request_sha256, "evidence/request.json"),
        ("Response of the model", exchange and exchange.response_sha256, "evidence/response.json"),
        ("Confirm page, account masked", invoice.screenshot_sha256, "evidence/confirm.png"),
        ("Receipt, account masked", payment and payment.receipt_key, "evidence/receipt.png"),
    ]
    return tuple(
        Evidence(what, Sha256(digest), name, original=what.startswith(("Original mail", "Document")))
        for what, digest, name in found
        if digest
    )


def _document(place: int, document: SourceDocument | None) -> tuple[str, Sha256 | None, str]:
    """The file that was read; of an invoice that was put together from several, each with its place."""
    number = "" if place == 1 else f"-{place}"
    what = "Document" if place == 1 else f"Document {place}"
    sha256 = document.sha256 if document else None
    return what, sha256, f"evidence/document{number}.{document.type if document else ''}"


async def _files(
    found: Iterable[Evidence], blobs: Blobs, *, with_originals: bool
) -> tuple[list[dict[str, str | None]], dict[str, bytes]]:
    """What record.json says of each file, and the enclosed ones by name."""
    listed: list[dict[str, str | None]] = []
    enclosed = {}
    for each in found:
        wanted = with_originals or not each.original
        data = await _bytes_of(each, blobs) if wanted else None
        if data is not None:
            enclosed[each.name] = data
        listed.append({"what": each.what, "sha256": each.sha256, "path": None if data is None else each.name})
    return listed, enclosed


async def _bytes_of(each: Evidence, blobs: Blobs) -> bytes | None:
    """The file, or None when it is missing: of a mail that was too large only the headers were kept."""
    try:
        return await blobs.get(BlobKey(each.sha256))
    except PermanentError:
        return None


def _zipped(content: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in content.items():
            bundle.writestr(zipfile.ZipInfo(name, ZIP_TIME), data, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _base64(proof: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(node).decode() for node in proof]
