"""A raw mail taken apart: attachments, thread, provenance, and everything a hostile mail can be."""

from __future__ import annotations

import base64
import struct
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.reading.mail import parse_mail
from schema.errors import PermanentError

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 4
XML = b'<?xml version="1.0"?><rsm:CrossIndustryInvoice xmlns:rsm="urn:x"/>'
HEAD = b"From: priya@meridian.example\r\nSubject: Invoice\r\n"


def png(width: int, height: int, size: int) -> bytes:
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return head + b"\x01" * (size - len(head))


def jpeg(width: int, height: int, size: int) -> bytes:
    app0 = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + b"\0" * 9
    sof = b"\xff\xc0" + struct.pack(">HBHH", 17, 8, height, width) + b"\0" * 10
    head = b"\xff\xd8" + app0 + sof
    return head + b"\x01" * (size - len(head))


def a_mail(
    *attached: tuple[bytes, str, str], subject: str = "Fwd: Invoice", body: str = "please pay"
) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Priya Nair <priya@meridian.example>"
    mail["To"] = "invoices@countersign.example"
    mail["Subject"] = subject
    mail["Message-ID"] = "<one@meridian.example>"
    mail["Date"] = "Mon, 23 Nov 2026 15:30:00 +0530"
    mail.set_content(body)
    for data, kind, name in attached:
        maintype, subtype = kind.split("/")
        mail.add_attachment(data, maintype=maintype, subtype=subtype, filename=name)
    return mail


def names(raw: bytes) -> list[str]:
    return [part.name for part in parse_mail(raw).attachments]


def test_a_pdf_is_an_attachment_byte_for_byte() -> None:
    part = parse_mail(a_mail((PDF, "application/pdf", "invoice.pdf")).as_bytes()).attachments[0]
    assert (part.name, part.sniffed, part.path) == ("invoice.pdf", "pdf", "1.2")
    assert part.data == PDF
    assert part.sha256 == sha256(PDF).hexdigest()


def test_the_headers_are_read() -> None:
    mail = parse_mail(a_mail().as_bytes())
    assert (mail.sender, mail.sender_name) == ("priya@meridian.example", "Priya Nair")
    assert (mail.message_id, mail.subject) == ("<one@meridian.example>", "Fwd: Invoice")
    assert mail.received_at == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def test_two_invoices_in_one_mail_are_two() -> None:
    raw = a_mail((PDF, "application/pdf", "a.pdf"), (PDF + b"2", "application/pdf", "b.pdf")).as_bytes()
    assert names(raw) == ["a.pdf", "b.pdf"]


def test_the_same_file_twice_is_one() -> None:
    mail = parse_mail(a_mail((PDF, "application/pdf", "a.pdf"), (PDF, "application/pdf", "b.pdf")).as_bytes())
    assert [part.name for part in mail.attachments] == ["a.pdf"]
    assert "ignored b.pdf: the same file twice" in mail.defects


@pytest.mark.parametrize(
    ("data", "kind", "name", "sniffed"),
    [
        (PDF, "application/octet-stream", "scan", "pdf"),
        (b"\r\n junk" + PDF, "application/pdf", "a.pdf", "pdf"),
        (jpeg(3000, 4000, 90_000), "image/jpeg", "photo.jpg", "jpeg"),
        (png(2480, 3508, 90_000), "image/png", "scan.png", "png"),
        (b"II*\x00" + b"\1" * 90_000, "image/tiff", "scan.tif", "tiff"),
        (XML, "application/xml", "factur-x.xml", "xml"),
        (XML, "text/xml", "invoice.xml", "xml"),
        (b"", "application/pdf", "empty.pdf", "empty"),
        (b"not a pdf at all", "application/pdf", "broken.pdf", "unknown"),
    ],
)
def test_what_could_be_an_invoice_is_kept(data: bytes, kind: str, name: str, sniffed: str) -> None:
    parts = parse_mail(a_mail((data, kind, name)).as_bytes()).attachments
    assert [(part.name, part.sniffed) for part in parts] == [(name, sniffed)]


@pytest.mark.parametrize(
    ("data", "kind", "name", "reason"),
    [
        (png(600, 600, 5_000), "image/png", "logo.png", "logo"),
        (png(1200, 200, 90_000), "image/png", "banner.png", "logo"),
        (jpeg(1200, 200, 90_000), "image/jpeg", "banner.jpg", "logo"),
        (b"PK\x03\x04" + b"\0" * 100, "application/zip", "invoices.zip", "zip is no document"),
        (b"\x78\x9f\x3e\x22" + b"\0" * 100, "application/ms-tnef", "winmail.dat", "tnef is no document"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 100, "image/heic", "photo.heic", "heic is no document"),
        (b"GIF89a" + b"\0" * 100, "image/gif", "wink.gif", "gif is no document"),
        (b"<?xml version='1.0'?><feedback/>", "application/xml+x", "report.dat", "unknown is no document"),
        (b"BEGIN:VCARD", "text/vcard", "card.vcf", "unknown is no document"),
    ],
)
def test_what_cannot_be_an_invoice_is_only_noted(data: bytes, kind: str, name: str, reason: str) -> None:
    mail = parse_mail(a_mail((data, kind, name)).as_bytes())
    assert mail.attachments == ()
    assert any(name in defect and reason in defect for defect in mail.defects)


def with_inline(picture: bytes) -> EmailMessage:
    mail = a_mail()
    mail.add_alternative('<p>see <img src="cid:shot"></p>', subtype="html")
    html = mail.get_payload(1)
    assert isinstance(html, EmailMessage)
    html.add_related(picture, maintype="image", subtype="jpeg", cid="<shot>", filename="shot.jpg")
    return mail


def test_a_picture_in_the_text_does_not_stand_beside_a_pdf() -> None:
    mail = with_inline(jpeg(2000, 3000, 200_000))
    mail.add_attachment(PDF, maintype="application", subtype="pdf", filename="invoice.pdf")
    assert names(mail.as_bytes()) == ["invoice.pdf"]


def test_a_photo_in_the_text_is_the_invoice_when_there_is_nothing_else() -> None:
    assert names(with_inline(jpeg(2000, 3000, 200_000)).as_bytes()) == ["shot.jpg"]


def test_a_signature_in_the_text_is_never_the_invoice() -> None:
    assert names(with_inline(jpeg(400, 400, 30_000)).as_bytes()) == []


def the_vendors_mail() -> EmailMessage:
    inner = EmailMessage()
    inner["From"] = "Asha Traders <billing@asha.example>"
    inner["Subject"] = "Invoice 118"
    inner["Date"] = "Fri, 20 Nov 2026 09:00:00 +0530"
    inner.set_content("attached")
    inner.add_attachment(PDF, maintype="application", subtype="pdf", filename="118.pdf")
    return inner


def test_a_mail_forwarded_as_an_attachment_is_opened() -> None:
    outer = a_mail()
    outer.add_attachment(the_vendors_mail())
    mail = parse_mail(outer.as_bytes())
    assert mail.attachments[0].path == "1.2.1.2"
    assert mail.original.sender == "Asha Traders <billing@asha.example>"
    assert (mail.original.subject, mail.original.date) == ("Invoice 118", "Fri, 20 Nov 2026 09:00:00 +0530")


@pytest.mark.parametrize("kind", ["message/rfc822", "application/octet-stream"])
def test_a_mail_attached_in_base64_is_opened(kind: str) -> None:
    outer = MIMEMultipart()
    outer["From"] = "priya@meridian.example"
    outer.attach(MIMEText("see inside"))
    outer.as_string()  # makes the boundary
    boundary = str(outer.get_boundary())
    text = base64.encodebytes(the_vendors_mail().as_bytes()).decode()
    part = f"Content-Type: {kind}; name=vendor.eml\nContent-Transfer-Encoding: base64\n\n{text}"
    raw = outer.as_string().replace(f"--{boundary}--", f"--{boundary}\n{part}\n--{boundary}--").encode()
    mail = parse_mail(raw)
    assert [part.name for part in mail.attachments] == ["118.pdf"]
    assert mail.original.subject == "Invoice 118"


def test_mails_in_mails_are_opened_five_deep_and_no_deeper() -> None:
    mail = the_vendors_mail()
    for depth in range(7):
        outer = a_mail((PDF + bytes([depth]), "application/pdf", f"{depth}.pdf"))
        outer.add_attachment(mail)
        mail = outer
    parsed = parse_mail(mail.as_bytes())
    assert {part.name for part in parsed.attachments} == {
        "6.pdf",
        "5.pdf",
        "4.pdf",
        "3.pdf",
        "2.pdf",
        "1.pdf",
    }
    assert any("nested deeper than 5" in defect for defect in parsed.defects)


def test_an_inline_forward_gives_the_original() -> None:
    body = "FYI\n\n---------- Forwarded message ---------\nFrom: Asha <billing@asha.example>\nDate: x\nSubject: Inv 1\n"
    original = parse_mail(a_mail(body=body).as_bytes()).original
    assert (original.sender, original.subject) == ("Asha <billing@asha.example>", "Inv 1")


def test_a_plain_mail_has_no_original() -> None:
    assert parse_mail(a_mail().as_bytes()).original.sender is None


def test_the_thread_is_kept_in_order() -> None:
    raw = HEAD + b"References: <a@x>\r\n <b@x>\r\nIn-Reply-To: <b@x>\r\n\r\nhi"
    assert parse_mail(raw).references == ("<a@x>", "<b@x>")


def test_in_reply_to_stands_in_for_references() -> None:
    assert parse_mail(HEAD + b"In-Reply-To: <b@x>\r\n\r\nhi").references == ("<b@x>",)


def test_verdicts_are_kept_topmost_first_and_unfolded() -> None:
    raw = (
        b"Authentication-Results: one;\r\n\tdmarc=pass\r\nAuthentication-Results: two; none\r\n"
        + HEAD
        + b"\r\n"
    )
    assert parse_mail(raw).authentication_results == ("one; dmarc=pass", "two; none")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ('"../../etc/passwd.pdf"', "passwd.pdf"),
        ('"C:\\\\temp\\\\a.pdf"', "a.pdf"),
        ("=?utf-8?b?4KSs4KWA4KSc4KSVLnBkZg==?=", "बीजक.pdf"),
        ('"a\x00b.pdf"', "ab.pdf"),
    ],
)
def test_names_are_made_harmless(value: str, wanted: str) -> None:
    part = f"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename={value}\r\n\r\n"
    assert names(HEAD + part.encode() + PDF) == [wanted]


def test_a_name_in_the_rfc_2231_way_is_read() -> None:
    part = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''f%C3%BCr.pdf\r\n\r\n"
    assert names(HEAD + part + PDF) == ["für.pdf"]


def test_a_pdf_without_name_and_disposition_is_found() -> None:
    raw = (
        HEAD
        + b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode(PDF)
    )
    assert parse_mail(raw).attachments[0].data == PDF


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [
        (b"=?utf-8?b?4oK5IDExOA==?=", "₹ 118"),
        ("₹ 118".encode(), "₹ 118"),
        ("café".encode("latin-1"), "café"),
        (b"a\x00b", "ab"),
        (b"=?x-unknown?q?abc?=", "abc"),
        (b"=?utf-8?b?a?=", None),
    ],
)
def test_subjects_are_text_that_a_database_takes(subject: bytes, wanted: str | None) -> None:
    found = parse_mail(b"From: a@b.example\r\nSubject: " + subject + b"\r\n\r\n").subject
    assert wanted is None or found == wanted
    assert "\x00" not in found


@pytest.mark.parametrize(
    "date", [b"nonsense", b"", b"Mon, 99 Foo 2026 99:99:99 +9999", b"31 Dec 9999 23:59:59 -1200"]
)
def test_a_date_that_is_none_is_none(date: bytes) -> None:
    assert parse_mail(b"From: a@b.example\r\nDate: " + date + b"\r\n\r\n").received_at is None


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"\x00\x01\x02", b"hello, this is no mail"])
def test_what_is_no_mail_is_permanent(raw: bytes) -> None:
    with pytest.raises(PermanentError):
        parse_mail(raw)


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        HEAD
        + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf\r\n\r\n%PDF-1",
        HEAD + b"Content-Type: text/plain; charset=no-such\r\n\r\nhello",
        HEAD
        + b"Content-Type: text/plain; charset=\xff\xfe\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=ZZ",
        HEAD + b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
        HEAD + b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin x",
        HEAD + b"Content-Type: \xff/\xff; name*0*=x'y'z; name*1=%\r\n\r\nx",
        HEAD + b"Content-Type: application/pdf; name*=''%ZZ%\r\n\r\n%PDF-1",
        HEAD + b"Content-Type: application/pdf; name*=no-such-charset''a%FF.pdf\r\n\r\n%PDF-1",
        HEAD + b"Content-Type: message/rfc822\r\n\r\n",
        HEAD + b"Content-Type: message/partial\r\n\r\nx",
    ],
)
def test_broken_mails_are_taken_apart_as_far_as_they_go(raw: bytes) -> None:
    assert parse_mail(raw).sender == "priya@meridian.example"


def test_two_thousand_nested_multiparts_end_in_a_defect() -> None:
    raw = HEAD
    for number in range(2_000):
        raw += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
    mail = parse_mail(raw)
    assert mail.sender == "priya@meridian.example"
    assert any("only the header was read" in defect for defect in mail.defects)


def test_twenty_thousand_parts_are_not_all_looked_at() -> None:
    part = b"--b\r\nContent-Type: application/pdf\r\n\r\n%PDF-\r\n"
    mail = parse_mail(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 20_000)
    assert mail.sender == "priya@meridian.example"
    assert any("only the header was read" in defect for defect in mail.defects)


def test_of_a_thousand_parts_two_hundred_are_looked_at() -> None:
    part = b"--b\r\nContent-Type: application/pdf\r\n\r\n%%PDF-%d\r\n"
    raw = (
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(part % n for n in range(1_000))
    )
    mail = parse_mail(raw)
    assert len(mail.attachments) == 199
    assert "more than 200 parts; the rest was not looked at" in mail.defects


def test_two_hundred_nested_multiparts_end_in_a_defect() -> None:
    raw = HEAD
    for number in range(200):
        raw += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
    assert any("nested deeper than 20" in defect for defect in parse_mail(raw).defects)


def test_a_real_attachment_with_a_content_id_is_kept() -> None:
    mail = a_mail((jpeg(2000, 3000, 200_000), "image/jpeg", "invoice.jpg"))
    mail.get_payload(1)["Content-ID"] = "<f_abc>"  # type: ignore[index]
    assert names(mail.as_bytes()) == ["invoice.jpg"]


@pytest.mark.parametrize(
    "name", [b"From", b"Subject", b"References", b"Authentication-Results", b"Date", b"X"]
)
@pytest.mark.parametrize("piece", [b"a", b"(", b'"', b"<a@b>,", b"=?utf-8?q?a?= ", b"\xff", b"\r\n ("])
def test_a_huge_header_takes_no_time(name: bytes, piece: bytes) -> None:
    started = time.monotonic()
    parse_mail(b"Subject: x\r\n" + name + b": " + piece * (200_000 // len(piece)) + b"\r\n\r\nhello")
    assert time.monotonic() - started < 3


FIELDS = st.sampled_from(
    ["From", "Subject", "Date", "Content-Type", "Content-Disposition", "Content-Transfer-Encoding", "References",
     "Return-Path", "Message-ID", "Authentication-Results", "MIME-Version", "Content-ID"]
)  # fmt: skip
VALUES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"multipart/mixed; boundary=b", b"message/rfc822", b"application/pdf; name=a.pdf", b"base64", b"8bit",
         b"attachment", b"text/html; charset=utf-7", b"quoted-printable", b"a@b.example", b"uuencode",
         b"text/plain; charset=idna"]
    ),
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=200), st.just(b"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: x\r\n\r\n--b--")
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(FIELDS, VALUES), min_size=1, max_size=8), BODIES)
def test_no_mail_breaks_the_parser(fields: list[tuple[str, bytes]], body: bytes) -> None:
    raw = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in fields) + b"\r\n" + body
    mail = parse_mail(b"X-First: 1\r\n" + raw)
    text = mail.model_dump_json(exclude={"attachments": {"__all__": {"data"}}})
    assert "\\u0000" not in text
    text.encode("utf-8")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_behind_a_header_break_the_parser(raw: bytes) -> None:
    assert parse_mail(HEAD + raw).message_id is None or b"<" in raw
