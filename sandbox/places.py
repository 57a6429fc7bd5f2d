"""Where the local services keep their files: one folder, one lock, and a home that their users can reach.

FOLDER/lock             held while services run; says who holds it
FOLDER/secrets.json     generated passwords, 0600
FOLDER/processes.json   what runs (sandbox/processes.py)
FOLDER/outside.json     folders of ours elsewhere, removed by `make clean`
FOLDER/services/        data and logs, or elsewhere if FOLDER is not reachable for the services' users
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from sandbox.processes import Account, ServiceError, born

PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9_./+-]+")
"""Paths that mean the same in every server's configuration file; Dovecot expands % and cuts at #."""

PREFIX: Final = "countersign-"
SHORT: Final = Path("/tmp")  # a UNIX socket's path ends at 108 bytes, and TMPDIR may be long
LASTING: Final = Path("/var/tmp")  # data outlives a reboot here


@dataclass(frozen=True)
class Passwords:
    """Generated once for a folder; whoever may not read the folder may not use its services."""

    postgres: str
    """Of the cluster's superuser."""

    database: str
    redis: str
    mailbox: str


class FolderLock:
    """Held by the one process that may run services in a folder; freed by the kernel when it dies."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Take it, or ServiceError naming the process that has it."""
        # Append, so that opening does not wipe out what the holder wrote.
        self._file = self.path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            pid = self.holder()
            self._file.close()
            raise ServiceError(
                f"another run (process {pid or 'unknown'}) uses {self.path.parent}; stop it, or say `make clean`"
            ) from held
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps({"pid": os.getpid(), "born": born(os.getpid())}))
        self._file.flush()

    def holder(self) -> int | None:
        """The living process that wrote itself into the lock."""
        try:
            said = json.loads(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return int(said["pid"]) if born(said["pid"]) == said["born"] else None

    def free(self) -> None:
        """Let the next one in."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self.path.unlink(missing_ok=True)


def prepare(folder: Path) -> None:
    """Make the folder, reachable but not listable for the services' users."""
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)


def passwords(folder: Path) -> Passwords:
    """The folder's passwords, made at the first call."""
    path = folder / "secrets.json"
    if not path.exists():
        made = Passwords(*(secrets.token_urlsafe(24) for _ in range(4)))
        write_private(path, json.dumps(made.__dict__))
    return Passwords(**json.loads(path.read_text()))


def home(folder: Path, users: list[Account | None]) -> Path:
    """The folder for data and logs: inside `folder` where its path serves, else a lasting temporary one."""
    for elsewhere in outside(folder):
        if elsewhere.parent == LASTING and elsewhere.is_dir():
            return elsewhere
    inside = folder / "services"
    if PLAIN_PATH.fullmatch(str(inside)) and all(_reaches(user, folder) for user in users):
        inside.mkdir(mode=0o711, exist_ok=True)
        return inside
    made = make_outside(folder, LASTING)
    made.chmod(0o711)
    return made


def make_outside(folder: Path, parent: Path) -> Path:
    """A temporary folder elsewhere, written down so that it is found again; readable by us alone."""
    made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    _write_outside(folder, [*outside(folder), made])
    return made


def outside(folder: Path) -> list[Path]:
    """The folders elsewhere that belong to this one."""
    path = folder / "outside.json"
    if not path.exists():
        return []
    listed = [Path(each) for each in json.loads(path.read_text())]
    # What we will remove later is only ever what mkdtemp made for us.
    return [each for each in listed if each.parent in (SHORT, LASTING) and each.name.startswith(PREFIX)]


def remove_outside(folder: Path, removed: list[Path]) -> None:
    """Remove these folders elsewhere and forget them."""
    for each in removed:
        shutil.rmtree(each, ignore_errors=True)
    _write_outside(folder, [each for each in outside(folder) if each not in removed])


def write_private(path: Path, content: str, owner: Account | None = None) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    give(draft, owner)
    draft.replace(path)


def give(path: Path, owner: Account | None) -> None:
    """Make it the service user's, when there is one."""
    if owner is not None:
        os.chown(path, owner.uid, owner.gid)


def _write_outside(folder: Path, paths: list[Path]) -> None:
    (folder / "outside.json").write_text(json.dumps([str(each) for each in paths]))


def _reaches(user: Account | None, path: Path) -> bool:
    return user is None or all(_may_pass(user, each) for each in (path, *path.parents))


def _may_pass(user: Account, folder: Path) -> bool:
    entry = folder.stat()
    if entry.st_uid == user.uid:
        return bool(entry.st_mode & 0o100)
    if entry.st_gid == user.gid:
        return bool(entry.st_mode & 0o010)
    return bool(entry.st_mode & 0o001)
