"""The mails of the demo: who forwards which sample to the payment mailbox, and what must come of it.

`DEMO_MAILS` is the frozen list; `build` makes the real mail of one. Every call makes a new Message-ID and the
present Date, as a new forward would have.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, make_msgid
from enum import StrEnum
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from sandbox.demo_letters import LETTERS, Letter

SAMPLES = Path(__file__).parent / "samples"
PAYMENT_MAILBOX = "pay@countersign.example"
PRIYA = "Priya Nair <priya@meridian.example>"
RAHUL = "Rahul Desai <rahul@meridian.example>"
STRANGER = "Accounts Desk <billing@quickpay-settlements.example>"
ASHA = "Asha Rao <asha@meridian.example>"
VIKRAM = "Vikram Shah <vikram@meridian.example>"
APPROVER_PHONES: Mapping[str, str] = MappingProxyType({ASHA: "+919800000001", VIKRAM: "+919800000002"})

EndState = Literal["paid", "rejected", "held", "no_invoice", "quarantined"]


class ForwardStyle(StrEnum):
    """How the forwarder's mail program wraps the vendor's mail."""

    GMAIL = "gmail"
    OUTLOOK = "outlook"
    ATTACHED = "attached"  # the vendor's mail as message/rfc822
    DIRECT = "direct"  # not a forward


@dataclass(frozen=True)
class ExpectedOutcome:
    """What one document must come to; `document` is None where the mail brings none.

    `reason_words` stand in the reason, in any case. `rejected_by` is the approver who says no.
    """

    document: str | None
    state: EndState
    reason_words: tuple[str, ...] = ()
    approvals: int = 0
    rejected_by: str | None = None


@dataclass(frozen=True)
class DemoMail:
    """One mail of the demo; `authenticated` tells whether it is sent by the submission user of its sender."""

    name: str
    purpose: str
    forwarder: str
    subject: str
    body: str
    attachments: tuple[Path, ...]
    expected: tuple[ExpectedOutcome, ...]
    letter: Letter | None
    style: ForwardStyle = ForwardStyle.GMAIL
    authenticated: bool = True


def build(mail: DemoMail, to: str) -> EmailMessage:
    """The mail as its forwarder's program would send it to `to`."""
    message = EmailMessage(policy=SMTP)
    message["From"] = mail.forwarder
    message["To"] = to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=_address(mail.forwarder).domain)
    if mail.style is ForwardStyle.ATTACHED:
        message.set_content(mail.body + "\n")
        message.add_attachment(_original(mail))
        return message
    message.set_content(_plain(mail))
    message.add_alternative(_html(mail), subtype="html")
    _attach(message, mail.attachments)
    return message


def _plain(mail: DemoMail) -> str:
    """What the forwarder typed, then the vendor's mail quoted the way the style does it."""
    if mail.letter is None:
        return mail.body + "\n"
    return f"{mail.body}\n\n{_quoted_head(mail, mail.letter)}\n\n{mail.letter.body}\n"


def _quoted_head(mail: DemoMail, letter: Letter) -> str:
    if mail.style is ForwardStyle.GMAIL:
        sent = letter.sent.strftime("%a, %d %b %Y at %H:%M")
        return (
            "---------- Forwarded message ---------\n"
            f"From: {letter.sender}\nDate: {sent}\nSubject: {letter.subject}\nTo: <accounts@meridian.example>"
        )
    sent = letter.sent.strftime("%A, %d %B %Y %H:%M")
    return (
        f"{'_' * 32}\nFrom: {letter.sender}\nSent: {sent}\n"
        f"To: Meridian Accounts <accounts@meridian.example>\nSubject: {letter.subject}"
    )


def _html(mail: DemoMail) -> str:
    typed = _paragraphs(mail.body)
    if mail.letter is None:
        return f'<div dir="ltr">{typed}</div>'
    head = escape(_quoted_head(mail, mail.letter)).replace("\n", "<br>")
    quoted = _paragraphs(mail.letter.body)
    if mail.style is ForwardStyle.GMAIL:
        attribution = f'<div dir="ltr" class="gmail_attr">{head}</div>'
        return f'<div dir="ltr">{typed}<br><div class="gmail_quote">{attribution}<br>{quoted}</div></div>'
    rule = '<hr style="display:inline-block;width:98%">'
    return f'<div>{typed}{rule}<div id="divRplyFwdMsg" dir="ltr">{head}</div><div>{quoted}</div></div>'


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n")).replace("\n", "<br>")


def _original(mail: DemoMail) -> EmailMessage:
    """The vendor's own mail, with the documents, for a forward as attachment."""
    if mail.letter is None:
        raise ValueError(f"{mail.name}: a forward as attachment needs the vendor's mail")
    original = EmailMessage(policy=SMTP)
    original["From"] = mail.letter.sender
    original["To"] = "Meridian Accounts <accounts@meridian.example>"
    original["Subject"] = mail.letter.subject
    original["Date"] = format_datetime(mail.letter.sent)
    original["Message-ID"] = make_msgid(domain=_address(mail.letter.sender).domain)
    original.set_content(mail.letter.body + "\n")
    _attach(original, mail.attachments)
    return original


def _attach(message: EmailMessage, paths: tuple[Path, ...]) -> None:
    for path in paths:
        kind = ("image", "jpeg") if path.suffix == ".jpg" else ("application", "pdf")
        message.add_attachment(path.read_bytes(), *kind, filename=path.name)


def _address(header: str) -> Address:
    probe = EmailMessage()
    probe["From"] = header
    address: Address = probe["From"].addresses[0]
    return address


def _mail(
    name: str,
    purpose: str,
    forwarder: str,
    body: str,
    expected: tuple[ExpectedOutcome, ...],
    style: ForwardStyle = ForwardStyle.GMAIL,
) -> DemoMail:
    """One forward from the lists below: its letter has its name, its attachments are what is expected."""
    letter = LETTERS[name]
    files = tuple(SAMPLES / outcome.document for outcome in expected if outcome.document)
    prefix = "FW: " if style is ForwardStyle.OUTLOOK else "Fwd: "
    return DemoMail(name, purpose, forwarder, prefix + letter.subject, body, files, expected, letter, style)


def _one(
    document: str, state: EndState, *reason: str, approvals: int = 0, rejected_by: str | None = None
) -> tuple[ExpectedOutcome, ...]:
    return (ExpectedOutcome(document, state, reason, approvals, rejected_by),)


DEMO_MAILS: tuple[DemoMail, ...] = (
    _mail(
        "text-pdf",
        "A text PDF with a purchase order",
        PRIYA,
        "Hi, please process this one. Goods are received, GRN 2216.\n\nPriya",
        _one("acme-8812.pdf", "paid", approvals=1),
    ),
    _mail(
        "scan",
        "A scanned PDF, image only and slightly turned",
        RAHUL,
        "Scanned the driver's copy, original is in the file.\n\nRahul",
        _one("sharma-logistics.pdf", "paid", approvals=1),
        ForwardStyle.OUTLOOK,
    ),
    _mail(
        "photo",
        "A phone photo of a paper invoice",
        PRIYA,
        "Photo from the front desk, the labels arrived yesterday.\n\nPriya",
        _one("deccan-print.jpg", "paid", approvals=1),
    ),
    _mail(
        "hindi",
        "An invoice with Hindi labels and text",
        RAHUL,
        "Dyes for lot 318, please pay by the due date.",
        _one("gangotri-hindi.pdf", "paid", approvals=1),
        ForwardStyle.ATTACHED,
    ),
    _mail(
        "two-in-one",
        "Two invoices in one mail, same vendor and sum, other numbers",
        PRIYA,
        "Both sites for October. Chakan may need a check, they say the crew came three days late.\n\nPriya",
        (
            ExpectedOutcome("blueleaf-071.pdf", "paid", approvals=1),
            ExpectedOutcome("blueleaf-072.pdf", "rejected", ("rejected",), rejected_by=ASHA),
        ),
    ),
    _mail(
        "same-again",
        "The first invoice once more, from another colleague",
        RAHUL,
        "Acme is reminding us, I don't think this was paid?\n\nRahul",
        _one("acme-8812.pdf", "rejected", "came before"),
        ForwardStyle.OUTLOOK,
    ),
    _mail(
        "new-bank",
        "A known vendor with changed bank details",
        PRIYA,
        "Acme again, note the new bank account please.\n\nPriya",
        _one("acme-8830-newbank.pdf", "held", "account", "vendor master"),
    ),
    _mail(
        "two-people",
        "A sum above the limit that needs two people",
        RAHUL,
        "The drafting assemblies. Installed and signed off by maintenance.\n\nRahul",
        _one("vulcan-machinery.pdf", "paid", approvals=2),
        ForwardStyle.OUTLOOK,
    ),
    _mail(
        "injection",
        "Text that tries to instruct the model",
        PRIYA,
        "November campaign, please process.",
        _one("brightpath-injection.pdf", "held", "grok"),
    ),
    _mail(
        "sepa",
        "A German invoice in euros with IBAN and BIC",
        RAHUL,
        "Pigment for the Frankfurt fair, in EUR.\n\nRahul",
        _one("nordlicht-eur.pdf", "paid", approvals=1),
        ForwardStyle.OUTLOOK,
    ),
)

BAD_MAILS: tuple[DemoMail, ...] = (
    _mail(
        "locked",
        "A PDF with a password",
        PRIYA,
        "The vendor's system sends them locked, the password comes separately.",
        _one("locked.pdf", "held", "password"),
    ),
    _mail(
        "not-a-pdf",
        "A web page saved under a PDF name",
        RAHUL,
        "Downloaded from their portal.",
        _one("not-a-pdf.pdf", "held", "not a pdf"),
        ForwardStyle.OUTLOOK,
    ),
    DemoMail(
        name="no-attachment",
        purpose="A mail without any document",
        forwarder=PRIYA,
        subject="Fwd: Invoice for November",
        body="Forgot to attach it, sorry. Will send again.",
        attachments=(),
        expected=(ExpectedOutcome(None, "no_invoice", ("attached",)),),
        letter=LETTERS["no-attachment"],
    ),
    DemoMail(
        name="stranger",
        purpose="An unknown, unauthenticated sender",
        forwarder=STRANGER,
        subject="URGENT: overdue invoice, pay today",
        body="Dear sir, kindly release payment of the attached invoice today to avoid legal action.",
        attachments=(SAMPLES / "acme-8830-newbank.pdf",),
        expected=(ExpectedOutcome("acme-8830-newbank.pdf", "quarantined", ("sender",)),),
        letter=None,
        style=ForwardStyle.DIRECT,
        authenticated=False,
    ),
)
