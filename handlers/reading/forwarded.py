"""Finds the vendor's mail inside an inline forward: the header block that mail programs put above the quote.

Only what a person could read there is returned, as printed: a claim, never a proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from schema.mail import OriginalMail

# fmt: off
LABELS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "sender": (
            "from", "von", "de", "da", "van", "mittente", "absender", "remitente", "expéditeur", "afzender",
            "från", "fra", "od", "lähettäjä", "feladó", "expeditor", "kimden", "от", "от кого", "від", "差出人",
            "发件人", "寄件者", "보낸 사람", "प्रेषक", "द्वारा", "की ओर से", "इनसे", "पाठवणारे", "पाठविणारे",
        ),
        "subject": (
            "subject", "betreff", "asunto", "assunto", "objet", "sujet", "oggetto", "onderwerp", "ämne", "emne",
            "temat", "aihe", "tárgy", "subiect", "konu", "тема", "předmět", "predmet", "件名", "主题", "主旨", "제목",
            "विषय",
        ),
        "date": (
            "date", "sent", "datum", "gesendet", "fecha", "enviado", "enviado el", "envoyé", "data", "inviato",
            "verzonden", "skickat", "dato", "sendt", "wysłano", "päivämäärä", "lähetetty", "dátum",
            "küldve", "trimis", "tarih", "gönderildi", "дата", "отправлено", "odesláno", "日時", "送信日時",
            "发送时间", "日期", "보낸 날짜", "दिनांक", "तारीख", "तिथि", "भेजा गया",
        ),
        "other": (
            "to", "cc", "bcc", "reply-to", "an", "kopie", "kopie (cc)", "antwort an", "para", "à", "a", "pour",
            "copie à", "aan", "till", "til", "do", "dw", "kopia", "importance", "attachments", "anlagen",
            "priorität", "pièces jointes", "allegati", "bijlagen", "प्रति", "प्रतिलिपि", "आणि", "सेवा में",
        ),
    }
)
# fmt: on
"""What the lines of such a block are called, in the languages of the programs seen."""

ROLE: Final[Mapping[str, str]] = MappingProxyType(
    {label: role for role, labels in LABELS.items() for label in labels}
)

MARKERS: Final = (
    "forwarded message", "begin forwarded", "original message", "originalnachricht", "ursprüngliche nachricht",
    "weitergeleitete nachricht", "weitergeleiteten nachricht", "message transféré", "message réexpédié",
    "message transmis", "message d'origine", "mensaje reenviado", "mensaje original", "mensagem encaminhada",
    "messaggio inoltrato", "messaggio originale", "doorgestuurd bericht", "oorspronkelijk bericht",
    "vidarebefordrat", "videresendt", "przekazana wiadomość", "edelleenlähetetty", "továbbított",
    "пересылаемое", "forwarded by", "अग्रेषित", "फ़ॉरवर्ड", "पुढे पाठवलेला", "फॉरवर्ड",
)  # fmt: skip
"""What stands above a forwarded mail; a reply has no such line."""

FORWARD_PREFIXES: Final = (
    "fw", "fwd", "wg", "tr", "rv", "i", "vs", "vb", "enc", "pd", "redir", "doorst", "vl", "fs", "továbbítás",
    "iletilen", "пересл", "转发", "轉寄", "अग्रे",
)  # fmt: skip
REPLY_PREFIXES: Final = ("re", "aw", "sv", "antw", "r", "odp", "res", "rif", "ynt", "回复", "答复", "उत्तर")

PREFIX = re.compile(r"\s*(?P<word>[^\W\d_]{1,12})\.?\s?:\s*")

FIELD_LINE = re.compile(r"[*_]{0,2}(?P<label>[^\W\d_][^:<>@\n]{0,24}?)\s?[*_]{0,2}:[*_]{0,2}\s*(?P<value>.*)")

WROTE_LINE = re.compile(
    r"(?:On|Am|Le|El|Il giorno|Op|Em|Den|Dne)\s"
    r"(?P<date>[^\"«“<\n]{4,60}?\b\d{1,2}[:h]\d{2}(?::\d{2})?(?:\s?[AaPp]\.?[Mm]\.?)?),?\s"
    r"(?:schrieb\s|heeft\s)?(?P<sender>(?:[\"«“][^\"»”\n]+[\"»”]|[^\"<>\n]{1,80}?)\s*<[^<>\s]+@[^<>\s]+>)\s*"
    r"(?:wrote|a écrit|escribió|ha scritto|geschreven|escreveu|skrev|schrieb|napsal)?\s*:"
)
"""How Outlook for Mac introduces a forward, and everyone a reply: only the subject's prefix tells them apart."""

ADDRESS = re.compile(r"[^\s<>\[\]()\"',;:]+@[^\s<>\[\]()\"',;:]+")

SEARCHED_LINES: Final = 2_000
LONGEST_LINE: Final = 1_000


def find_original(text: str, outer_subject: str) -> OriginalMail | None:
    """The forwarded mail's sender, subject and date as printed in `text`; None when it is no forward."""
    lines = _unquoted(text)
    for start, block in _blocks(lines):
        if _is_forward(lines, start, block["sender"], outer_subject):
            return OriginalMail(
                sender=sender_of(block["sender"]), subject=block.get("subject"), date=block.get("date")
            )
    if has_prefix(outer_subject, FORWARD_PREFIXES):
        return _introduced(lines, outer_subject)
    return None


def sender_of(value: str) -> str | None:
    """`Name <address>`, or the address alone, from what is printed behind "From:"."""
    found = ADDRESS.search(value.replace("mailto:", " "))
    if found is None:
        return value.strip() or None
    name = re.split(r"[<\[(]", value, maxsplit=1)[0].strip().strip("\"'«»“” ").strip()
    address = found[0]
    return f"{name} <{address}>" if name and name != address else address


def has_prefix(subject: str, prefixes: Sequence[str]) -> bool:
    """Whether the subject begins with one of these, as in `Fwd: ...`."""
    found = PREFIX.match(subject)
    return found is not None and found["word"].casefold() in prefixes


def without_prefixes(subject: str) -> str:
    """The subject without any `Re:` and `Fwd:` in front."""
    while has_prefix(subject, FORWARD_PREFIXES) or has_prefix(subject, REPLY_PREFIXES):
        found = PREFIX.match(subject)
        subject = subject[found.end() :] if found else subject
    return subject.strip()


def _unquoted(text: str) -> list[str]:
    """The lines without quote marks, byte order marks and odd spaces."""
    plain = re.sub(r"[\ufeff\u200b\u200e\u200f\u202a-\u202e]", "", text)
    plain = re.sub(r"[\u00a0\u202f\t]", " ", plain)
    lines = plain.splitlines()[:SEARCHED_LINES]
    return [re.sub(r"^(?:\s*>)+\s?", "", line[:LONGEST_LINE]).strip() for line in lines]


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Every run of labelled lines that names a sender and a subject or a date."""
    start = 0
    while start < len(lines):
        end, block = _block_at(lines, start)
        if "sender" in block and ("subject" in block or "date" in block):
            yield start, block
        start = max(end, start + 1)


def _block_at(lines: Sequence[str], start: int) -> tuple[int, dict[str, str]]:
    block: dict[str, str] = {}
    position, seen = start, 0
    while position < len(lines) and seen < 12:
        role, value = _labelled(lines[position])
        if role is None:
            # One empty line between fields is what some programs make of a table.
            empty_between = seen and not lines[position] and position + 1 < len(lines)
            if not (empty_between and _labelled(lines[position + 1])[0]):
                break
        else:
            block.setdefault(role, value)
            seen += 1
        position += 1
    return position, block


def _labelled(line: str) -> tuple[str | None, str]:
    found = FIELD_LINE.fullmatch(line)
    if found is None:
        return None, ""
    return ROLE.get(found["label"].strip().casefold()), found["value"].strip().strip("*_").strip()


def _is_forward(lines: Sequence[str], start: int, sender: str, outer_subject: str) -> bool:
    """A marker above it says so, or the subject; without either the block must name an address."""
    above = [line.casefold() for line in lines[max(0, start - 4) : start] if line]
    if any(marker in line for line in above for marker in MARKERS):
        return True
    if has_prefix(outer_subject, FORWARD_PREFIXES):
        return True
    return ADDRESS.search(sender) is not None and not has_prefix(outer_subject, REPLY_PREFIXES)


def _introduced(lines: Sequence[str], outer_subject: str) -> OriginalMail | None:
    for line in lines:
        found = WROTE_LINE.match(line)
        if found:
            return OriginalMail(
                sender=sender_of(found["sender"]),
                subject=without_prefixes(outer_subject) or None,
                date=found["date"].strip().rstrip(","),
            )
    return None
