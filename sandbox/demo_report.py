"""The end of the demo: what came of each invoice, what the phones and the forwarder got, the proofs, the timings."""

from __future__ import annotations

import email
import email.policy
import imaplib
import json
import re
import statistics
from collections.abc import Sequence
from email.message import EmailMessage
from typing import Any, Final

import asyncpg
import httpx
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sandbox.demo_places import address_of
from sandbox.demo_show import COLOURS, Result
from sandbox.demo_stack import Stack
from sandbox.mails import APPROVER_PHONES
from sandbox.ports import LOOPBACK

MEDIA: Final = re.compile(r'src="(?P<url>[^"]*/media/[^"]+\.png)"')
LINK: Final = re.compile(r"https?://\S+/audit/\S+")


def report(
    stack: Stack, hashes: Sequence[asyncpg.Record], results: Sequence[Result], console: Console
) -> dict[str, Any]:
    """Print everything and return the figures that the last line holds as JSON."""
    with httpx.Client(trust_env=False, timeout=20) as client:
        _phones(stack, client, console)
        letter = confirmation(stack, results)
        link = _letter(letter, console)
        pictures = _save_pictures(stack, client, link)
        leaks = client.get(f"http://{LOOPBACK}:{stack.places.openrouter}/__sim__/leaks").json()
    _proofs(hashes, leaks, console)
    _outcomes(results, console)
    figures = _figures(stack, results, leaks, pictures)
    console.print(f"\nAudit page   {link or 'none'}")
    console.print(f"Screenshots  {stack.places.run / 'screenshots'} ({pictures} pictures)")
    console.print(f"Logs         {stack.services.logs}\n", highlight=False)
    return figures


def confirmation(stack: Stack, results: Sequence[Result]) -> EmailMessage | None:
    """The confirmation of the first paid invoice, fetched from its forwarder's own mailbox."""
    paid = next((result for result in results if result.end == "paid"), None)
    if paid is None:
        return None
    mail = stack.services.mail
    with imaplib.IMAP4(mail.host, mail.port) as imap:
        imap.login(address_of(paid.sent.mail.forwarder), mail.password)
        imap.select("INBOX", readonly=True)
        _, found = imap.search(None, "HEADER", "In-Reply-To", f'"{paid.sent.message_id}"')
        for number in found[0].split():
            _, parts = imap.fetch(number.decode(), "(BODY.PEEK[])")
            raw = next(part[1] for part in parts if isinstance(part, tuple))
            message = email.message_from_bytes(raw, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            return message
    return None


def _phones(stack: Stack, client: httpx.Client, console: Console) -> None:
    """The chats as the approvers see them."""
    for who, number in APPROVER_PHONES.items():
        chat = client.get(f"http://{LOOPBACK}:{stack.places.twilio}/phone/{number}/chat").json()
        console.rule(f"WhatsApp of {who.partition(' <')[0]}, {number} (simulated)", align="left")
        for message in chat["messages"]:
            mine = message["mine"]
            body = Text(message["body"])
            for _ in message["media"]:
                body.append("\n[screenshot of the bank's confirm page]", style="dim")
            if message["buttons"]:
                titles = "   ".join(f"[ {button['title']} ]" for button in message["buttons"])
                body.append(f"\n\n{titles}", style="bold cyan")
            style = "green" if mine else "white"
            console.print(
                Panel(body, width=min(72, console.width), border_style=style),
                justify="right" if mine else "left",
            )


def _letter(letter: EmailMessage | None, console: Console) -> str | None:
    if letter is None:
        console.print("No confirmation mail was found.", style="red")
        return None
    console.rule("The confirmation mail, in the forwarder's own thread", align="left")
    for name in ("From", "To", "Subject", "Date", "In-Reply-To"):
        console.print(f"[dim]{name}:[/] {letter[name]}", highlight=False)
    body = letter.get_body(("plain",))
    text = str(body.get_content()) if body else ""
    console.print(text, highlight=False, markup=False)
    found = LINK.search(text)
    return found[0] if found else None


def _save_pictures(stack: Stack, client: httpx.Client, link: str | None) -> int:
    """Save every picture the phones got, and those of the audit page, where a person can look at them."""
    folder = stack.places.run / "screenshots"
    folder.mkdir(exist_ok=True)
    count = 0
    base = f"http://{LOOPBACK}:{stack.places.twilio}"
    for number in APPROVER_PHONES.values():
        for message in client.get(f"{base}/phone/{number}/chat").json()["messages"]:
            for picture in message["media"]:
                answer = client.get(f"{base}{picture}")
                (folder / f"ask-{number[-4:]}-{message['sid'][-6:]}.png").write_bytes(answer.content)
                count += 1
    if link:
        for index, match in enumerate(MEDIA.finditer(client.get(link).text), start=1):
            answer = client.get(httpx.URL(link).join(match["url"]))
            (folder / f"audit-{index:02}.png").write_bytes(answer.content)
            count += 1
    return count


def _proofs(hashes: Sequence[asyncpg.Record], leaks: list[Any], console: Console) -> None:
    table = Table(
        title="What Grok was sent and said, by the SHA-256 of the exact bytes",
        title_justify="left",
        show_edge=False,
    )
    for column in ("document", "request", "response", "accounts looked for", "action list"):
        table.add_column(column)
    for row in hashes:
        refusal = row["groq_action_refusal"]
        table.add_row(
            row["document"],
            row["groq_request_hash"][:16] + "…",
            row["groq_response_hash"][:16] + "…",
            f"{row['accounts_checked']}, none found",
            Text(f"refused: {refusal}", style="yellow") if refusal else Text("accepted", style="green"),
        )
    console.print()
    console.print(table)
    seen = f"{len(leaks)} requests with a full account number reached OpenRouter's stand-in"
    console.print(seen, style="red" if leaks else "green")


def _outcomes(results: Sequence[Result], console: Console) -> None:
    table = Table(title="Outcomes", title_justify="left", show_edge=False)
    for column in ("", "what was sent", "document", "came to", "approvals", "bank reference", "why"):
        table.add_column(column)
    console.print()
    for result in results:
        traveller = result.traveller
        table.add_row(
            Text("✓", style="green") if result.as_expected else Text("✗", style="bold red"),
            result.sent.mail.purpose,
            result.expected.document or "-",
            Text(result.end or "nothing", style=COLOURS.get(result.end, "")),
            str(traveller.approvals) if traveller and traveller.approvals else "",
            (traveller.bank_reference or "") if traveller else "",
            result.reason,
        )
    console.print(table)
    for result in results:
        if not result.as_expected:
            wanted = f"{result.expected.state} {' '.join(result.expected.reason_words)}"
            console.print(f"expected {result.expected.document}: {wanted}", style="red")


def _figures(stack: Stack, results: Sequence[Result], leaks: list[Any], pictures: int) -> dict[str, Any]:
    asks = sorted(result.ask_seconds for result in results if result.ask_seconds is not None)
    text = [
        r.ask_seconds
        for r in results
        if r.ask_seconds is not None and (r.expected.document or "").endswith(".pdf")
    ]
    return {
        "mails": len({result.sent.message_id for result in results}),
        "outcomes": len(results),
        "as_expected": sum(result.as_expected for result in results),
        "paid": sum(result.end == "paid" for result in results),
        "leaks": len(leaks),
        "pictures": pictures,
        "start_s": round(stack.start_seconds, 1),
        "mail_to_ask_median_s": round(statistics.median(asks), 1) if asks else None,
        "mail_to_ask_pdf_median_s": round(statistics.median(text), 1) if text else None,
        "mail_to_ask_max_s": round(max(asks), 1) if asks else None,
    }


def last_line(figures: dict[str, Any]) -> str:
    """The figures as one line of JSON."""
    return json.dumps(figures)
