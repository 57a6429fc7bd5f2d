"""The mails that let people into the console: a link to sign in, a code to prove once more who they are; pure."""

from __future__ import annotations

import html
import secrets
from datetime import timedelta

from schema.ids import Address
from schema.mail import OutgoingMail
from schema.people import Person
from schema.visible import one_line


def sign_in_mail(person: Person, url: str, lasts: timedelta, domain: str) -> OutgoingMail:
    """The link; it says what to do when nobody asked for it."""
    minutes = int(lasts.total_seconds() // 60)
    lines = (
        f"Hello {one_line(person.name)},",
        f"this link signs you in to Countersign. It works once, for {minutes} minutes:",
        url,
        "If you did not ask for it, do nothing; nobody gets in without it. Never pass it on.",
    )
    return _mail(person.address, "Your link to sign in", lines, "sign-in", domain, url=url)


def code_mail(person: Person, code: str, lasts: timedelta, domain: str) -> OutgoingMail:
    """The code; whoever gets one unasked has someone else in their session."""
    minutes = int(lasts.total_seconds() // 60)
    lines = (
        f"Hello {one_line(person.name)},",
        f"your code is {code}. It holds for {minutes} minutes, in the window where you asked for it.",
        "If you did not ask for it, someone else is signed in as you: end your other sessions under Settings, and tell "
        "your admin. Never tell anyone the code.",
    )
    return _mail(person.address, "Your code", lines, "code", domain)


def _mail(
    to: Address, subject: str, lines: tuple[str, ...], kind: str, domain: str, *, url: str = ""
) -> OutgoingMail:
    shown = [
        f'<p><a href="{html.escape(url)}">Sign in</a></p>' if line == url else f"<p>{html.escape(line)}</p>"
        for line in lines
    ]
    return OutgoingMail(
        to=to,
        subject=f"Countersign: {subject}",
        text="\n\n".join(lines) + "\n",
        html="\n".join(shown),
        message_id=f"<{kind}.{secrets.token_hex(16)}@{domain}>",
    )
