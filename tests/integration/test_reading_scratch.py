"""What a reader writes while it works is gone when it ends, however it ends."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from handlers.reading.document import SCRATCH, ReadingSettings, read_document, sweep_scratch
from schema.errors import UnreadableDocumentError
from tests.integration.reading_paper import INDIAN, image_bytes, picture


async def test_a_reader_that_is_cut_off_leaves_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(UnreadableDocumentError):
        await read_document(
            image_bytes(picture(INDIAN), "PNG"), "slow.png", settings=ReadingSettings(wall_seconds=1.2)
        )
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - iterdir would block, says the linter


def test_what_a_dead_worker_left_is_swept_when_it_is_old(tmp_path: Path) -> None:
    old, young = tmp_path / f"{SCRATCH}old", tmp_path / f"{SCRATCH}young"
    for folder in (old, young):
        folder.mkdir()
        (folder / "page.png").write_bytes(b"picture")
    os.utime(old, (time.time() - 3600,) * 2)
    assert sweep_scratch(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == [young.name]
