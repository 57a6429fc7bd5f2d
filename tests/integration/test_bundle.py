"""Bundles for an auditor, from a whole record and from falsified ones."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from sandbox.services import Services
from sandbox.tampering import FALSIFICATIONS, Falsification, falsify, write_record
from schema.checkpoint import CheckpointSigner
from schema.ids import InvoiceId
from schema.vault import Vault, new_master_key
from schema.verifier import Result, verify_bundle
from tests.integration.record_rig import as_superuser, export, letter, pay_one, seal, signer_of
from tests.world import ACCOUNT, Town

ENTRIES = 400
LONG = 10_000
VERIFIED_IN_S = 5.0


def repacked(bundle: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(bundle) as source:
        content = {name: source.read(name) for name in source.namelist()}
    change(content)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as changed:
        for name, data in content.items():
            changed.writestr(name, data)
    bundle.write_bytes(target.getvalue())
    return bundle


async def test_a_bundle_is_whole_and_says_what_it_holds(town: Town, tmp_path: Path) -> None:
    invoice = await pay_one(town)
    await pay_one(town, b"another", 2)
    await seal(town)
    bundle = await export(town, invoice, tmp_path)
    result = verify_bundle(bundle, letter(town, tmp_path), signer_of(town).verifier_key)
    assert result.findings == []
    with zipfile.ZipFile(bundle) as content:
        names = set(content.namelist())
        assert ACCOUNT.encode() not in b"".join(content.read(name) for name in names)
    assert {
        "README.txt",
        "verifier.py",
        "record.json",
        "evidence/request.json",
        "evidence/receipt.png",
    } <= names
    assert not {"evidence/mail.eml", "evidence/document.pdf"} & names


async def test_originals_are_enclosed_only_on_demand(town: Town, tmp_path: Path) -> None:
    invoice = await pay_one(town)
    await seal(town)
    bundle = await export(town, invoice, tmp_path, with_originals=True)
    assert verify_bundle(bundle).findings == []
    with zipfile.ZipFile(bundle) as content:
        assert "evidence/document.pdf" in content.namelist()


async def test_a_forgers_key_is_noticed(town: Town, tmp_path: Path) -> None:
    invoice = await pay_one(town)
    await seal(town)
    mail, bundle = letter(town, tmp_path), await export(town, invoice, tmp_path)
    forger = CheckpointSigner.of(Vault(new_master_key()), town.world.mail_domain)

    def resign(content: dict[str, bytes]) -> None:
        record, notes = json.loads(content["record.json"]), json.loads(content["log/checkpoints.json"])
        opened = [signer_of(town).open(note) for note in notes]
        record["keys"] = [forger.verifier_key]
        content["record.json"] = json.dumps(record).encode()
        signed = [forger.sign(checkpoint.size, checkpoint.root) for checkpoint in opened]
        content["log/checkpoints.json"] = json.dumps(signed).encode()

    repacked(bundle, resign)
    assert verify_bundle(bundle).findings == []  # nothing to compare the key with: said in the remarks
    assert any("NOT PINNED" in remark for remark in verify_bundle(bundle).remarks)
    assert verify_bundle(bundle, mail).findings
    assert verify_bundle(bundle, key=signer_of(town).verifier_key).findings


CHANGES: dict[str, Callable[[dict[str, bytes]], None]] = {
    "an entry's text": lambda files: files.update(
        {"entries/0003.json": files["entries/0003.json"].replace(b"countersign", b"counterfeit")}
    ),
    "a file": lambda files: files.update({"evidence/request.json": b"{}"}),
    "a leaf": lambda files: files.update({"log/leaves.txt": b"0" * 64 + files["log/leaves.txt"][64:]}),
    "one leaf less": lambda files: files.update({"log/leaves.txt": files["log/leaves.txt"][65:]}),
    "no checkpoints": lambda files: files.update({"log/checkpoints.json": b"[]"}),
    "a proof": lambda files: files.update(
        {"record.json": files["record.json"].replace(b'"proof": [\n    "', b'"proof": [\n    "AAAA', 1)}
    ),
    "an entry left out": lambda files: files.update({"record.json": _without_entry(files["record.json"], 2)}),
    "no record": lambda files: files.update({"record.json": b"[]"}),
    "a missing file": lambda files: files.__delitem__("entries/0001.json"),
}


def _without_entry(record: bytes, version: int) -> bytes:
    content = json.loads(record)
    content["entries"] = [each for each in content["entries"] if each["version"] != version]
    return json.dumps(content).encode()


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
async def test_whatever_is_changed_in_a_bundle_is_noticed(
    town: Town, tmp_path: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    invoice = await pay_one(town)
    await seal(town)
    bundle = repacked(await export(town, invoice, tmp_path), change)
    assert verify_bundle(bundle).findings


async def _falsified(
    town: Town, services: Services, database_url: str, folder: Path, how: Falsification, entries: int
) -> tuple[Result, Result, float]:
    """What the verifier says of a falsified record, by the bundle alone and against a real letter."""
    connection = await asyncpg.connect(database_url)
    audited = (await write_record(connection, entries // 2))[3]
    await seal(town)
    await write_record(connection, entries - entries // 2, first=entries // 20)
    await connection.close()
    await pay_one(town)
    mail = letter(town, folder)
    admin = await as_superuser(services, database_url)
    await falsify(admin, how, audited)
    await admin.close()
    if how.signed_anew:
        await seal(town)
    bundle = await export(town, InvoiceId(audited), folder)
    started = time.monotonic()
    witnessed = verify_bundle(bundle, mail, signer_of(town).verifier_key)
    return verify_bundle(bundle), witnessed, time.monotonic() - started


@pytest.mark.parametrize("how", FALSIFICATIONS, ids=lambda how: how.name)
async def test_a_falsified_record_is_noticed_against_a_letter(
    town: Town, services: Services, database_url: str, tmp_path: Path, how: Falsification
) -> None:
    alone, witnessed, _ = await _falsified(town, services, database_url, tmp_path, how, ENTRIES)
    assert witnessed.findings
    # A log cut back to what was once signed, or signed anew with the true key, is found only by its witness.
    assert bool(alone.findings) is (how.name not in ("truncate", "rewrite"))


async def test_ten_thousand_entries_are_verified_in_time(
    town: Town, services: Services, database_url: str, tmp_path: Path
) -> None:
    how = Falsification("nothing", "", _leave)
    alone, witnessed, seconds = await _falsified(town, services, database_url, tmp_path, how, LONG)
    assert alone.findings == witnessed.findings == []
    assert seconds < VERIFIED_IN_S


async def _leave(_connection: asyncpg.Connection, _invoice: UUID) -> None:
    """The record as it is."""


async def test_a_changed_master_key_leaves_the_record_verifiable(
    database_url: str, town: Town, tmp_path: Path
) -> None:
    invoice = await pay_one(town)
    mail, former = letter(town, tmp_path), signer_of(town)
    new = CheckpointSigner.of(Vault(new_master_key()), town.world.mail_domain)
    rotated = CheckpointSigner(new.origin, new.private, (former.private,))
    record = town.world.store.record
    assert await record.seal(rotated, town.clock.now())
    assert (await record.examine(rotated)).findings == []
    bundle = await export(town, invoice, tmp_path, signer=rotated)
    assert verify_bundle(bundle, mail, rotated.verifier_key).findings == []
    assert verify_bundle(bundle, mail).findings == []
