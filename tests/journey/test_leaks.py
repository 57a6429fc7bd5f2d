"""After the main job no account number, one-time password or key lies anywhere outside the vault."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

MAILS = 2
LIMIT_S = 400


def test_a_run_leaves_no_secret_anywhere() -> None:
    with tempfile.TemporaryDirectory(prefix="cs-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        done = subprocess.run(
            [sys.executable, "-P", "-m", "sandbox", "leaks", "--mails", str(MAILS), "--folder", folder],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["hits"] == 0
    assert last["places"] >= 12
