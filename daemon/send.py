"""`countersign send`: forward files to the watched mailbox as a person would, over SMTP."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from daemon.settings import Settings
from daemon.wiring import submit_mail
from schema.errors import SettingsError


async def send_files(settings: Settings, files: Sequence[Path], *, forwarder: str, subject: str) -> str:
    """Send one mail with `files` from `forwarder`; returns the sentence to show."""
    if not settings.smtp_host or not settings.imap_user:
        raise SettingsError("SMTP_HOST and IMAP_USER are not set; is the local stack up (make demo)?")
    sender = forwarder or next(iter(sorted(settings.forwarders)), "")
    if not sender:
        raise SettingsError("FORWARDERS is not set, so nobody may forward an invoice.")
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, settings.imap_user
    mail["Subject"] = subject or f"Fwd: {files[0].name}"
    mail["Date"], mail["Message-ID"] = (
        formatdate(localtime=True),
        make_msgid(domain=sender.rpartition("@")[2]),
    )
    mail.set_content("Please pay the attached.\n")
    for file in files:
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        main, _, sub = kind.partition("/")
        mail.add_attachment(file.read_bytes(), maintype=main, subtype=sub, filename=file.name)
    await submit_mail(settings, mail, sender)
    return f"Forwarded {', '.join(file.name for file in files)} to {settings.imap_user} as {sender}."
