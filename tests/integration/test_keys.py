"""A changed master key: everything old is still read, made anew by one command, and paid as it was approved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from daemon.adapters.blobs_disk import DiskBlobs
from handlers.guard import LeakGuard
from handlers.links import asked_question, audit_url, audited_invoice, question_token
from schema.approval import Verdict
from schema.errors import ForgedError, LeakError
from schema.ids import InvoiceId, QuestionId
from schema.states import State
from schema.vault import Vault, new_master_key
from tests.world import ACCOUNT, TAX_ID, Town, bring, only, say, walk

OLD, NEW = new_master_key(), new_master_key()


@pytest.fixture
async def old_town(town: Town, tmp_path: Path) -> Town:
    """The town as it was before the change of keys, with its vendor."""
    await _with_vault(town, Vault(OLD), tmp_path)
    vendor = await town.world.store.master.vendor_by_tax_id(TAX_ID)
    assert vendor is not None
    sealed = town.world.vault.seal(ACCOUNT)
    async with town.world.store.database.transaction() as connection:
        await connection.execute(
            "update vendors set account_cipher = $1, account_print = $2", sealed.cipher, sealed.print
        )
    return town


async def _with_vault(town: Town, vault: Vault, folder: Path) -> None:
    blobs = DiskBlobs(folder / "kept", vault)
    town.world = replace(town.world, vault=vault, guard=LeakGuard(vault), blobs=blobs)


async def change_keys(town: Town, folder: Path) -> None:
    """What an operator does: restart with the new key, the old one listed."""
    await _with_vault(town, Vault(NEW, [OLD]), folder)


async def test_what_was_approved_before_the_change_is_paid_after_it(old_town: Town, tmp_path: Path) -> None:
    await bring(old_town, b"one")
    await walk(old_town)
    await say(old_town, Verdict.APPROVE)
    await change_keys(old_town, tmp_path)
    await old_town.world.store.keys.renew(old_town.world.vault.renewed)
    assert set((await walk(old_town)).values()) == {State.CLOSED}
    assert old_town.bank.submits == 1


async def test_an_invoice_read_before_the_change_is_cleared_after_it(old_town: Town, tmp_path: Path) -> None:
    await bring(old_town, b"one")
    await change_keys(old_town, tmp_path)
    assert set((await walk(old_town)).values()) == {State.ASKED}


async def test_after_the_rotation_the_old_key_is_needed_for_nothing_at_rest(
    old_town: Town, tmp_path: Path
) -> None:
    await bring(old_town, b"one")
    await walk(old_town)
    await change_keys(old_town, tmp_path)
    store, vault = old_town.world.store, old_town.world.vault
    done = await store.keys.renew(vault.renewed)
    files = await DiskBlobs(tmp_path / "kept", vault).renew()
    assert (done.vendors, done.payments, done.invoices, done.under_way) == (1, 1, 1, 1)
    assert files > 1
    vendor, alone = await store.master.vendor_by_tax_id(TAX_ID), Vault(NEW)
    assert vendor is not None
    assert alone.open(vendor.account) == ACCOUNT
    (key,) = [path.name for path in (tmp_path / "kept").glob("??/??/*")][:1]
    assert await DiskBlobs(tmp_path / "kept", alone).get(key)  # type: ignore[arg-type]


async def test_a_second_rotation_finds_nothing_to_do(old_town: Town, tmp_path: Path) -> None:
    await change_keys(old_town, tmp_path)
    store, vault = old_town.world.store, old_town.world.vault
    await store.keys.renew(vault.renewed)
    again = await store.keys.renew(vault.renewed)
    assert (again.vendors, again.payments, again.invoices) == (0, 0, 0)


async def test_the_guard_knows_the_numbers_of_both_keys(old_town: Town, tmp_path: Path) -> None:
    await change_keys(old_town, tmp_path)
    await old_town.world.guard.refresh(old_town.world.store)
    with pytest.raises(LeakError):
        old_town.world.guard.text(f"pay {ACCOUNT}")


async def test_links_and_buttons_of_the_old_key_are_good_while_it_is_listed(
    old_town: Town, tmp_path: Path
) -> None:
    await bring(old_town, b"one")
    await walk(old_town)
    invoice: InvoiceId = await only(old_town)
    now, question = old_town.clock.now(), old_town.messenger.asked[0][0].id
    link = audit_url(Vault(OLD), "https://pay.example", invoice, now).rpartition("/")[2]
    button = question_token(Vault(OLD), QuestionId(question))
    both = Vault(NEW, [OLD])
    assert audited_invoice(both, link, now) == invoice
    assert asked_question(both, button) == question
    with pytest.raises(ForgedError):
        audited_invoice(Vault(NEW), link, now)


async def test_what_has_no_key_id_is_of_the_time_before_and_still_read(database_url: str) -> None:
    vault = Vault(OLD)
    sealed = vault.seal(ACCOUNT)
    import base64

    bare = base64.b64encode(base64.b64decode(sealed.cipher.removeprefix("k1."))[4:]).decode()
    assert Vault(NEW, [OLD]).open(sealed.model_copy(update={"cipher": bare})) == ACCOUNT
    stored = vault.encrypt(b"file", name="n").removeprefix(b"CS1")[4:]
    assert Vault(NEW, [OLD]).decrypt(stored, name="n") == b"file"


async def test_a_key_that_is_not_listed_opens_nothing(database_url: str) -> None:
    with pytest.raises(ForgedError):
        Vault(NEW).open(Vault(OLD).seal(ACCOUNT))
    with pytest.raises(ForgedError):
        Vault(NEW).decrypt(Vault(OLD).encrypt(b"file", name="n"), name="n")


async def test_the_terms_of_a_payment_cannot_be_changed_under_cover_of_a_rotation(
    old_town: Town, database_url: str
) -> None:
    await bring(old_town, b"one")
    await walk(old_town)
    connection = await asyncpg.connect(database_url)
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("update payments set account_print = 'other'")
    await connection.close()
