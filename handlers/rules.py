"""The company's own rules: small pure functions in a registry, each with an id, a severity and one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

from handlers.facts import Facts
from schema.arrangement import told_sheets
from schema.findings import Finding, Severity
from schema.masking import Masked, mask
from schema.store.master import name_key

Noticed: TypeAlias = dict[str, str] | None
"""What a rule returns: the words for its sentence and its evidence, or None when there is nothing to say."""

Check: TypeAlias = Callable[[Facts], Noticed]

IFSC: Final = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
"""Eleven characters, the fifth always zero (RBI)."""

NEEDED: Final = ("invoice_number", "issue_date", "total", "currency", "seller_name")
SURE: Final = ("invoice_number", "total", "currency")
"""A payment stands on these three; the vendor is proved by look-up, not by confidence."""

SHORTEST_PART: Final = 4
"""Letters of a short form of a name (`Acme` for `Acme Supplies`); with fewer, any name holds it by chance."""


@dataclass(frozen=True)
class Rule:
    """One rule: `sentence` may name what the check returned, e.g. `{number}`."""

    id: str
    severity: Severity
    sentence: str
    check: Check


def judge(facts: Facts) -> tuple[Finding, ...]:
    """Run every rule and return what they noticed, heaviest first, else in telling order."""
    findings = []
    for rule in RULES:
        noticed = rule.check(facts)
        if noticed is not None:
            masked = {name: str(mask(value)) for name, value in noticed.items()}
            findings.append(
                Finding(
                    rule=rule.id,
                    severity=rule.severity,
                    sentence=rule.sentence.format_map(masked),
                    evidence=masked,
                )
            )
    order = list(Severity)
    return tuple(sorted(findings, key=lambda finding: -order.index(finding.severity)))


def _same_file(f: Facts) -> Noticed:
    twin = next((t for t in f.twins if t.same_file), None)
    return {"first": f"{twin.at:%d %b %Y %H:%M} UTC", "state": twin.state} if twin else None


def _same_number(f: Facts) -> Noticed:
    twin = next((t for t in f.twins if not t.same_file), None)
    if twin is None:
        return None
    return {
        "number": twin.invoice_number or "",
        "first": f"{twin.at:%d %b %Y %H:%M} UTC",
        "total": str(twin.total or "an unknown sum"),
    }


def _kind(f: Facts) -> Noticed:
    kind = f.invoice.reading.kind if f.invoice.reading else "unknown"
    return {"kind": kind.replace("_", " ")} if kind in ("credit_note", "quotation") else None


def _missing(f: Facts) -> Noticed:
    missing = [name for name in NEEDED if getattr(f.fields, name).value is None]
    return {"fields": ", ".join(name.replace("_", " ") for name in missing)} if missing else None


def _not_a_sum(f: Facts) -> Noticed:
    read = f.fields.total.value is not None and f.fields.currency.value is not None
    wrong = read and (f.total is None or f.total.amount <= 0)
    return {"total": f"{f.fields.currency.value} {f.fields.total.value}"} if wrong else None


def _unsure(f: Facts) -> Noticed:
    least = f.policy.reading.minimum_confidence
    cells = {name: getattr(f.fields, name) for name in SURE}
    unsure = [
        f"{name.replace('_', ' ')} ({cell.confidence:.0%})"
        for name, cell in cells.items()
        if cell.value is not None and Decimal(str(cell.confidence)) < least
    ]
    return {"fields": ", ".join(unsure)} if unsure else None


def _totals(f: Facts) -> Noticed:
    net, tax, total = f.fields.net.value, f.fields.tax.value, f.fields.total.value
    if net is None or tax is None or total is None:
        return None
    return (
        None
        if abs(net + tax - total) <= f.policy.limits.tolerance
        else {"net": f"{net}", "tax": f"{tax}", "total": f"{total}"}
    )


def _dates(f: Facts) -> Noticed:
    issued, due = f.fields.issue_date.value, f.fields.due_date.value
    return {"issued": f"{issued}", "due": f"{due}"} if issued and due and due < issued else None


def _pages_disagree(f: Facts) -> Noticed:
    warnings = f.invoice.reading.warnings if f.invoice.reading else ()
    return {"warnings": "; ".join(warnings)} if warnings else None


def _unknown_beneficiary(f: Facts) -> Noticed:
    name = f.fields.seller_name.value or "no name"
    return {"name": name, "tax_id": f.fields.seller_tax_id.value or "none"} if f.vendor is None else None


def _found_by_name(f: Facts) -> Noticed:
    return {"name": f.vendor.name} if f.vendor and f.found_by == "name" else None


def _blocked(f: Facts) -> Noticed:
    return {"name": f.vendor.name} if f.vendor and f.vendor.blocked else None


def _changing(f: Facts) -> Noticed:
    return {"name": f.vendor.name} if f.vendor and f.vendor.changing else None


def _other_name(f: Facts) -> Noticed:
    """A name that was barely read proves nothing against a tax id with a right check digit."""
    name, sure = f.fields.seller_name.value, f.fields.seller_name.confidence
    unsure = sure < f.policy.reading.minimum_confidence
    if f.vendor is None or name is None or unsure or f.found_by != "tax id":
        return None
    short, long = sorted((name_key(name), name_key(f.vendor.name)), key=len)
    same = short == long or (len(short) >= SHORTEST_PART and short in long)
    return None if same else {"printed": name, "name": f.vendor.name}


def _other_account(f: Facts) -> Noticed:
    printed = f.invoice.account_print
    if f.vendor is None or printed is None or printed == f.vendor.account.print:
        return None
    return {"printed": f"XXXXXX{f.invoice.account_last4}", "master": f.vendor.account.masked}


def _other_routing(f: Facts) -> Noticed:
    printed = f.fields.ifsc.value
    if f.vendor is None or printed is None or _routing(printed) == _routing(f.vendor.routing):
        return None
    return {"printed": printed, "master": f.vendor.routing}


def _malformed_ifsc(f: Facts) -> Noticed:
    printed = f.fields.ifsc.value
    wrong = printed and f.fields.currency.value == "INR" and not IFSC.fullmatch(printed)
    return {"printed": printed or ""} if wrong else None


def _other_currency(f: Facts) -> Noticed:
    if f.vendor is None or f.total is None or f.total.currency == f.vendor.currency:
        return None
    return {"printed": f.total.currency, "master": f.vendor.currency}


def _no_limit(f: Facts) -> Noticed:
    known = f.policy.limits.two_people_above
    return {"currency": f.total.currency} if f.total and f.total.currency not in known else None


def _too_much(f: Facts) -> Noticed:
    if f.total is None:
        return None
    limit = f.policy.limits.refuse_above.get(f.total.currency)
    return (
        {"total": str(f.total), "limit": f"{f.total.currency} {limit:,}"}
        if limit is not None and f.total.amount > limit
        else None
    )


def _two_people(f: Facts) -> Noticed:
    return {"total": str(f.total)} if f.total and f.policy.people_needed(f.total) == 2 else None


def _unknown_po(f: Facts) -> Noticed:
    number = f.fields.po_number.value
    return {"number": number} if number and f.purchase_order is None else None


def _no_po(f: Facts) -> Noticed:
    return {} if f.fields.po_number.value is None else None


def _foreign_po(f: Facts) -> Noticed:
    po = f.purchase_order
    return {"number": po.number} if po and f.vendor and po.vendor_id != f.vendor.id else None


def _closed_po(f: Facts) -> Noticed:
    return {"number": f.purchase_order.number} if f.purchase_order and not f.purchase_order.open else None


def _over_po(f: Facts) -> Noticed:
    po = f.purchase_order
    if po is None or f.total is None:
        return None
    left = po.total.amount - po.used
    same = po.total.currency == f.total.currency
    if same and f.total.amount <= left + f.policy.limits.tolerance:
        return None
    return {"number": po.number, "left": f"{po.total.currency} {left:,.2f}", "total": str(f.total)}


def _suspicious(f: Facts) -> Noticed:
    report = f.invoice.report
    return {"summary": report.summary} if report and report.verdict == "suspicious" else None


def _insufficient(f: Facts) -> Noticed:
    report = f.invoice.report
    return {"summary": report.summary} if report and report.verdict == "insufficient" else None


def _corrected(f: Facts) -> Noticed:
    """Told to the approvers: what a person wrote is believed, so those who pay must know that it was written."""
    told = [
        f"{name.replace('_', ' ')} is {'nothing' if cell.value is None else cell.value}"
        + (f" (printed: {cell.text})" if cell.text else " (not found on the page)")
        for name, cell in f.fields
        if cell.source == "person"
    ]
    return {"fields": "; ".join(told)} if told else None


def _rearranged(f: Facts) -> Noticed:
    """Told to the approvers, as corrections are: which pages are read is believed, too."""
    if not f.invoice.sheets:
        return None
    return {"pages": told_sheets(f.invoice.sheets), "person": f.invoice.arranged_by or "a person"}


def _refused_actions(f: Facts) -> Noticed:
    return {"reason": f.invoice.refusal or "no list"} if f.invoice.plan is None else None


def _routing(code: str) -> Masked:
    """An IFSC or BIC for comparison; a BIC without branch means the head office, `XXX` (ISO 9362)."""
    compact = re.sub(r"\s", "", code).upper()
    return Masked(compact[:-3] if len(compact) == 11 and compact.endswith("XXX") else compact)


R, H, W, I = Severity.REJECT, Severity.HOLD, Severity.WARN, Severity.INFO  # noqa: E741 - columns of the table

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "duplicate_file",
        R,
        "A duplicate: this very file came before, on {first}, and is {state}.",
        _same_file,
    ),
    Rule(
        "duplicate_number",
        R,
        "A duplicate: invoice {number} of this vendor came before, on {first}, over {total}.",
        _same_number,
    ),
    Rule("not_an_invoice", H, "This is a {kind}, not an invoice to pay.", _kind),
    Rule("missing_field", H, "Could not find: {fields}.", _missing),
    Rule("not_a_sum", H, "{total} is not a sum that can be paid.", _not_a_sum),
    Rule("low_confidence", H, "Not sure enough of: {fields}.", _unsure),
    Rule("totals_disagree", H, "Net {net} and tax {tax} do not add up to {total}.", _totals),
    Rule("readings_disagree", H, "The document contradicts itself: {warnings}", _pages_disagree),
    Rule(
        "unknown_beneficiary",
        H,
        "{name} (tax id {tax_id}) is not in the vendor master.",
        _unknown_beneficiary,
    ),
    Rule("blocked_vendor", H, "Payments to {name} are blocked.", _blocked),
    Rule(
        "bank_details_changing",
        H,
        "New bank details of {name} wait for a second person; until then nothing is paid to them.",
        _changing,
    ),
    Rule("other_name", H, "The invoice is from {printed}, the tax id belongs to {name}.", _other_name),
    Rule(
        "other_bank_account",
        H,
        "The invoice asks for account {printed}; the vendor master has {master}. Call the vendor on a known number.",
        _other_account,
    ),
    Rule("ifsc_mismatch", H, "The invoice names {printed}; the vendor master has {master}.", _other_routing),
    Rule("malformed_ifsc", H, "{printed} is not an IFSC (its fifth character must be 0).", _malformed_ifsc),
    Rule(
        "other_currency", H, "The invoice is in {printed}; this vendor is paid in {master}.", _other_currency
    ),
    Rule("no_limit", H, "No limits are set for {currency}; add them to the policy file.", _no_limit),
    Rule("above_limit", H, "{total} is above the limit of {limit}.", _too_much),
    Rule("unknown_po", H, "Purchase order {number} is not known.", _unknown_po),
    Rule("foreign_po", H, "Purchase order {number} belongs to another vendor.", _foreign_po),
    Rule("closed_po", H, "Purchase order {number} is closed.", _closed_po),
    Rule("over_po", H, "{total} is more than the {left} left of purchase order {number}.", _over_po),
    Rule("actions_refused", H, "Grok's action list was refused: {reason}", _refused_actions),
    Rule("model_suspicious", H, "Grok finds this suspicious: {summary}", _suspicious),
    Rule("model_insufficient", W, "Grok could not judge this: {summary}", _insufficient),
    Rule("corrected", W, "A person corrected what was read: {fields}.", _corrected),
    Rule("rearranged", W, "Its pages were chosen by {person}: {pages}.", _rearranged),
    Rule("due_before_issue", W, "Due on {due}, before its date {issued}.", _dates),
    Rule("found_by_name", W, "No tax id matched; {name} was found by name.", _found_by_name),
    Rule("no_po", I, "The invoice names no purchase order.", _no_po),
    Rule("two_people", I, "{total} needs two people.", _two_people),
)
"""In telling order. A new rule is one line here, one function above and one test."""
