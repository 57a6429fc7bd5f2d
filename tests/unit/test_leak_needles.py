"""The search behind `make leaks` finds what is planted in every disguise, and nothing else."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image, ImageDraw, ImageFont

from sandbox.blob_opener import BlobOpener
from sandbox.leak_needles import Needles, codes_between
from sandbox.leaks import Search, known_accounts
from schema.vault import Vault, new_master_key, sha256

ACCOUNT, IBAN, CODE, SECRET = (
    "50200047719326",
    "DE73200505500648123909",
    "482913",
    "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
)
NEEDLES = Needles([ACCOUNT, IBAN], [CODE], [SECRET])

PLANTED = {
    "plain": f"pay to {ACCOUNT} now".encode(),
    "in groups": b"pay to 5020 0047-7193.26 now",
    "in JSON with a line end": json.dumps({"a": "5020\n00477\n19326"}).encode(),
    "in a form": f"Body={quote('5020 0047 719326')}".encode(),
    "an IBAN in small letters": IBAN.lower().encode(),
    "an IBAN in groups": b"DE73 2005 0550 0648 1239 09",
    "hex": ACCOUNT.encode().hex().encode(),
    "hex as PostgreSQL prints it": b'{"bytes": "\\\\x' + ACCOUNT.encode().hex().encode() + b'"}',
    "base64": base64.b64encode(f"the account {ACCOUNT}.".encode()),
    "base64 in base64": base64.b64encode(b"x" + base64.b64encode(f"account {ACCOUNT}".encode())),
    "a one-time password": f'{{"otp": "{CODE}"}}'.encode(),
    "a one-time password in a form": f"otp={CODE}&x=1".encode(),
    "a key": f"secret={SECRET}".encode(),
}

INNOCENT = {
    "masked": b"XXXXXX9326",
    "a longer number": f"1{ACCOUNT}2".encode(),
    "microseconds": f"12:00:00.{CODE}+00".encode(),
    "a hash": f"ab{CODE}cd".encode(),
}


@pytest.mark.parametrize("data", PLANTED.values(), ids=list(PLANTED))
def test_what_is_planted_is_found(data: bytes) -> None:
    assert NEEDLES.hits(data)


@pytest.mark.parametrize("data", INNOCENT.values(), ids=list(INNOCENT))
def test_what_is_innocent_is_not(data: bytes) -> None:
    assert NEEDLES.hits(data) == []


def test_a_hit_does_not_repeat_what_it_found() -> None:
    (hit,) = NEEDLES.hits(PLANTED["plain"])
    assert ACCOUNT not in hit.around


def test_a_number_in_a_picture_is_read(tmp_path: Path) -> None:
    picture = Image.new("RGB", (900, 120), "white")
    font = ImageFont.load_default(28)
    ImageDraw.Draw(picture).text((30, 40), f"Account number  {ACCOUNT}", fill="black", font=font)
    picture.save(tmp_path / "page.png")
    place = Search(NEEDLES).look("pictures", [("page", (tmp_path / "page.png").read_bytes())])
    assert place.seen_in_pictures > 0


def test_every_code_of_a_run_is_known() -> None:
    assert len(codes_between(SECRET, 1_700_000_000, 1_700_000_090)) >= 5


def test_every_number_on_the_samples_is_looked_for() -> None:
    assert {ACCOUNT, IBAN, "73190100024418", "999988887777"} <= known_accounts()


def test_the_auditors_reading_of_stored_files_is_the_products(tmp_path: Path) -> None:
    key = new_master_key()
    path = tmp_path / sha256(b"hello")
    path.write_bytes(Vault(key).encrypt(b"hello", name=path.name))
    assert BlobOpener(key).open(path) == b"hello"
