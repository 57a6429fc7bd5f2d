"""A file that a person gives by hand, taken apart: the documents in it, and what cannot be an invoice. No I/O.

The rules for what could be an invoice are those of mails; a mail as a file goes through the mail parser itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from handlers.reading.archive import DEPTH_LIMIT, Budget, members
from handlers.reading.mail import parse_mail
from handlers.reading.mail_parts import Leaf, is_eml, sniff_part, why_ignored
from schema.document import Frozen
from schema.errors import PermanentError
from schema.ids import Sha256
from schema.mail import Part
from schema.vault import sha256

DOCUMENTS_LIMIT: Final = 100
"""Each opens an invoice; whoever has more sends a second file."""


class LeftOut(Frozen):
    """Something in a file that is no document we read, and why."""

    name: str
    reason: str


class Parcel(Frozen):
    """What was in a file; `evidence` is what a mail in it claims of itself."""

    documents: tuple[Part, ...]
    left_out: tuple[LeftOut, ...]
    evidence: dict[str, Any]


@dataclass
class _Opening:
    """What was found so far."""

    budget: Budget = field(default_factory=Budget)
    parts: dict[Sha256, Part] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    mails: list[dict[str, Any]] = field(default_factory=list)

    def leave_out(self, name: str, reason: str) -> None:
        self.left_out.append(LeftOut(name=name, reason=reason))

    def add(self, part: Part) -> None:
        if part.sha256 in self.parts:
            self.leave_out(part.name, "the same file twice")
        elif len(self.parts) >= DOCUMENTS_LIMIT:
            raise PermanentError(
                f"There are more than {DOCUMENTS_LIMIT} documents in it; send fewer at once."
            )
        else:
            self.parts[part.sha256] = part


def open_parcel(raw: bytes, name: str) -> Parcel:
    """All documents in a file, each once; PermanentError says why it is refused as a whole."""
    opening = _Opening()
    _take(raw, name, "1", 0, opening)
    documents = tuple(opening.parts.values())
    if not documents:
        raise PermanentError(_why_nothing(opening))
    evidence = {"mails": opening.mails} if opening.mails else {}
    return Parcel(documents=documents, left_out=tuple(opening.left_out), evidence=evidence)


def _take(data: bytes, name: str, path: str, zips_deep: int, opening: _Opening) -> None:
    sniffed = sniff_part(data, name)
    if sniffed == "zip":
        _take_zip(data, name, path, zips_deep, opening)
    elif sniffed == "unknown" and (is_eml(data) or name.lower().endswith(".eml")):
        _take_mail(data, name, path, opening)
    else:
        leaf = Leaf(path, name, "", sniffed, data)
        reason = why_ignored(leaf)
        if reason is not None:
            opening.leave_out(name, reason)
        else:
            opening.add(
                Part(
                    path=path,
                    name=name,
                    declared_type="",
                    sniffed=sniffed,
                    sha256=sha256(data),
                    data=data,
                )
            )


def _take_zip(data: bytes, name: str, path: str, zips_deep: int, opening: _Opening) -> None:
    if zips_deep >= DEPTH_LIMIT:
        raise PermanentError(f"Zips lie in zips more than {DEPTH_LIMIT} deep; pack the files themselves.")
    for number, member in enumerate(members(data, opening.budget), 1):
        _take(member.data, member.name, f"{path}.{number}", zips_deep + 1, opening)


def _take_mail(data: bytes, name: str, path: str, opening: _Opening) -> None:
    """Who a mail claims to be from proves nothing here: whoever gives the file is the forwarder."""
    try:
        mail = parse_mail(data)
    except PermanentError as error:
        opening.leave_out(name, error.sentence)
        return
    opening.mails.append(
        {
            "name": name,
            "sender_claimed": mail.sender,
            "subject": mail.subject,
            "message_id": mail.message_id,
            "original": mail.original.model_dump(mode="json"),
        }
    )
    for defect in mail.defects:
        opening.leave_out(name, defect)
    for part in mail.attachments:
        opening.add(part.model_copy(update={"path": f"{path}.{part.path}"}))


def _why_nothing(opening: _Opening) -> str:
    wanted = "Send a PDF, JPG, PNG, TIFF or e-invoice XML, a mail as .eml, or a zip of such files."
    if not opening.left_out:
        return f"There is nothing in it that could be an invoice. {wanted}"
    first = opening.left_out[0]
    return f"There is nothing in it that could be an invoice ({first.name or 'a part'}: {first.reason}). {wanted}"
