"""Where the recording's ffmpeg is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.adapters.bank_video import ffmpeg_path, link_ffmpeg, require_ffmpeg
from schema.errors import SettingsError


def test_a_missing_ffmpeg_is_said_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ffmpeg-linux"):
        require_ffmpeg(tmp_path)


def test_a_linked_ffmpeg_is_found(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.touch()
    assert link_ffmpeg(tmp_path / "browsers", program) == ffmpeg_path(tmp_path / "browsers")
    link_ffmpeg(tmp_path / "browsers", program)
    require_ffmpeg(tmp_path / "browsers")


def test_nothing_is_linked_to_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="install"):
        link_ffmpeg(tmp_path, tmp_path / "none")
