"""What the vendors wrote when they sent their invoices: the quoted part of the forwarded demo mails."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

INDIA = ZoneInfo("Asia/Kolkata")


@dataclass(frozen=True)
class Letter:
    """A vendor's own mail to the buyer; `sent` is aware, as its Date header was."""

    sender: str
    sent: datetime
    subject: str
    body: str


def _letter(sender: str, day: int, clock: tuple[int, int], subject: str, body: str) -> Letter:
    return Letter(sender, datetime(2026, 11, day, *clock, tzinfo=INDIA), subject, body)


_ACME = "Acme Accounts <accounts@acme-industrial.example>"

LETTERS: Mapping[str, Letter] = MappingProxyType(
    {
        "text-pdf": _letter(
            _ACME,
            18,
            (11, 42),
            "Tax invoice AIS/26-27/8812 against PO-2026-0141",
            "Dear Sir/Madam,\n\nPlease find attached our tax invoice AIS/26-27/8812 for INR 84,960.00 against your "
            "PO-2026-0141.\n\nRegards,\nSnehal Patil\nAcme Industrial Supplies Pvt Ltd",
        ),
        "scan": _letter(
            "Sharma Logistics <billing@sharma-logistics.example>",
            16,
            (9, 5),
            "Freight bill LR 30718",
            "Namaste ji,\n\nFreight bill is attached. Kindly do the needful.\n\nSharma Logistics, Delhi",
        ),
        "photo": _letter(
            "Front Desk <frontdesk@meridian.example>",
            20,
            (17, 51),
            "Deccan invoice",
            "The courier from Deccan Print House left this with the parcels.\n\nSent from my phone",
        ),
        "hindi": _letter(
            "गंगोत्री रंगशाला उद्योग <lekha@gangotri-rang.example>",
            17,
            (15, 20),
            "चालान GRU/2026/318",
            "महोदय,\n\nकृपया संलग्न कर चालान का भुगतान करें।\n\nधन्यवाद,\nलेखा विभाग",
        ),
        "two-in-one": _letter(
            "Blueleaf Invoices <invoices@blueleaf.example>",
            5,
            (18, 2),
            "Invoices October 2026: Hadapsar and Chakan",
            "Hello,\n\nAttached are BLF-2026-071 (Hadapsar) and BLF-2026-072 (Chakan) for October.\n\nTeam Blueleaf",
        ),
        "same-again": _letter(
            _ACME,
            23,
            (9, 30),
            "Reminder: tax invoice AIS/26-27/8812",
            "Dear Sir/Madam,\n\nA gentle reminder for our invoice AIS/26-27/8812, attached once more for your "
            "convenience.\n\nRegards,\nSnehal Patil",
        ),
        "new-bank": _letter(
            "Acme Accounts <accounts@acme-industriai.example>",  # one letter off, as such mails are
            20,
            (12, 14),
            "Tax invoice AIS/26-27/8830, updated bank details",
            "Dear Sir/Madam,\n\nPlease note our updated bank details on the attached invoice. Kindly use only the new "
            "account from now on.\n\nRegards,\nSnehal Patil",
        ),
        "two-people": _letter(
            "Vulcan Finance <finance@vulcan-machinery.example>",
            12,
            (16, 33),
            "Invoice VMW/INV/20417, PO-2026-0107",
            "Dear Sir,\n\nWe enclose invoice VMW/INV/20417 for two drafting assemblies RX-240.\n\nK. Murugan\nFinance",
        ),
        "injection": _letter(
            "Brightpath Billing <billing@brightpath.example>",
            19,
            (10, 8),
            "Your Brightpath invoice BPD-4407",
            "Hi there,\n\nYour invoice for November is attached. Thank you for growing with us!\n\nBrightpath Digital",
        ),
        "sepa": _letter(
            "Nordlicht Farbstoffe <rechnung@nordlicht-farbstoffe.example>",
            13,
            (13, 47),
            "Rechnung RE-2026-10588",
            "Sehr geehrte Damen und Herren,\n\nanbei erhalten Sie unsere Rechnung RE-2026-10588.\n\nMit freundlichen "
            "Grüßen\nNordlicht Farbstoffe GmbH",
        ),
        "locked": _letter(
            "Blueleaf Invoices <invoices@blueleaf.example>",
            6,
            (8, 55),
            "Invoice BLF-2026-073 (protected)",
            "Hello,\n\nThe attached invoice is protected. You will get the password by SMS.\n\nTeam Blueleaf",
        ),
        "not-a-pdf": _letter(
            "Brightpath Portal <no-reply@brightpath.example>",
            9,
            (7, 12),
            "Invoice BPD-4391 is ready to download",
            "Your invoice BPD-4391 is ready in the vendor portal.",
        ),
        "no-attachment": _letter(
            "Deccan Print House <hello@deccanprint.example>",
            21,
            (14, 0),
            "Invoice for November",
            "Hello,\n\nour invoice for November is attached.\n\nDeccan Print House",
        ),
    }
)
