"""How long reading takes beside the bare libraries, and how much memory it holds over many documents."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sandbox.demo_places import plain_environment, python

OCR_DPI: Final = 200
"""At which the reader renders; a single pass of Tesseract at it is the measure."""

_WORDS: Final = (
    "import sys, pdfplumber\n"
    "with pdfplumber.open(sys.argv[1]) as pdf:\n"
    "    for page in pdf.pages[:10]: page.extract_words(); page.close()\n"
)
"""pdfplumber's own extraction of the words of ten pages, in a process of its own as our reading is."""

_RENDER: Final = (
    "import sys, pypdfium2\n"
    "for n, page in enumerate(list(pypdfium2.PdfDocument(sys.argv[1]))[:10]):\n"
    "    page.render(scale=int(sys.argv[3]) / 72, grayscale=True).to_pil().save(f'{sys.argv[2]}/{n:02d}.png')\n"
)


def speed_of(texts: Sequence[Path], scans: Sequence[Path]) -> dict[str, float]:
    """Median ratios: a text PDF to pdfplumber's words of it, a scan to one pass of Tesseract over its pages."""
    found: dict[str, float] = {}
    if texts:
        found["text_to_pdfplumber"] = _median([_read(path) / _words(path) for path in texts])
    if scans:
        found["scan_to_tesseract"] = _median([_read(path) / _pass(path) for path in scans])
    return found


def memory_of(paths: Sequence[Path], documents: int) -> dict[str, float]:
    """Resident megabytes of `countersign extract` over many documents: early, at the end, and of its largest child."""
    if not paths:
        return {}
    files = [str(paths[n % len(paths)]) for n in range(documents)]
    command = python("daemon", "extract", "--json", "--jobs", "2", *files)
    reader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=plain_environment())
    early = late = child = 0.0
    done = 0
    try:
        for line in reader.stdout or ():
            done += bool(json.loads(line))
            held = _resident(reader.pid)
            if done <= documents // 5:
                early = max(early, held)
            elif done > documents // 2:
                late = max(late, held)
            child = max([child, *(_resident(pid) for pid in _children(reader.pid))])
    finally:
        reader.wait()
    return {
        "documents_read": done, "early_mb": round(early, 1), "late_mb": round(late, 1), "child_mb": round(child, 1),
    }  # fmt: skip


def _median(ratios: Sequence[float]) -> float:
    return round(statistics.median(ratios), 2)


def _read(path: Path) -> float:
    """Seconds of one document as `countersign extract` itself tells them: its process, not the command's start."""
    command = python("daemon", "extract", "--json", "--jobs", "1", str(path))
    done = subprocess.run(command, stdout=subprocess.PIPE, env=plain_environment(), check=True)
    return float(json.loads(done.stdout)["seconds"])


def _words(path: Path) -> float:
    return _timed([sys.executable, "-P", "-c", _WORDS, str(path)])


def _pass(path: Path) -> float:
    """Seconds that the tesseract program takes for the pages, rendered beforehand."""
    with tempfile.TemporaryDirectory() as folder:
        _timed([sys.executable, "-P", "-c", _RENDER, str(path), folder, str(OCR_DPI)])
        return sum(
            _timed(["tesseract", str(page), "stdout", "--psm", "4", "--dpi", str(OCR_DPI), "tsv"])
            for page in sorted(Path(folder).glob("*.png"))
        )


def _timed(command: Sequence[str]) -> float:
    started = time.monotonic()
    subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
        env=plain_environment() | {"OMP_THREAD_LIMIT": "1"},
    )  # fmt: skip
    return time.monotonic() - started


def _resident(pid: int) -> float:
    """Megabytes, 0 if the process is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in text.splitlines() if line.startswith("VmRSS:")]
    return int(found[0]) / 1024 if found else 0.0


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(item) for item in text.split()]
