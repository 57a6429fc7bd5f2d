"""Is one invoice's record what was sealed? Each entry is hashed anew and its proof led to the signed checkpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime

from schema.audit import leaf_hash
from schema.checkpoint import CheckpointSigner
from schema.document import Frozen
from schema.errors import ForgedError
from schema.ids import InvoiceId, Sha256
from schema.merkle import Tree, includes
from schema.store import Store
from schema.store.record import Log, SignedCheckpoint
from schema.store.views import Recorded


class VerifiedEntry(Frozen):
    """One entry: its place, None until it is sealed, its proof, and what is wrong with it, empty when nothing is."""

    version: int
    position: int | None
    leaf_hash: Sha256
    proof: tuple[Sha256, ...]
    problem: str


class Verified(Frozen):
    """What was found; `unsealed` entries are too new to be in a checkpoint, which is no fault."""

    invoice_id: InvoiceId
    at: datetime
    entries: tuple[VerifiedEntry, ...]
    problems: tuple[str, ...]
    unsealed: int
    checkpoint: SignedCheckpoint | None
    key: str


async def verify_invoice(
    invoice: InvoiceId, store: Store, signer: CheckpointSigner, *, at: datetime
) -> Verified:
    """Verify every entry of one invoice; reads only."""
    log = await store.record.log()
    written = await store.views.entries(invoice)
    return await asyncio.to_thread(_verified, invoice, written, log, signer, at)


def _verified(
    invoice: InvoiceId, written: Iterable[Recorded], log: Log, signer: CheckpointSigner, at: datetime
) -> Verified:
    tree = Tree(bytes.fromhex(leaf) for leaf in log.leaves)
    last = log.checkpoints[-1] if log.checkpoints else None
    problems = _log_problems(tree, last, signer)
    size = last.size if last and last.size <= len(tree) else 0
    entries = [_entry(each, tree, log, size) for each in written]
    missing = [n for n, each in enumerate(entries) if each.version != n]
    if missing:
        problems.append(f"Entry {missing[0]} is missing: versions run from 0 without a gap.")
    return Verified(
        invoice_id=invoice,
        at=at,
        entries=tuple(entries),
        problems=(*problems, *(f"Entry {each.version}: {each.problem}" for each in entries if each.problem)),
        unsealed=sum(each.position is None for each in entries),
        checkpoint=last,
        key=signer.verifier_key,
    )


def _log_problems(tree: Tree, last: SignedCheckpoint | None, signer: CheckpointSigner) -> list[str]:
    """Whether the last checkpoint is ours, and the log still the one it was signed over."""
    if last is None:
        return []
    try:
        signed = signer.open(last.note)
    except ForgedError as error:
        return [error.sentence]
    if signed.size != last.size or signed.root.hex() != last.root_hash:
        return ["The last checkpoint says something else than what was signed."]
    if signed.size > len(tree) or tree.root(signed.size) != signed.root:
        return ["The log is not the one that its last checkpoint was signed over."]
    return []


def _entry(each: Recorded, tree: Tree, log: Log, size: int) -> VerifiedEntry:
    actual, proof, problem = leaf_hash(each.entry), tuple[bytes, ...](), ""
    if actual != each.leaf_hash:
        problem = "it was changed; it is no longer what its hash was made of."
    elif each.position is not None and each.position < size:
        proof = tuple(tree.inclusion(each.position, size))
        at_its_place = log.leaves[each.position] == actual
        if not at_its_place or not includes(
            bytes.fromhex(actual), each.position, size, proof, tree.root(size)
        ):
            problem = f"it is not the one at position {each.position} of the log."
    return VerifiedEntry(
        version=each.entry.version,
        position=each.position,
        leaf_hash=actual,
        proof=tuple(Sha256(node.hex()) for node in proof),
        problem=problem,
    )
