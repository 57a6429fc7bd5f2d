"""Takes a zip apart under strict limits; hostile like everything that comes from outside. No I/O.

A zip says how large it unfolds; nothing here believes it: bytes are counted as they come out.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from handlers.reading.mail_text import clean
from schema.errors import PermanentError

ENTRIES_LIMIT: Final = 200
"""In all zips of one file together, folders and what is left out too."""

DEPTH_LIMIT: Final = 2
"""A zip in a zip is somebody's habit; one more is somebody's trick."""

MEMBER_LIMIT_BYTES: Final = 35 * 2**20
TOTAL_LIMIT_BYTES: Final = 150 * 2**20
RATIO_LIMIT: Final = 100
"""Unfolded by folded size of one member; text goes to about 20, deflate itself no further than 1,032."""

RATIO_FROM_BYTES: Final = 2**20
"""What is smaller than this may shrink as far as it likes."""

DIRECTORY_MARK: Final = b"PK\x01\x02"
METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
ENCRYPTED: Final = 0x1
CHUNK_BYTES: Final = 2**16

FAILURES: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    LookupError,
    OSError,
    NotImplementedError,
)
"""What the standard library says of a zip that is none, by what is wrong with it."""


@dataclass
class Budget:
    """What may still come out of one file, spent while it is taken apart."""

    entries: int = ENTRIES_LIMIT
    size_bytes: int = TOTAL_LIMIT_BYTES

    def enter(self, count: int) -> None:
        """Spend entries; PermanentError when there are too many."""
        self.entries -= count
        if self.entries < 0:
            raise PermanentError(f"The zip holds more than {ENTRIES_LIMIT} files; send fewer at once.")

    def unfold(self, size_bytes: int) -> None:
        """Spend bytes; PermanentError when there are too many."""
        self.size_bytes -= size_bytes
        if self.size_bytes < 0:
            raise PermanentError(
                f"The zip unfolds to more than {TOTAL_LIMIT_BYTES // 2**20} MiB; send fewer files at once."
            )


@dataclass(frozen=True)
class Member:
    """One file of a zip; `name` is without any folder."""

    name: str
    data: bytes


def members(raw: bytes, budget: Budget) -> Iterator[Member]:
    """The files of a zip in its order; PermanentError for one that is broken, locked or over a limit."""
    # Python reads a whole directory before it tells how long it is, and does not believe the stated length.
    if raw.count(DIRECTORY_MARK) > 2 * ENTRIES_LIMIT:
        raise PermanentError(f"The zip holds more than {ENTRIES_LIMIT} files; send fewer at once.")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            listed = archive.infolist()
            budget.enter(len(listed))
            for info in listed:
                if not info.is_dir() and not _is_clutter(info.filename):
                    yield Member(_base_name(info.filename), _unfolded(archive, info, budget))
    except FAILURES as error:
        raise PermanentError("The zip is damaged and could not be opened; send it again.") from error


def _unfolded(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> bytes:
    if info.flag_bits & ENCRYPTED:
        raise PermanentError("The zip is password-protected; send it again without a password.")
    if info.compress_type not in METHODS:
        raise PermanentError("The zip is packed in a way that is not read; pack it again as a plain zip.")
    data = bytearray()
    with archive.open(info) as source:
        while chunk := source.read(CHUNK_BYTES):
            budget.unfold(len(chunk))
            data += chunk
            if len(data) > MEMBER_LIMIT_BYTES:
                raise PermanentError(f"A file in the zip is larger than {MEMBER_LIMIT_BYTES // 2**20} MiB.")
            if len(data) > max(RATIO_FROM_BYTES, RATIO_LIMIT * info.compress_size):
                raise PermanentError("The zip unfolds to far more than it is; it was not opened further.")
    return bytes(data)


def _base_name(path: str) -> str:
    return re.split(r"[/\\]", clean(path))[-1].strip()[:200]


def _is_clutter(path: str) -> bool:
    """What packing programs leave behind."""
    parts = re.split(r"[/\\]", path)
    return "__MACOSX" in parts or parts[-1] in {".DS_Store", "Thumbs.db", "desktop.ini", ""}
