"""The log of the record: entries get their places, checkpoints are signed over them, and proofs are read from it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import asyncpg

from schema.audit import Entry, leaf_hash
from schema.checkpoint import CheckpointSigner, SealedEntry
from schema.document import Frozen
from schema.errors import ForgedError
from schema.ids import InvoiceId, Sha256
from schema.merkle import Tree
from schema.queries import load
from schema.store.pool import Connection, Database
from schema.verifier import Result, check_log

SQL = load("record")

SEALED_AT_ONCE: Final = 5_000
"""So that the first sealing of a long record stays within the time limit of a statement."""


class SignedCheckpoint(Frozen):
    """A checkpoint as it is stored; `note` is the signed text."""

    size: int
    root_hash: Sha256
    note: str
    at: datetime


class Log(Frozen):
    """The whole log by its leaf hashes in order, and every checkpoint."""

    leaves: tuple[Sha256, ...]
    checkpoints: tuple[SignedCheckpoint, ...]


class Guards(Frozen):
    """What the database does for one table of the record; `insert_only` is what the application's own role may do."""

    table: str
    insert_only: bool
    triggers: int


class RecordStore:
    """Seals and reads the log; entries themselves are written with the moves they tell of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def seal(self, signer: CheckpointSigner, at: datetime) -> SignedCheckpoint | None:
        """Give every new entry its place and sign the log; None while there is none. Safe from many processes.

        ForgedError when the log is no longer what the last checkpoint was signed over: then nothing is signed.
        """
        appended = SEALED_AT_ONCE
        while appended == SEALED_AT_ONCE:
            last, appended = await self._seal_some(signer, at)
        return last

    async def _seal_some(self, signer: CheckpointSigner, at: datetime) -> tuple[SignedCheckpoint | None, int]:
        """Seal up to `SEALED_AT_ONCE` entries; the last checkpoint, and how many were sealed for it."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["lock_log"])
            last = await _last(connection)
            if await connection.fetchval(SQL["size"]) != (last.size if last else 0):
                raise ForgedError("The log of the record does not end where its last checkpoint does.")
            appended = int((await connection.execute(SQL["append"], SEALED_AT_ONCE)).split()[-1])
            if appended == 0:
                return last, 0
            tree = await _tree(connection)
            _require_same(tree, last, signer)
            root = tree.root()
            sealed = SignedCheckpoint(
                size=len(tree), root_hash=Sha256(root.hex()), note=signer.sign(len(tree), root), at=at
            )
            await connection.execute(
                SQL["save_checkpoint"], sealed.size, sealed.root_hash, sealed.note, sealed.at
            )
            return sealed, appended

    async def prove(self, invoice: InvoiceId, version: int) -> SealedEntry | None:
        """The proof that an entry is in the last checkpoint, or None when it is not sealed yet."""
        async with self._database.transaction() as connection:
            position = await connection.fetchval(SQL["place"], invoice, version)
            last = await _last(connection)
            if position is None or last is None or position >= last.size:
                return None
            leaves = await connection.fetchval(SQL["leaves"])
        tree = Tree(bytes.fromhex(leaf) for leaf in leaves)
        return SealedEntry(
            invoice_id=invoice,
            version=version,
            position=position,
            leaf_hash=leaves[position],
            note=last.note,
            proof=tuple(Sha256(node.hex()) for node in tree.inclusion(position, last.size)),
        )

    async def last(self) -> SignedCheckpoint | None:
        """The last checkpoint."""
        async with self._database.transaction() as connection:
            return await _last(connection)

    async def places(self, invoice: InvoiceId) -> dict[int, int]:
        """Version -> position of an invoice's sealed entries."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["places"], invoice)
        return {row["version"]: row["position"] for row in rows}

    async def log(self) -> Log:
        """The whole log, as it stands and without judging it."""
        async with self._database.transaction() as connection:
            leaves = await connection.fetchval(SQL["leaves"])
            rows = await connection.fetch(SQL["checkpoints"])
        return Log(leaves=leaves, checkpoints=tuple(SignedCheckpoint(**row) for row in rows))

    async def examine(self, signer: CheckpointSigner) -> Result:
        """Compare every entry with its leaf, and the whole log with every checkpoint."""
        result = Result()
        async for finding in self._false_entries():
            result.findings.append(finding)
        log = await self.log()
        notes = [checkpoint.note for checkpoint in log.checkpoints]
        check_log([bytes.fromhex(leaf) for leaf in log.leaves], notes, signer.verifier_key, result)
        return result

    async def guards(self) -> tuple[Guards, ...]:
        """What protects each table of the record from the application and from mistakes."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["guarded"])
        return tuple(
            Guards(
                table=row["name"],
                insert_only=not row["owner"] and not row["more"],
                triggers=row["triggers"],
            )
            for row in rows
        )

    async def _false_entries(self) -> AsyncIterator[str]:
        """A sentence for each entry that is not what was sealed, or whose place is not the one it should have."""
        async with self._database.transaction() as connection:
            expected = 0
            async for row in connection.cursor(SQL["whole_log"]):
                position = row["position"]
                if position is None:
                    continue  # written since the last seal
                if position != expected:
                    yield f"The log has no position {expected}; the next is {position}."
                expected = position + 1
                if row["invoice_id"] is None:
                    yield f"The entry at position {position} is gone."
                    continue
                if not leaf_hash(_entry(row)) == row["leaf_hash"] == row["sealed_hash"]:
                    where = f"{row['invoice_id']}, version {row['version']}"
                    yield f"The entry at position {position} ({where}) was changed."


async def _last(connection: Connection) -> SignedCheckpoint | None:
    row = await connection.fetchrow(SQL["last_checkpoint"])
    return SignedCheckpoint(**row) if row else None


async def _tree(connection: Connection) -> Tree:
    row = await connection.fetchrow(SQL["leaves"])
    assert row is not None
    if len(row["hashes"]) != row["size"]:
        raise ForgedError("The log of the record has a gap.")
    return Tree(bytes.fromhex(leaf) for leaf in row["hashes"])


def _entry(row: asyncpg.Record) -> Entry:
    return Entry(**{name: row[name] for name in Entry.model_fields} | {"source": row["source"] or ""})


def _require_same(tree: Tree, last: SignedCheckpoint | None, signer: CheckpointSigner) -> None:
    """Never sign a fork: the log must still begin with what was signed last, by a true signature."""
    if last is None:
        return
    signed = signer.open(last.note)
    if signed.size != last.size or tree.root(signed.size) != signed.root:
        raise ForgedError("The log of the record is not the one its last checkpoint was signed over.")
