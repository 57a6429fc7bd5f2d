"""What a person gives by hand is taken apart under limits: mails, zips, and zips that were made to hurt."""

from __future__ import annotations

import io
import struct
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.parcel import DOCUMENTS_LIMIT, open_parcel
from handlers.reading import archive
from schema.errors import PermanentError

SAMPLES = Path(__file__).parents[2] / "sandbox" / "samples"
PDF = (SAMPLES / "acme-8812.pdf").read_bytes()
OTHER_PDF = (SAMPLES / "blueleaf-071.pdf").read_bytes()


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return target.getvalue()


def mail(*files: bytes) -> bytes:
    message = EmailMessage()
    message["From"] = "Evil <ceo@meridian.example>"
    message["Message-ID"] = "<1@x.example>"
    message["Subject"] = "Fwd: invoice"
    message.set_content("Please pay.")
    for number, data in enumerate(files):
        message.add_attachment(data, maintype="application", subtype="pdf", filename=f"{number}.pdf")
    return message.as_bytes()


def names(raw: bytes, name: str) -> list[str]:
    return [part.name for part in open_parcel(raw, name).documents]


def test_a_document_is_itself() -> None:
    (part,) = open_parcel(PDF, "a.pdf").documents
    assert (part.path, part.sniffed, part.data) == ("1", "pdf", PDF)


def test_a_mail_gives_its_attachments_and_only_claims_its_sender() -> None:
    parcel = open_parcel(mail(PDF), "fwd.eml")
    assert [part.sniffed for part in parcel.documents] == ["pdf"]
    assert parcel.evidence["mails"][0]["sender_claimed"] == "ceo@meridian.example"


def test_a_zip_gives_its_files_and_says_what_it_leaves_out() -> None:
    files = {"in/a.pdf": PDF, "b.exe": b"MZ", "__MACOSX/._a.pdf": b"%PDF-"}
    parcel = open_parcel(zipped(files), "z.zip")
    assert [part.name for part in parcel.documents] == ["a.pdf"]
    assert [each.name for each in parcel.left_out] == ["b.exe"]


def test_a_zip_may_hold_mails_and_one_more_zip() -> None:
    inner = zipped({"b.pdf": OTHER_PDF})
    assert names(zipped({"m.eml": mail(PDF), "inner.zip": inner}), "z.zip") == ["0.pdf", "b.pdf"]


def test_the_same_file_twice_is_one_document() -> None:
    assert names(zipped({"a.pdf": PDF, "b.pdf": PDF}), "z.zip") == ["a.pdf"]


def test_a_name_leads_out_of_no_folder() -> None:
    assert names(zipped({"../../etc/a.pdf": PDF, "C:\\b.pdf": OTHER_PDF}), "z.zip") == ["a.pdf", "b.pdf"]


@pytest.mark.parametrize(
    ("raw", "name", "says"),
    [
        (b"", "a.txt", "nothing in it"),
        (b"MZ", "a.exe", "nothing in it"),
        (zipped({}), "z.zip", "nothing in it"),
        (zipped({"a.exe": b"MZ"}), "z.zip", "nothing in it"),
        (mail(), "m.eml", "nothing in it"),
        (b"PK\x03\x04 and then nothing", "z.zip", "damaged"),
        (zipped({"a.pdf": PDF})[:-40], "z.zip", "damaged"),
        (zipped({"a": zipped({"b": zipped({"c.pdf": PDF})})}), "z.zip", "deep"),
        (zipped({"a.pdf": PDF}, zipfile.ZIP_LZMA), "z.zip", "plain zip"),
        (zipped({f"{n}.pdf": b"" for n in range(archive.ENTRIES_LIMIT + 1)}), "z.zip", "more than"),
        (zipped({f"{n}.pdf": b"" for n in range(archive.ENTRIES_LIMIT * 3)}), "z.zip", "more than"),
        (zipped({f"{n}.pdf": b"%%PDF-%d" % n for n in range(DOCUMENTS_LIMIT + 1)}), "z.zip", "documents"),
        (zipped({"bomb.pdf": bytes(30 * 2**20)}), "z.zip", "far more"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_sentence(raw: bytes, name: str, says: str) -> None:
    with pytest.raises(PermanentError, match=says):
        open_parcel(raw, name)


def test_limits_hold_over_all_zips_in_a_zip_together() -> None:
    inner = {f"{n}.zip": zipped({f"{n}-{m}.pdf": b"" for m in range(100)}) for n in range(3)}
    with pytest.raises(PermanentError, match="more than"):
        open_parcel(zipped(inner), "z.zip")


def test_a_locked_zip_is_refused() -> None:
    raw = bytearray(zipped({"a.pdf": PDF}))
    directory = raw.index(archive.DIRECTORY_MARK)
    struct.pack_into("<H", raw, directory + 8, 1)
    with pytest.raises(PermanentError, match="password"):
        open_parcel(bytes(raw), "z.zip")


def test_a_zip_that_lies_about_its_size_is_counted_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "RATIO_FROM_BYTES", 2**30)
    monkeypatch.setattr(archive, "MEMBER_LIMIT_BYTES", 2**20)
    raw = bytearray(zipped({"bomb.pdf": bytes(2**22)}))
    directory = raw.index(archive.DIRECTORY_MARK)
    struct.pack_into("<I", raw, directory + 24, 10)
    with pytest.raises(PermanentError):
        open_parcel(bytes(raw), "z.zip")


def test_overlapping_entries_are_counted_each_time() -> None:
    """Fifield's bomb: many entries of the directory lead to the same few bytes."""
    raw = zipped({"a.pdf": bytes(2**20)})
    start = raw.index(archive.DIRECTORY_MARK)
    end = raw.index(b"PK\x05\x06")
    entry, tail = raw[start:end], bytearray(raw[end:])
    count = 190
    struct.pack_into("<HHI", tail, 8, count, count, len(entry) * count)
    with pytest.raises(PermanentError, match="unfolds"):
        open_parcel(raw[:start] + entry * count + bytes(tail), "z.zip")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 2**16), st.integers(0, 255))
def test_nothing_but_a_sentence_comes_of_hostile_bytes(junk: bytes, position: int, byte: int) -> None:
    raw = bytearray(zipped({"a.pdf": b"%PDF-1.4", "m.eml": mail(b"%PDF-1.4")}))
    raw[position % len(raw)] = byte
    for each in (junk, b"PK\x03\x04" + junk, bytes(raw)):
        try:
            open_parcel(each, "z.zip")
        except PermanentError:
            continue
