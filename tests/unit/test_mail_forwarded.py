"""The vendor's mail inside an inline forward, on the corpus and on cases of our own."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reading.forwarded import find_original, sender_of, without_prefixes
from handlers.reading.mail_text import html_to_text

CORPUS = Path(os.environ.get("COUNTERSIGN_CORPORA", "/nonexistent")) / "mail_forward"


def cases() -> list[dict[str, Any]]:
    truth = CORPUS / "truth.jsonl"
    return [json.loads(line) for line in truth.read_text().splitlines()] if truth.exists() else []


@pytest.mark.skipif(not CORPUS.exists(), reason="set COUNTERSIGN_CORPORA to the folder of the corpora")
def test_every_forward_of_the_corpus_is_read_right() -> None:
    wrong = [case["file"] for case in cases() if not is_right(case)]
    assert len(cases()) == 88
    assert wrong == []


def is_right(case: dict[str, Any]) -> bool:
    text = (CORPUS / "docs" / case["file"]).read_text(encoding="utf-8")
    found = find_original(text, case["outer_subject"] or "")
    if not case["forwarded"]:
        return found is None
    address, name = case["from_address"], case["from_name"]
    sender = f"{name} <{address}>" if name else address
    return found is not None and (found.sender, found.subject, found.date) == (
        sender,
        case["subject"],
        case["date_raw"],
    )


HINDI = """\
कृपया भुगतान करें

---------- Forwarded message ---------
प्रेषक: आशा ट्रेडर्स <billing@asha.example>
दिनांक: सोम, 23 नव॰ 2026 को 10:15 am बजे
विषय: बीजक 118
प्रति: <priya@meridian.example>

नमस्ते
"""

MARATHI = """\
---------- पुढे पाठवलेला मेसेज ---------
पाठवणारे: Asha Traders <billing@asha.example>
तारीख: २३ नोव्हें, २०२६
विषय: चलन ११८
"""

GMAIL_BOLD = """\
*From:* Asha Traders <billing@asha.example>
*Sent:* Monday, November 23, 2026 10:15 AM
*To:* Priya Nair <priya@meridian.example>
*Subject:* Invoice 118
"""


@pytest.mark.parametrize(
    ("text", "sender", "subject"),
    [
        (HINDI, "आशा ट्रेडर्स <billing@asha.example>", "बीजक 118"),
        (MARATHI, "Asha Traders <billing@asha.example>", "चलन ११८"),
        (GMAIL_BOLD, "Asha Traders <billing@asha.example>", "Invoice 118"),
    ],
)
def test_forwards_in_other_tongues_and_dress_are_read(text: str, sender: str, subject: str) -> None:
    found = find_original(text, "Fwd: x")
    assert found is not None
    assert (found.sender, found.subject) == (sender, subject)


def test_a_forward_in_html_alone_is_read() -> None:
    html = (
        "<html><head><style>p{x:y}</style></head><body><div><b>From:</b> Asha &lt;billing@asha.example&gt;<br>"
        "<b>Sent:</b> Monday<br><b>Subject:</b> Invoice&nbsp;118</div></body></html>"
    )
    found = find_original(html_to_text(html), "FW: Invoice 118")
    assert found is not None
    assert (found.sender, found.subject) == ("Asha <billing@asha.example>", "Invoice 118")


def test_the_outermost_of_two_forwards_is_taken() -> None:
    inner = HINDI.replace("billing@asha.example", "inner@asha.example")
    found = find_original(GMAIL_BOLD + "\n" + inner, "Fwd: x")
    assert found is not None
    assert found.sender == "Asha Traders <billing@asha.example>"


def test_a_reply_is_no_forward() -> None:
    assert find_original(GMAIL_BOLD, "Re: Invoice 118") is None


def test_a_letter_that_speaks_of_dates_is_no_forward() -> None:
    text = "Dear Priya,\n\nDate: tomorrow\nSubject: to change\n\nFrom: here we go\n"
    assert find_original(text, "Invoice") is None


@pytest.mark.parametrize(
    ("printed", "wanted"),
    [
        ("John [mailto:j@a.example]", "John <j@a.example>"),
        ("« John » <j@a.example>", "John <j@a.example>"),
        ("j@a.example <j@a.example>", "j@a.example"),
        ("Asha Traders", "Asha Traders"),
        ("", None),
    ],
)
def test_senders_are_read_as_they_are_printed(printed: str, wanted: str | None) -> None:
    assert sender_of(printed) == wanted


def test_a_subject_loses_all_its_prefixes() -> None:
    assert without_prefixes("WG: Fwd: Re: Invoice: 118") == "Invoice: 118"


@given(st.text(max_size=300), st.text(max_size=30))
def test_no_text_breaks_the_search(text: str, subject: str) -> None:
    find_original(text, subject)


@pytest.mark.parametrize(
    "piece",
    ["From: a\n", "> " * 50, "On 1 1:11 ", "a: ", "\u00a0", "<![x", "<a <a ", "<!--", "From: \n\nDate: \n\n"],
)
def test_hostile_text_takes_no_time(piece: str) -> None:
    started = time.monotonic()
    text = piece * (400_000 // len(piece))
    find_original(text, "Fwd: x")
    find_original(html_to_text(text), "Fwd: x")
    assert time.monotonic() - started < 5
