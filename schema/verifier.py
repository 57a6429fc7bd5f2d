"""Verifies a Countersign audit bundle offline; one file, no part of Countersign, only the `cryptography` library.

    python verifier.py BUNDLE.zip [--against CONFIRMATION.eml] [--key VERIFIER_KEY]

What it proves, and how (ten minutes of reading, top-down):

1. Every entry of the invoice is, byte for byte, a leaf of the log: SHA-256(0x00 || bytes), RFC 6962, 2.1.
2. The log is whole: the tree over all its leaves has, at every size that was ever signed, the signed root. An entry
   that was changed, removed, added or moved anywhere in the log changes a root. Checkpoints are signed notes with
   Ed25519 (C2SP signed-note and tlog-checkpoint), so nobody without the key can sign another root.
3. `--against` a confirmation mail, the witness: the log still begins with the log the mail's checkpoint was signed
   over. This finds what the log's owner could hide: a log cut short, or rewritten and signed anew with the real key.
4. Every file in the bundle is the one whose SHA-256 stands in an entry.

Without `--against`, a log cut back to an older signed state looks whole; without `--key` or a mail, the key is taken
from the bundle itself. Both are said in the result. Exit code 0: nothing was found; 1: the findings are printed.
"""

from __future__ import annotations

import argparse
import base64
import email
import email.policy
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Json = dict[str, Any]
Leaves = Sequence[bytes]

LARGEST_FILE = 1 << 30
"""Bytes of one file in a bundle, unpacked: a bundle comes from someone we do not trust yet."""

BLOCK = re.compile(r"-----BEGIN COUNTERSIGN RECORD-----(.*?)-----END COUNTERSIGN RECORD-----", re.DOTALL)


class BrokenError(Exception):
    """Something does not have the form it must have; the message is a finding."""


class UnknownSignerError(BrokenError):
    """A note carries no signature of the key it was to be opened with."""


@dataclass
class Result:
    """`findings`: what is wrong; `remarks`: what was checked, and what could not be."""

    findings: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def wrong(self, sentence: str) -> None:
        """Add a finding."""
        self.findings.append(sentence)

    def checked(self, sentence: str) -> None:
        """Add a remark."""
        self.remarks.append(sentence)


@dataclass(frozen=True)
class Checkpoint:
    """A signed statement: the log of this origin had `size` leaves and this root."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class Witness:
    """What a confirmation mail carries: a checkpoint, and the proof that one entry was in it."""

    checkpoint: Checkpoint
    invoice: str
    version: int
    position: int
    leaf: bytes
    proof: tuple[bytes, ...]


def verify_bundle(path: Path, mail: Path | None = None, key: str | None = None) -> Result:
    """Verify a bundle, against a mail and a pinned verifier key when they are given."""
    result = Result()
    try:
        with ZipFile(path) as bundle:
            record = json.loads(_read(bundle, "record.json"))
            leaves = [bytes.fromhex(line) for line in _read(bundle, "log/leaves.txt").decode().split()]
            notes = json.loads(_read(bundle, "log/checkpoints.json"))
            key = _trusted_key(record["keys"], mail, key, result)
            entries = _check_entries(bundle, record, leaves, result)
            last = check_log(leaves, notes, key, result)
            _check_proofs(record, leaves, last, result)
            _check_files(bundle, record, entries, result)
            if mail is not None:
                witness = check_witness(mail.read_bytes(), leaves, [key, *record["keys"]], result)
                if witness:
                    _check_witnessed_entry(witness, record["invoice"], entries, result)
    except BrokenError as error:
        result.wrong(f"Not verified to the end: {error}.")
    except (OSError, ValueError, LookupError, TypeError, BadZipFile) as error:
        result.wrong(f"The bundle cannot be read: {error!r}.")
    return result


def _trusted_key(own: Sequence[str], mail: Path | None, pinned: str | None, result: Result) -> str:
    """The key to verify with: the pinned one, else the mail's, else the bundle's own."""
    trusted = pinned or (str(_block(mail.read_bytes())["key"]) if mail else None)
    if trusted is None:
        result.checked("NOT PINNED: the key is the bundle's own; --key or --against rules out a forger's.")
    elif trusted not in own:
        result.wrong(f"The bundle names another key than you do: {own[0]}.")
    return trusted or own[0]


def _check_entries(bundle: ZipFile, record: Json, leaves: Leaves, result: Result) -> dict[int, bytes]:
    """Each entry is a leaf at its place; versions run from 0 without a gap, in the log's order."""
    entries: dict[int, bytes] = {}
    positions: list[int] = []
    for expected, item in enumerate(record["entries"]):
        version, position = item["version"], item["position"]
        if version != expected:
            result.wrong(f"Entry {expected} of the invoice is missing; the next one is {version}.")
            break
        if item["file"] is None:
            result.wrong(f"Entry {version} is in the log but its text is gone.")
            continue
        entries[version] = data = _read(bundle, item["file"])
        content = json.loads(data)
        if (content["invoice_id"], content["version"]) != (record["invoice"], version):
            result.wrong(f"Entry {version} is of another invoice or version.")
        if position is None or not 0 <= position < len(leaves) or leaves[position] != leaf_hash(data):
            result.wrong(f"Entry {version} is not the one at position {position} of the log.")
        else:
            positions.append(position)
    if positions != sorted(set(positions)):
        result.wrong("The entries do not stand in the log in the order of their versions.")
    last = json.loads(entries[max(entries)])["target"] if entries else "nothing"
    result.checked(f"{len(entries)} entries of invoice {record['invoice']}; the last one says {last!r}.")
    return entries


def check_log(leaves: Leaves, notes: Sequence[str], key: str, result: Result) -> Checkpoint | None:
    """The log's leaves have the signed root at the size of every checkpoint, and one signed by `key` covers them all.

    That one is returned. Older ones may be signed by a former key: they must fit too, but prove nothing by themselves.
    """
    signed: dict[int, bytes] = {}
    last, strangers = None, 0
    for number, note in enumerate(notes, 1):
        try:
            try:
                checkpoint = open_checkpoint(note, key)
                last = max(last or checkpoint, checkpoint, key=lambda each: each.size)
            except UnknownSignerError:
                checkpoint = parse_checkpoint(note)
                strangers += 1
        except BrokenError as error:
            result.wrong(f"Checkpoint {number} of {len(notes)}: {error}.")
            continue
        if signed.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            result.wrong(f"Two roots were signed at size {checkpoint.size}: the log was forked.")
    actual = roots(leaves, signed)
    unfit = sorted(size for size, root in signed.items() if actual.get(size) != root)
    if unfit:
        what = f"{len(unfit)} of {len(signed)} checkpoints do not fit, the first at {unfit[0]}"
        result.wrong(f"The log's {len(leaves)} entries are not those that were signed: {what}.")
    covered = last.size if last else 0
    if covered < len(leaves):
        result.wrong(f"The last {len(leaves) - covered} entries of the log are not signed by {key}.")
    result.checked(f"{len(leaves)} entries in the log, {len(notes)} checkpoints, {strangers} by other keys.")
    return last


def _check_proofs(record: Json, leaves: Leaves, last: Checkpoint | None, result: Result) -> None:
    """Each entry's own inclusion proof leads to the last checkpoint: it stands alone, without the log."""
    for item in record["entries"]:
        position, proof = item["position"], [base64.b64decode(node) for node in item["proof"]]
        if last is None or position is None or not 0 <= position < min(last.size, len(leaves)):
            continue  # said by _check_entries or check_log
        if not includes(leaves[position], position, last.size, proof, last.root):
            result.wrong(f"The inclusion proof of entry {item['version']} does not hold.")


def _check_files(bundle: ZipFile, record: Json, entries: dict[int, bytes], result: Result) -> None:
    """Every file, enclosed or only named, is the one whose hash stands in an entry; nothing else is in the bundle."""
    facts = b"\n".join(entries.values())
    for item in record["files"]:
        enclosed = item["path"] is not None
        if enclosed and hashlib.sha256(_read(bundle, item["path"])).hexdigest() != item["sha256"]:
            result.wrong(f"{item['what']}: {item['path']} is not the file it is named for.")
        if item["sha256"].encode() not in facts:
            result.wrong(f"{item['what']}: no entry names the hash {item['sha256']}.")
    kept = sum(item["path"] is not None for item in record["files"])
    result.checked(f"{kept} files enclosed, {len(record['files']) - kept} by their SHA-256 only.")


def _read(bundle: ZipFile, name: str) -> bytes:
    if bundle.getinfo(name).file_size > LARGEST_FILE:
        raise BrokenError(f"{name} is too large")
    return bundle.read(name)


def check_witness(mail: bytes, leaves: Leaves, keys: Sequence[str], result: Result) -> Witness | None:
    """The log begins with the log that the mail's checkpoint was signed over, and the mail's entry is in its place."""
    try:
        witness = read_witness(mail, keys)
    except (BrokenError, ValueError, LookupError, TypeError) as error:
        result.wrong(f"The mail is no witness: {error}.")
        return None
    size = witness.checkpoint.size
    if size > len(leaves):
        result.wrong(f"The log was cut short: the mail witnesses {size} entries, {len(leaves)} are left.")
    elif roots(leaves, [size])[size] != witness.checkpoint.root:
        result.wrong(f"The log was rewritten: its first {size} entries are not the witnessed ones.")
    if witness.position >= len(leaves) or leaves[witness.position] != witness.leaf:
        result.wrong(f"The entry the mail witnesses is no longer at position {witness.position}.")
    result.checked(f"Compared with a mail that witnesses the first {size} entries.")
    return witness


def _check_witnessed_entry(witness: Witness, invoice: str, entries: dict[int, bytes], result: Result) -> None:
    """When the mail is about this very invoice, its entry is the bundle's."""
    if witness.invoice != invoice:
        result.checked("The mail is about another invoice: it witnesses the log, not an entry of this one.")
    elif witness.version not in entries or leaf_hash(entries[witness.version]) != witness.leaf:
        result.wrong(f"Entry {witness.version} is not the one the mail witnesses.")


def read_witness(mail: bytes, keys: Sequence[str]) -> Witness:
    """What the mail carries, its signature and proof verified; BrokenError says why not."""
    block = _block(mail)
    if block["key"] not in keys:
        raise BrokenError(f"it is signed by {block['key']}")
    witness = Witness(
        checkpoint=open_checkpoint(block["note"], block["key"]),
        invoice=block["invoice"],
        version=block["version"],
        position=block["position"],
        leaf=base64.b64decode(block["leaf"]),
        proof=tuple(base64.b64decode(node) for node in block["proof"]),
    )
    checkpoint = witness.checkpoint
    if not includes(witness.leaf, witness.position, checkpoint.size, witness.proof, checkpoint.root):
        raise BrokenError("its inclusion proof does not lead to its checkpoint")
    return witness


def _block(mail: bytes) -> Json:
    """The record block of a mail's text part, also where the mail was quoted or is a bare text."""
    message = email.message_from_bytes(mail, policy=email.policy.default)
    parts = [part.get_content() for part in message.walk() if part.get_content_type() == "text/plain"]
    found = BLOCK.search("\n".join([*parts, mail.decode("utf-8", "replace")]))
    if found is None:
        raise BrokenError("it carries no record block")
    block = json.loads(base64.b64decode(re.sub(r"[^A-Za-z0-9+/=]", "", found[1]), validate=True))
    if not isinstance(block, dict):
        raise BrokenError("its record block is malformed")
    return block


def open_checkpoint(note: str, key: str) -> Checkpoint:
    """The checkpoint in a note that carries a valid signature of `key`; BrokenError says why not."""
    checkpoint = parse_checkpoint(open_note(note, key))
    if checkpoint.origin != key_parts(key)[0]:
        raise BrokenError("it is of another log")
    return checkpoint


def parse_checkpoint(note: str) -> Checkpoint:
    """What a note says, whoever signed it: origin, size and root, a line each; more lines may follow."""
    lines = note.split("\n")
    if len(lines) < 4 or not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]):
        raise BrokenError("it is no checkpoint")
    root = _decoded(lines[2])
    if len(root) != hashlib.sha256().digest_size:
        raise BrokenError("its root is no SHA-256")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root)


def open_note(note: str, key: str) -> str:
    """The text of a signed note, when one of its signatures is a valid one of `key`."""
    text, found, signatures = note.rpartition("\n\n")
    name, key_hash, public = key_parts(key)
    for line in signatures.splitlines() if found else ():
        prefix = f"\u2014 {name} "
        blob = _decoded(line.removeprefix(prefix)) if line.startswith(prefix) else b""
        if blob[:4] != key_hash:
            continue
        try:
            public.verify(blob[4:], (text + "\n").encode())
        except InvalidSignature:
            raise BrokenError("its signature is false") from None
        return text + "\n"
    raise UnknownSignerError(f"it is not signed by {key}")


def key_parts(key: str) -> tuple[str, bytes, Ed25519PublicKey]:
    """Name, key hash and public key of a verifier key `name+hash+base64(0x01 || key)`."""
    name, _, rest = key.partition("+")
    digits, _, encoded = rest.partition("+")
    raw = _decoded(encoded)
    if raw[:1] != b"\x01" or len(raw) != 33:
        raise BrokenError("the verifier key is no Ed25519 key")
    key_hash = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if key_hash.hex() != digits:
        raise BrokenError("the verifier key was mistyped: its hash does not fit")
    return name, key_hash, Ed25519PublicKey.from_public_bytes(raw[1:])


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise BrokenError("it holds no base64 where it must") from None


def leaf_hash(data: bytes) -> bytes:
    """The hash of an entry."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def roots(leaves: Leaves, sizes: Iterable[int]) -> dict[int, bytes]:
    """The tree's root after each of these many leaves; sizes the log does not have are left out.

    `peaks` holds the full subtrees so far, largest first, as (number of leaves, root): like the digits of a binary
    number, one for each bit of the count.
    """
    wanted, found, peaks = set(sizes), {}, list[tuple[int, bytes]]()
    for count, leaf in enumerate(leaves, 1):
        width, node = 1, leaf
        while peaks and peaks[-1][0] == width:
            _, left = peaks.pop()
            width, node = width * 2, node_hash(left, node)
        peaks.append((width, node))
        if count in wanted:
            root = peaks[-1][1]
            for _, left in reversed(peaks[:-1]):
                root = node_hash(left, root)
            found[count] = root
    return found


def includes(leaf: bytes, position: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the inclusion proof (RFC 6962, 2.1.1) leads from the leaf to the root."""
    return 0 <= position < size and _root_by(leaf, position, size, proof) == root


def _root_by(leaf: bytes, position: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root of a tree, by the leaf's half of it and the other half's root, which is the last of the proof."""
    if size == 1 or not proof:
        return leaf if size == 1 and not proof else None
    left = 1 << (size - 1).bit_length() - 1  # the largest power of two below size
    if position < left:
        half = _root_by(leaf, position, left, proof[:-1])
        return half and node_hash(half, proof[-1])
    half = _root_by(leaf, position - left, size - left, proof[:-1])
    return half and node_hash(proof[-1], half)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: print what was checked and found; 0 when nothing is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--against", type=Path, metavar="MAIL.eml", help="a confirmation mail, as received")
    parser.add_argument("--key", help="the verifier key, as it was told to you by another way")
    chosen = parser.parse_args(arguments)
    result = verify_bundle(chosen.bundle, chosen.against, chosen.key)
    return report(result, witnessed=chosen.against is not None)


def report(result: Result, *, witnessed: bool) -> int:
    """Print a result; 0 when nothing is wrong."""
    if not witnessed:
        result.checked("NOT WITNESSED: --against a confirmation mail rules out a log cut or rewritten.")
    lines = [f"  {remark}" for remark in result.remarks] + [f"! {finding}" for finding in result.findings]
    lines.append("TAMPERED WITH: see above." if result.findings else "Nothing was found wrong.")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if result.findings else 0


if __name__ == "__main__":
    sys.exit(main())
