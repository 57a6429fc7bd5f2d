import base64
import json
from uuid import UUID

import pytest

from schema.checkpoint import CheckpointSigner, SealedEntry
from schema.errors import ForgedError
from schema.ids import InvoiceId, Sha256
from schema.merkle import Tree, hash_leaf
from schema.vault import Vault, new_master_key
from schema.verifier import BLOCK, BrokenError, key_parts, open_checkpoint, open_note, read_witness

DOMAIN = "countersign.pay.example"

# The example of the reference implementation (golang.org/x/mod/sumdb/note).
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


@pytest.fixture
def signer() -> CheckpointSigner:
    return CheckpointSigner.of(Vault(new_master_key()), DOMAIN)


def sealed(signer: CheckpointSigner, position: int = 2) -> SealedEntry:
    leaves = [hash_leaf(bytes([number])) for number in range(5)]
    tree = Tree(leaves)
    return SealedEntry(
        invoice_id=InvoiceId(UUID(int=7)),
        version=8,
        position=position,
        leaf_hash=Sha256(leaves[position].hex()),
        note=signer.sign(5, tree.root()),
        proof=tuple(Sha256(node.hex()) for node in tree.inclusion(position, 5)),
    )


def test_a_published_note_is_opened() -> None:
    assert open_note(NOTE, PETER).endswith("what your problem is.\n")


def test_a_published_note_with_another_word_is_refused() -> None:
    with pytest.raises(BrokenError, match="signature is false"):
        open_note(NOTE.replace("answer", "riddle"), PETER)


def test_what_is_signed_can_be_opened(signer: CheckpointSigner) -> None:
    checkpoint = signer.open(signer.sign(42, bytes(range(32))))
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (f"{DOMAIN}/record", 42, bytes(range(32)))


def test_the_note_has_the_form_of_a_tlog_checkpoint(signer: CheckpointSigner) -> None:
    lines = signer.sign(42, bytes(32)).split("\n")
    assert lines[:4] == [f"{DOMAIN}/record", "42", base64.b64encode(bytes(32)).decode(), ""]
    assert lines[4].startswith(f"\u2014 {DOMAIN}/record ")
    assert lines[5:] == [""]


def test_the_key_is_the_same_for_the_same_master_key() -> None:
    master = new_master_key()
    keys = {CheckpointSigner.of(Vault(master), DOMAIN).verifier_key for _ in range(2)}
    assert len(keys) == 1
    assert key_parts(keys.pop())[0] == f"{DOMAIN}/record"


@pytest.mark.parametrize(
    "forge",
    [
        lambda note: note.replace("\n42\n", "\n43\n"),
        lambda note: note.replace("AAAA", "BAAA", 1),
        lambda note: note.split("\n\n")[0] + "\n\n",
        lambda note: note.split("\n\n")[0],
        lambda note: note.replace("countersign", "other"),
        lambda note: note.replace("\u2014 ", "- "),
        lambda note: "",
    ],
    ids=["size", "root", "no signature", "no note", "origin", "dash", "nothing"],
)
def test_a_changed_checkpoint_is_refused(signer: CheckpointSigner, forge: object) -> None:
    assert callable(forge)
    with pytest.raises(ForgedError):
        signer.open(forge(signer.sign(42, bytes(32))))


def test_another_houses_checkpoint_is_refused(signer: CheckpointSigner) -> None:
    other = CheckpointSigner.of(Vault(new_master_key()), DOMAIN)
    with pytest.raises(ForgedError):
        signer.open(other.sign(42, bytes(32)))


def test_a_mistyped_verifier_key_is_noticed(signer: CheckpointSigner) -> None:
    wrong = signer.verifier_key.replace("record", "recorb")
    with pytest.raises(BrokenError, match="mistyped"):
        open_checkpoint(signer.sign(1, bytes(32)), wrong)


def mail(block: str, *, quote: str = "") -> bytes:
    from email.message import EmailMessage

    message = EmailMessage()
    text = "\n".join(quote + line for line in f"Paid.\n\n{block}\n\n-- \nCountersign\n".split("\n"))
    message.set_content(text, cte="quoted-printable")
    message.add_alternative("<p>Paid.</p>", subtype="html")
    return message.as_bytes()


@pytest.mark.parametrize("quote", ["", "> ", "> > "])
def test_a_mail_is_read_as_a_witness_also_where_it_was_quoted(signer: CheckpointSigner, quote: str) -> None:
    witness = read_witness(mail(signer.block(sealed(signer)), quote=quote), signer.verifier_keys)
    assert (witness.version, witness.position, witness.checkpoint.size) == (8, 2, 5)


def test_a_bare_text_is_a_witness_too(signer: CheckpointSigner) -> None:
    assert read_witness(signer.block(sealed(signer)).encode(), signer.verifier_keys).position == 2


def test_a_block_fits_in_a_mails_lines(signer: CheckpointSigner) -> None:
    assert max(len(line) for line in signer.block(sealed(signer)).splitlines()) <= 72


def test_a_witness_whose_proof_is_anothers_is_refused(signer: CheckpointSigner) -> None:
    wrong = sealed(signer).model_copy(update={"position": 3})
    with pytest.raises(BrokenError, match="proof"):
        read_witness(mail(signer.block(wrong)), signer.verifier_keys)


def test_a_mail_without_a_block_is_no_witness(signer: CheckpointSigner) -> None:
    with pytest.raises(BrokenError, match="no record block"):
        read_witness(mail("nothing"), signer.verifier_keys)


def test_the_block_names_the_verifier_key(signer: CheckpointSigner) -> None:
    found = BLOCK.search(signer.block(sealed(signer)))
    assert found
    assert json.loads(base64.b64decode(found[1]))["key"] == signer.verifier_key
