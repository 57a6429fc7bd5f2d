"""The audit page shows the whole case, lets no stranger's text act, and shows no full account number."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import daemon.web
from daemon.web.audit_view import (
    FIELD_LABELS,
    LONGEST_TEXT,
    milestones,
    moment,
    outcome_of,
    render_audit,
)
from schema.audit_case import AuditCase, FieldRow
from schema.document import InvoiceFields, Place
from schema.findings import Finding, Severity
from schema.money import Money
from schema.states import State
from tests.unit.audit_cases import FIELDS, PUNE, TOTAL, at, model, new_case, paid_case

ACCOUNT = "50200047719326"
SECTIONS = 9
IBAN = "DE73200505500648123909"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"
STYLESHEET = Path(daemon.web.__file__).parent / "static" / "audit.css"


class Page(HTMLParser):
    """The tags and ids of a page, and the links inside it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.jumps: list[str] = []
        self.attributes: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.attributes += list(found)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.jumps += [(found["href"] or "")[1:]] if (found.get("href") or "").startswith("#") else []


def everywhere(text: str) -> AuditCase:
    """A paid case with `text` wherever a stranger could have put it."""
    case = paid_case()
    assert case.document
    assert case.mail
    assert case.model
    assert case.model.report
    assert case.transfer
    fields = tuple(row.model_copy(update={"value": text, "printed": f"{text} "}) for row in FIELDS)
    report = case.model.report.model_copy(update={"summary": text})
    return case.model_copy(
        update={
            "number": text,
            "vendor": text,
            "reason": text,
            "document": case.document.model_copy(
                update={"name": text, "warnings": (text,), "fields": fields}
            ),
            "mail": case.mail.model_copy(
                update={"subject": text, "sender_name": text, "evidence": {text: text}}
            ),
            "model": case.model.model_copy(
                update={
                    "report": report,
                    "request_json": text,
                    "actions": ({"op": text, text: text},),
                    "refusal": text,
                }
            ),
            "findings": (Finding(rule="x", severity=Severity.HOLD, sentence=text, evidence={text: text}),),
            "transfer": case.transfer.model_copy(update={"beneficiary": text, "routing": text}),
            "timeline": tuple(e.model_copy(update={"note": text, "actor": text}) for e in case.timeline),
        }
    )


def free_texts(account: str) -> AuditCase:
    """A paid case in which an account number slipped into every text that is masked on the page."""
    case = everywhere(f"pay to {account} now")
    return case.model_copy(
        update={"number": "AIS/8812", "transfer": paid_case().transfer, "document": _fields(account)}
    )


def _fields(account: str) -> object:
    document = paid_case().document
    assert document
    row = FieldRow(name="account", value=account, printed=account, confidence=0.9, source="ocr", place=None)
    return document.model_copy(update={"fields": (row,), "warnings": (account,), "name": account})


def test_a_paid_case_shows_what_was_paid_to_whom_and_by_whose_leave() -> None:
    html = render_audit(paid_case())
    wanted = [
        "INR 84,960.00",
        "Acme Industrial Supplies Pvt Ltd",
        "AIS/26-27/8812",
        "XXXXXX9326",
        "HDFC0000485",
    ]
    wanted += ["MBKN202611230000417", "CSQ4ZK2WVN7HTB5XLA6RMD", "Asha Rao", "23 Nov 2026, 18:45:41 IST"]

    assert [text for text in wanted if text not in html] == []


def test_every_hash_is_shown_in_full() -> None:
    case = paid_case()
    assert case.document
    assert case.mail
    assert case.model
    assert case.transfer
    html = render_audit(case)
    hashes: list[str] = [
        case.document.sha256,
        case.mail.raw_sha256,
        case.model.request_sha256,
        case.model.response_sha256,
    ]
    hashes += [case.transfer.fingerprint or "", *(s.sha256 for s in case.screenshots)]
    hashes += [entry.leaf_hash for entry in case.timeline]

    assert [digest for digest in hashes if f">{digest}<" not in html] == []


def test_the_leak_guards_proof_names_its_count() -> None:
    assert "checked against 9 known account numbers: <b>none found</b>" in render_audit(paid_case())


def test_a_simulated_receipt_has_its_banner() -> None:
    assert 'class="simulated"' in render_audit(paid_case())


def test_a_real_receipt_has_no_banner() -> None:
    case = paid_case()
    assert case.receipt
    real = case.model_copy(update={"receipt": case.receipt.model_copy(update={"simulated": False})})

    assert "SIMULATED" not in render_audit(real)


def test_a_case_with_nothing_in_it_says_so_in_every_section() -> None:
    html = render_audit(new_case())

    assert html.count('class="empty"') == 8
    assert "Sum not known yet" in html


@pytest.mark.parametrize(
    "member", ["mail", "document", "model", "transfer", "receipt", "total", "vendor", "link_until"]
)
def test_the_page_stands_without(member: str) -> None:
    assert render_audit(paid_case().model_copy(update={member: None})).rstrip().endswith("</html>")


@pytest.mark.parametrize("member", ["findings", "screenshots", "questions", "timeline"])
def test_the_page_stands_with_no(member: str) -> None:
    assert render_audit(paid_case().model_copy(update={member: ()})).rstrip().endswith("</html>")


def test_a_script_in_any_text_is_only_text() -> None:
    page = Page(render_audit(everywhere(SCRIPT)))

    assert "script" not in page.tags
    assert "onerror" not in page.attributes


def test_text_cannot_leave_an_attribute() -> None:
    page = Page(render_audit(everywhere('" onload="x" style="y')))

    assert {"onload", "style"} & set(page.attributes) == set()


def test_direction_changing_characters_are_written_out() -> None:
    html = render_audit(everywhere("invoice\u202egpj.exe\u2066\u0007"))

    assert not re.search("[\u202a-\u202e\u2066-\u2069\u0007]", html)
    assert "[U+202E]" in html


def test_a_very_long_text_is_cut_and_says_how_long_it_was() -> None:
    case = paid_case().model_copy(update={"reason": "x" * 10_000})
    html = render_audit(case)

    assert "… (10,000 characters)" in html
    assert "x" * (LONGEST_TEXT + 1) not in html


@pytest.mark.parametrize("account", [ACCOUNT, IBAN, "5020 0047 7193 26", "5020-0047-719326"])
def test_a_full_account_number_is_masked_wherever_it_slipped_in(account: str) -> None:
    html = render_audit(free_texts(account))

    assert account not in html
    assert "XXXXXX" in html


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_whatever_is_written_the_page_keeps_its_sections(text: str) -> None:
    assert Page(render_audit(everywhere(text))).tags.count("section") == SECTIONS


def test_the_page_needs_no_script_and_no_inline_style() -> None:
    page = Page(render_audit(paid_case()))

    assert {"script", "style", "iframe", "form", "object"} & set(page.tags) == set()
    assert [name for name in page.attributes if name == "style" or name.startswith("on")] == []


def test_every_jump_has_its_place_and_no_id_is_given_twice() -> None:
    page = Page(render_audit(paid_case()))

    assert [jump for jump in page.jumps if jump not in page.ids] == []
    assert len(page.ids) == len(set(page.ids))


def test_a_box_lies_where_its_field_was_read() -> None:
    row = FieldRow(
        name="total",
        value="1",
        printed=None,
        confidence=0.5,
        source="ocr",
        place=Place(page=1, x0=0.5, y0=0.5, x1=0.75, y1=0.6),
    )
    case = paid_case()
    assert case.document
    html = render_audit(
        case.model_copy(update={"document": case.document.model_copy(update={"fields": (row,)})})
    )
    rect = re.search(
        r'id="b-total" class="box low">.*?<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', html, re.DOTALL
    )

    assert rect
    pad = 1240 * 0.004
    assert [float(edge) for edge in rect.groups()] == pytest.approx([620 - pad, 877 - pad, 310 + 2 * pad])


def test_a_refused_action_list_gives_its_reason() -> None:
    refused = model().model_copy(
        update={"accepted": False, "refusal": "Navigation outside the bank's origin."}
    )
    html = render_audit(paid_case().model_copy(update={"model": refused}))

    assert "refused as a whole" in html
    assert "Navigation outside the bank&#39;s origin." in html


def test_unknown_members_of_an_action_are_shown() -> None:
    odd = model().model_copy(update={"actions": ({"op": "eval", "code": "steal()"},), "accepted": False})

    assert "steal()" in render_audit(paid_case().model_copy(update={"model": odd}))


def test_an_answer_to_other_terms_does_not_count() -> None:
    case = paid_case()
    old = tuple(question.model_copy(update={"superseded": True}) for question in case.questions)
    html = render_audit(case.model_copy(update={"questions": old}))

    assert ">0 of 1<" in html
    assert ">superseded<" in html


def test_a_closed_invoice_shows_what_it_was_closed_as() -> None:
    assert outcome_of(paid_case()) is State.PAID


def test_an_open_invoice_shows_its_state() -> None:
    assert outcome_of(new_case()) is State.RECEIVED


def test_milestones_tell_when_each_was_reached() -> None:
    reached = dict(milestones(paid_case()))

    assert reached["Paid"] == at(15, 45)
    assert dict(milestones(new_case()))["Received"] is None


def test_a_moment_names_its_zone() -> None:
    assert moment(at(31), PUNE) == "23 Nov 2026, 19:01:00 IST"


def test_a_long_invoice_number_is_no_account_and_stays_readable() -> None:
    assert "202611230001" in render_audit(paid_case().model_copy(update={"number": "202611230001"}))


def test_every_field_of_the_reader_has_a_label_and_a_line_in_the_stylesheet() -> None:
    css = STYLESHEET.read_text()

    assert set(FIELD_LABELS) == set(InvoiceFields.model_fields)
    assert [name for name in FIELD_LABELS if f"#f-{name.replace('_', '-')} {{" not in css] == []


def test_the_stylesheet_loads_nothing_from_elsewhere() -> None:
    css = STYLESHEET.read_text()

    assert "url(" not in css
    assert "@import" not in css


def test_a_sum_in_another_currency_is_shown_as_such() -> None:
    euros = Money(amount=TOTAL.amount, currency="EUR")

    assert "EUR 84,960.00" in render_audit(paid_case().model_copy(update={"total": euros}))
