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
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LARGEST_FILE = 1 << 30
"""Bytes of one file in a bundle, unpacked: a bundle comes from someone we do not trust yet."""

BLOCK = re.compile(r"-----BEGIN COUNTERSIGN RECORD-----(.*?)-----END COUNTERSIGN RECORD-----", re.DOTALL)


class BrokenError(Exception):
    """Something does not have the form it must have; the message is a finding."""


@dataclass
class Result:
    """`findings`: what is wrong; `remarks`: what was checked, and what could not be."""

    findings: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


@dataclass(frozen=True)
class Checkpoint:
    """A signed statement: the log of this origin had `size` leaves and this root."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class Witness:
    """What a confirmation mail carries: a checkpoint, and the proof that one entry was in it."""

    key: str
    checkpoint: Checkpoint
    invoice: str
    version: int
    position: int
    leaf: bytes
    proof: tuple[bytes, ...]


# --- The bundle -----------------------------------------------------------------------------------------------------


def verify_bundle(path: Path, mail: Path | None = None, key: str | None = None) -> Result:
    """Verify a bundle, against a mail and a pinned verifier key when they are given."""
    result = Result()
    try:
        with zipfile.ZipFile(path) as bundle:
            record = json.loads(_read(bundle, "record.json"))
            leaves = [bytes.fromhex(line) for line in _read(bundle, "log/leaves.txt").decode().split()]
            notes = json.loads(_read(bundle, "log/checkpoints.json"))
            key = _trusted_key(record["keys"], mail, key, result)
            entries = _check_entries(bundle, record, leaves, result)
            check_log(leaves, notes, [key, *record["keys"]], result)
            _check_proofs(record, leaves, notes, key, result)
            _check_files(bundle, record, entries, result)
            if mail is not None:
                check_witness(mail.read_bytes(), leaves, [key], result)
                _check_witnessed_entry(mail.read_bytes(), [key], record["invoice"], entries, result)
    except BrokenError as error:
        result.findings.append(f"Not verified to the end: {error}.")
    except (OSError, ValueError, LookupError, TypeError, zipfile.BadZipFile) as error:
        result.findings.append(f"The bundle cannot be read: {error!r}.")
    return result


def _trusted_key(own: Sequence[str], mail: Path | None, pinned: str | None, result: Result) -> str:
    """The key to verify with: the pinned one, else the mail's, else the bundle's own."""
    if pinned:
        trusted, source = pinned, "the key you gave"
    elif mail:
        trusted, source = _block(mail.read_bytes())["key"], "the key in the mail"
    else:
        result.remarks.append(
            "NOT PINNED: the key is the bundle's own; give --key or --against to rule out a forgery."
        )
        return own[0]
    if trusted not in own:
        result.findings.append(f"The bundle names another key than {source}: {own[0]}.")
    return trusted


def _check_entries(
    bundle: zipfile.ZipFile, record: dict[str, Any], leaves: Sequence[bytes], result: Result
) -> dict[int, bytes]:
    """Each entry is a leaf at its place; versions run from 0 without a gap, in the log's order."""
    entries: dict[int, bytes] = {}
    positions: list[int] = []
    for place, item in enumerate(record["entries"]):
        version, position, data = item["version"], item["position"], None
        if version != place:
            result.findings.append(
                f"Entry {place} of the invoice is missing: the next one is version {version}."
            )
            break
        if item["file"] is None:
            result.findings.append(f"Entry {version} is in the log but its text is gone.")
            continue
        data = _read(bundle, item["file"])
        content = json.loads(data)
        if (content["invoice_id"], content["version"]) != (record["invoice"], version):
            result.findings.append(
                f"Entry {version} says it is version {content['version']} of {content['invoice_id']}."
            )
        if position is None:
            result.findings.append(f"Entry {version} is not in the log.")
        elif not 0 <= position < len(leaves) or leaves[position] != leaf_hash(data):
            result.findings.append(
                f"Entry {version} is not the one in the log at position {position}: it was changed."
            )
        else:
            positions.append(position)
        entries[version] = data
    if positions != sorted(set(positions)):
        result.findings.append("The entries do not stand in the log in the order of their versions.")
    result.remarks.append(f"{len(entries)} entries of invoice {record['invoice']}.")
    return entries


def check_log(leaves: Sequence[bytes], notes: Sequence[str], keys: Sequence[str], result: Result) -> None:
    """Every checkpoint is signed, and the log's leaves have its root at its size; the last one covers them all.

    The last one must be signed by the first key, the trusted one; for older ones a former key of the log will do.
    """
    signed: dict[int, bytes] = {}
    for number, note in enumerate(notes, 1):
        try:
            checkpoint = open_by_any(note, keys if number < len(notes) else keys[:1])
        except BrokenError as error:
            result.findings.append(f"Checkpoint {number} of {len(notes)}: {error}.")
            continue
        if signed.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            result.findings.append(
                f"Two different roots were signed at size {checkpoint.size}: the log was forked."
            )
    actual = roots(leaves, signed)
    wrong = sorted(size for size, root in signed.items() if actual.get(size) != root)
    if wrong:
        result.findings.append(
            f"The log is not the one that was signed: {len(wrong)} of {len(signed)} checkpoints do not fit, "
            f"the first at size {wrong[0]} (the log has {len(leaves)} entries)."
        )
    if not signed or max(signed) < len(leaves):
        result.findings.append(
            f"The last {len(leaves) - max(signed, default=0)} entries of the log are not signed."
        )
    result.remarks.append(f"{len(leaves)} entries in the log, {len(signed)} signed checkpoints.")


def _check_proofs(
    record: dict[str, Any], leaves: Sequence[bytes], notes: Sequence[str], key: str, result: Result
) -> None:
    """Each entry's own inclusion proof leads to the last checkpoint: it stands alone, without the log."""
    try:
        last = open_checkpoint(notes[-1], key) if notes else None
    except BrokenError:
        return  # said by check_log
    for item in record["entries"]:
        position = item["position"]
        if last is None or position is None or not 0 <= position < min(last.size, len(leaves)):
            continue  # said by _check_entries or check_log
        proof = tuple(base64.b64decode(node) for node in item["proof"])
        if not includes(leaves[position], position, last.size, proof, last.root):
            result.findings.append(
                f"The inclusion proof of entry {item['version']} does not lead to the last checkpoint."
            )


def _check_files(
    bundle: zipfile.ZipFile, record: dict[str, Any], entries: dict[int, bytes], result: Result
) -> None:
    """Every file, enclosed or only named, is the one whose hash stands in an entry; nothing else is in the bundle."""
    facts = b"\n".join(entries.values())
    for item in record["files"]:
        enclosed = item["path"] is not None
        if enclosed and hashlib.sha256(_read(bundle, item["path"])).hexdigest() != item["sha256"]:
            result.findings.append(f"{item['what']}: {item['path']} is not the file it is named for.")
        if item["sha256"].encode() not in facts:
            result.findings.append(f"{item['what']}: no entry names the hash {item['sha256']}.")
    kept = sum(item["path"] is not None for item in record["files"])
    result.remarks.append(f"{kept} files enclosed, {len(record['files']) - kept} by their SHA-256 only.")


def _read(bundle: zipfile.ZipFile, name: str) -> bytes:
    if bundle.getinfo(name).file_size > LARGEST_FILE:
        raise BrokenError(f"{name} is too large")
    return bundle.read(name)


# --- The mail -------------------------------------------------------------------------------------------------------


def check_witness(mail: bytes, leaves: Sequence[bytes], keys: Sequence[str], result: Result) -> None:
    """The log begins with the log that the mail's checkpoint was signed over, and the mail's entry is in its place."""
    try:
        witness = read_witness(mail, keys)
    except (BrokenError, ValueError, LookupError, TypeError) as error:
        result.findings.append(f"The mail is no witness: {error}.")
        return
    size = witness.checkpoint.size
    if size > len(leaves):
        result.findings.append(
            f"The log was cut short: the mail witnesses {size} entries, and {len(leaves)} are left."
        )
    elif roots(leaves, [size])[size] != witness.checkpoint.root:
        result.findings.append(
            f"The log was rewritten: its first {size} entries are not those the mail witnesses."
        )
    if witness.position >= len(leaves) or leaves[witness.position] != witness.leaf:
        result.findings.append(
            f"The entry the mail witnesses is no longer at position {witness.position} of the log."
        )
    result.remarks.append(f"Compared with a mail that witnesses the first {size} entries.")


def _check_witnessed_entry(
    mail: bytes, keys: Sequence[str], invoice: str, entries: dict[int, bytes], result: Result
) -> None:
    """When the mail is about this very invoice, its entry is the bundle's."""
    try:
        witness = read_witness(mail, keys)
    except (BrokenError, ValueError, LookupError, TypeError):
        return  # said by check_witness
    if witness.invoice != invoice:
        result.remarks.append(
            "The mail is about another invoice: it witnesses the log, not an entry of this one."
        )
    elif witness.version not in entries or leaf_hash(entries[witness.version]) != witness.leaf:
        result.findings.append(f"Entry {witness.version} is not the one the mail witnesses.")


def read_witness(mail: bytes, keys: Sequence[str]) -> Witness:
    """What the mail carries, its signature and proof verified; BrokenError says why not."""
    block = _block(mail)
    witness = Witness(
        key=block["key"],
        checkpoint=open_by_any(block["note"], keys),
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


def _block(mail: bytes) -> dict[str, Any]:
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


# --- Signed notes (C2SP signed-note, tlog-checkpoint) ---------------------------------------------------------------


def open_checkpoint(note: str, key: str) -> Checkpoint:
    """The checkpoint in a note that carries a valid signature of `key`; BrokenError says why not."""
    text = open_note(note, key)
    lines = text.split("\n")
    if len(lines) < 4 or not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]):
        raise BrokenError("it is no checkpoint")
    root = _decoded(lines[2])
    if lines[0] != key_parts(key)[0] or len(root) != hashlib.sha256().digest_size:
        raise BrokenError("it is of another log")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root)


def open_by_any(note: str, keys: Sequence[str]) -> Checkpoint:
    """The checkpoint in a note that is signed by one of the keys; BrokenError of the first one says why not."""
    failure = BrokenError("there is no key")
    for number, key in enumerate(keys):
        try:
            return open_checkpoint(note, key)
        except BrokenError as error:
            failure = error if number == 0 else failure
    raise failure


def open_note(note: str, key: str) -> str:
    """The text of a signed note, when one of its signatures is a valid one of `key`."""
    text, found, signatures = note.rpartition("\n\n")
    name, key_hash, public = key_parts(key)
    for line in signatures.splitlines() if found else ():
        dash, _, rest = line.partition(" ")
        signer, _, encoded = rest.partition(" ")
        blob = _decoded(encoded) if dash == "\u2014" and signer == name else b""
        if blob[:4] != key_hash:
            continue
        try:
            public.verify(blob[4:], (text + "\n").encode())
        except InvalidSignature:
            raise BrokenError("its signature is false") from None
        return text + "\n"
    raise BrokenError(f"it is not signed by {name}")


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


# --- The tree (RFC 6962, 2.1) ---------------------------------------------------------------------------------------


def leaf_hash(data: bytes) -> bytes:
    """The hash of an entry."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def roots(leaves: Sequence[bytes], sizes: Iterable[int]) -> dict[int, bytes]:
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
    """Whether the inclusion proof leads from the leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= position < size:
        return False
    node, current, last = leaf, position, size - 1
    for sibling in proof:
        if last == 0:
            return False
        if current & 1 or current == last:
            node = node_hash(sibling, node)
            while current and not current & 1:
                current, last = current >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        current, last = current >> 1, last >> 1
    return last == 0 and node == root


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: print what was checked and found; 0 when nothing is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument(
        "--against", type=Path, metavar="MAIL.eml", help="a confirmation mail, as it was received"
    )
    parser.add_argument("--key", help="the verifier key, as it was told to you by another way")
    chosen = parser.parse_args(arguments)
    return report(
        verify_bundle(chosen.bundle, chosen.against, chosen.key), witnessed=chosen.against is not None
    )


def report(result: Result, *, witnessed: bool) -> int:
    """Print a result; 0 when nothing is wrong."""
    remarks = list(result.remarks)
    if not witnessed:
        remarks.append(
            "NOT WITNESSED: give --against a confirmation mail to rule out that the log was cut or rewritten."
        )
    lines = [f"  {remark}" for remark in remarks] + [f"! {finding}" for finding in result.findings]
    lines.append("TAMPERED WITH: see above." if result.findings else "Nothing was found wrong.")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if result.findings else 0


if __name__ == "__main__":
    sys.exit(main())
