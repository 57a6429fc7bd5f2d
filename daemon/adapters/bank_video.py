"""Where Playwright looks for the ffmpeg that records a run, and how to give it Debian's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import playwright

from schema.errors import SettingsError

DEBIAN_FFMPEG: Final = Path("/usr/bin/ffmpeg")
_DEFAULT_BROWSERS: Final = Path(".cache/ms-playwright")
_REVISIONS: Final = Path("driver/package/browsers.json")


def ffmpeg_path(browsers_path: Path | None = None) -> Path:
    """The file this Playwright will run; `browsers_path` is PLAYWRIGHT_BROWSERS_PATH when that is set."""
    revisions = json.loads((Path(playwright.__file__).parent / _REVISIONS).read_text())
    revision = next(b["revision"] for b in revisions["browsers"] if b["name"] == "ffmpeg")
    return (browsers_path or Path.home() / _DEFAULT_BROWSERS) / f"ffmpeg-{revision}" / "ffmpeg-linux"


def require_ffmpeg(browsers_path: Path | None = None) -> None:
    """SettingsError, saying what to do, when a recording would fail for want of ffmpeg."""
    path = ffmpeg_path(browsers_path)
    if not path.exists():
        raise SettingsError(f"Recording needs ffmpeg: install it, then link {DEBIAN_FFMPEG} to {path}.")


def link_ffmpeg(browsers_path: Path, ffmpeg: Path = DEBIAN_FFMPEG) -> Path:
    """Make the link that Playwright wants, and return it; SettingsError when `ffmpeg` is not installed."""
    if not ffmpeg.exists():
        raise SettingsError("Recording needs ffmpeg; install the Debian package ffmpeg.")
    link = ffmpeg_path(browsers_path)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(ffmpeg)
    return link
