"""Who comes in, who does not, and why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.door import DoorDecision, decide
from handlers.reading.mail import parse_mail
from schema.ids import Address
from schema.mail import Disposition, IncomingMail

OURS = "mx.countersign.example"
PRIYA = Address("priya@meridian.example")
FORWARDERS = frozenset({PRIYA, Address("amit@meridian.example")})
PROVED = f"Authentication-Results: {OURS}; auth=pass smtp.auth={PRIYA}; dmarc=pass header.from=meridian.example\r\n"
UNPROVED = f"Authentication-Results: {OURS}; spf=none; dkim=none; dmarc=none\r\n"


def mail(*fields: str, sender: str = f"From: Priya Nair <{PRIYA}>\r\n") -> IncomingMail:
    return parse_mail("".join([*fields, sender, "Subject: Invoice\r\n\r\nhello"]).encode())


def decided(*fields: str, **options: Any) -> DoorDecision:
    sender = options.pop("sender", f"From: Priya Nair <{PRIYA}>\r\n")
    wanted = {"forwarders": FORWARDERS, "authserv_id": OURS} | options
    return decide(mail(*fields, sender=sender), **wanted)


def test_an_allowed_and_proved_sender_comes_in() -> None:
    decision = decided(PROVED)
    assert decision.accepted
    assert decision.disposition is Disposition.ACCEPTED
    assert decision.evidence["proved_by"] == "dmarc"


def test_the_verdict_is_kept_as_evidence() -> None:
    assert decided(PROVED).evidence["authentication_results"].startswith(OURS)


@pytest.mark.parametrize(
    "verdict",
    [
        f"{OURS}; auth=pass (plain) smtp.auth=Priya@Meridian.example",
        f"{OURS.upper()}; dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=Meridian.Example",
        f"{OURS} 1; dkim=pass header.i=@meridian.example; spf=fail smtp.mailfrom=x@y.example;"
        " dmarc=pass policy.published-domain-policy=reject header.from=meridian.example",
        f"{OURS}; spf=pass smtp.mailfrom=d; dmarc=pass action=none header.from=meridian.example",
    ],
)
def test_verdicts_as_real_servers_write_them_prove(verdict: str) -> None:
    assert decided(f"Authentication-Results: {verdict}\r\n").accepted


@pytest.mark.parametrize(
    "verdict",
    [
        f"{OURS}; dmarc=fail header.from=meridian.example",
        f"{OURS}; dmarc=none",
        f"{OURS}; none",
        f"{OURS}; dmarc=pass header.from=evil.example",
        f"{OURS}; dmarc=pass header.from=sub.meridian.example",
        f"{OURS}; dmarc=pass",
        f"{OURS}; auth=pass smtp.auth=amit@meridian.example",
        f"{OURS}; auth=pass smtp.auth={PRIYA}; dmarc=fail header.from=meridian.example",
        f"{OURS}; dmarc=fail header.from=meridian.example; dmarc=pass header.from=meridian.example",
        f"{OURS}; spf=pass smtp.mailfrom={PRIYA}; dkim=pass header.d=meridian.example",
        f'{OURS}; spf=fail smtp.mailfrom="x; dmarc=pass header.from=meridian.example"; dmarc=none',
        f"{OURS}; spf=fail (dmarc=pass header.from=meridian.example) smtp.mailfrom=x",
        f"{OURS}; dmarc=pass header.from=meridian.example header.from=evil.example",
        f"{OURS}; auth=pass smtp.auth={PRIYA} smtp.auth=x@y.example",
        f"{OURS}; " + "(" * 3_000,
        f"{OURS}; dmarc=pass " + "(x) " * 2_000 + "header.from=meridian.example",
    ],
)
def test_a_verdict_that_proves_something_else_keeps_a_mail_out(verdict: str) -> None:
    decision = decided(f"Authentication-Results: {verdict}\r\n")
    assert decision.disposition is Disposition.QUARANTINED


@pytest.mark.parametrize(
    "claimed",
    ["mx.countersign.example.evil.example", "evil.mx.countersign.example", "mx.google.com", "xmx.countersign.example",
     "mx.countersign.example@evil", "(mx.countersign.example) evil.example", ""],
)  # fmt: skip
def test_a_verdict_under_another_id_is_not_heard(claimed: str) -> None:
    decision = decided(f"Authentication-Results: {claimed}; dmarc=pass header.from=meridian.example\r\n")
    assert decision.disposition is Disposition.QUARANTINED
    assert "no verdict" in decision.reason


def test_a_forged_verdict_below_ours_is_not_heard() -> None:
    assert not decided(UNPROVED, PROVED).accepted


def test_a_forged_verdict_of_another_id_above_ours_does_no_harm() -> None:
    foreign = "Authentication-Results: mx.evil.example; dmarc=fail header.from=meridian.example\r\n"
    assert decided(foreign, PROVED).accepted


def test_a_verdict_in_the_body_is_not_heard() -> None:
    raw = f"From: {PRIYA}\r\n\r\n{PROVED}"
    assert not decide(parse_mail(raw.encode()), forwarders=FORWARDERS, authserv_id=OURS).accepted


def test_a_verdict_behind_a_bare_return_is_not_heard() -> None:
    assert not decided("X-Note: a\r" + PROVED).accepted


def test_a_mail_without_any_verdict_stays_out() -> None:
    assert decided().disposition is Disposition.QUARANTINED


def test_a_proved_stranger_stays_out() -> None:
    verdict = f"Authentication-Results: {OURS}; dmarc=pass header.from=vendor.example\r\n"
    decision = decided(verdict, sender="From: billing@vendor.example\r\n")
    assert decision.reason == "The sender is not on the list of forwarders."


@pytest.mark.parametrize(
    "sender",
    [
        "",
        f"From: {PRIYA}\r\nFrom: thief@x.example\r\n",
        f"From: thief@x.example\r\nFrom: {PRIYA}\r\n",
        f"From: {PRIYA}, thief@x.example\r\n",
        f'From: "{PRIYA}" <thief@x.example>\r\n',
        f"From: {PRIYA} <thief@x.example>\r\n",
        f"From: <{PRIYA}> <thief@x.example>\r\n",
        f"From: thief@x.example ({PRIYA})\r\n",
        f"From: {PRIYA})thief@x.example\r\n",
        f'From: "<{PRIYA}>" <thief@x.example>\r\n',
        f"From: =?utf-8?q?{PRIYA.replace('@', '=40')}?= <thief@x.example>\r\n",
        f"From: group: {PRIYA};\r\n",
        f'From: "thief@x.example" <{PRIYA}>\r\n',
        "From: priya@meridian.example\x00.evil.example\r\n",
        "From: priya@meridi\u0430n.example\r\n",
    ],
)
def test_tricks_with_the_sender_stay_out(sender: str) -> None:
    decision = decided(PROVED, sender=sender)
    assert decision.disposition is Disposition.QUARANTINED


@pytest.mark.parametrize(
    "sender",
    [
        f"From: {PRIYA}\r\n",
        f"From: <{PRIYA}>\r\n",
        f'From: "Nair, Priya" <{PRIYA}>\r\n',
        f"From: Priya K. Nair (Finance) <{PRIYA}>\r\n",
        f"From: =?utf-8?b?4KSq4KWN4KSw4KS/4KSv4KS+?= <{PRIYA}>\r\n",
        f'From: "{PRIYA}" <{PRIYA}>\r\n',
        "From: Priya\r\n <PRIYA@Meridian.Example>\r\n",
    ],
)
def test_the_ways_people_are_written_come_in(sender: str) -> None:
    assert decided(PROVED, sender=sender).accepted


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated (rejected)",
        "Precedence: bulk",
        "Precedence: auto_reply",
        "List-Id: Staff <staff.meridian.example>",
        "Return-Path: <>",
        "X-Autoreply: yes",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
    ],
)
def test_mail_no_person_sent_is_ignored_even_when_proved(field: str) -> None:
    assert decided(field + "\r\n", PROVED).disposition is Disposition.IGNORED


@pytest.mark.parametrize(
    "field", ["Auto-Submitted: no", "Precedence: first-class", "Return-Path: <priya@meridian.example>"]
)
def test_mail_a_person_sent_is_not_taken_for_automatic(field: str) -> None:
    assert decided(field + "\r\n", PROVED).accepted


def test_a_mail_of_our_own_that_comes_back_is_ignored() -> None:
    ours = "Message-ID: <report-1@countersign.example>\r\n"
    assert decided(ours, PROVED, own_domain="countersign.example").disposition is Disposition.IGNORED


def test_only_accepted_mail_has_the_disposition_accepted() -> None:
    for decision in (decided(PROVED), decided(UNPROVED), decided("Precedence: junk\r\n")):
        assert decision.accepted == (decision.disposition is Disposition.ACCEPTED)


@given(st.text(max_size=200))
def test_no_text_under_another_id_lets_a_mail_in(text: str) -> None:
    incoming = mail().model_copy(update={"authentication_results": ("x" + text,)})
    assert not decide(incoming, forwarders=FORWARDERS, authserv_id=OURS).accepted


@given(st.text(alphabet='();="\\ abdmrcpsx.@-', max_size=80))
def test_no_noise_behind_our_id_breaks_the_door(noise: str) -> None:
    incoming = mail().model_copy(update={"authentication_results": (f"{OURS}; {noise}",)})
    assert not decide(incoming, forwarders=FORWARDERS, authserv_id=OURS).accepted
