"""Starts and stops PostgreSQL, Redis and Dovecot for the demo and the tests, in one folder, on free loopback ports.

    with Services(Path(".countersign")) as services:
        services.database_url, services.redis_url, services.mail.port, services.mail.lmtp_path
        services.spawn("mockbank", ["python", "-m", "mockbank"], env, ready=lambda: ...)

Data stay in the folder, so that the next start is quick; passwords are generated once. A DATABASE_URL or REDIS_URL
that is given is used and nothing is started for it. As root the servers run as users of their own. One run in a
folder at a time: another gets a ServiceError. However this process ends, kill -9 included, nothing keeps running. On
the command line, `python -m sandbox.services FOLDER` starts them, prints where they are, and stays until it is ended.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import urlsplit

from sandbox import dovecot, places, postgres, redis_server, tls
from sandbox.dovecot import MailServer
from sandbox.ports import LOOPBACK
from sandbox.processes import READY_S, Account, Child, Children, Command, ServiceError, account, end_leftovers

STARTS: Final = 3
"""A free port may be taken by another process before its server listens; then another one is tried."""

MAIL_USERS: Final = ("nobody",)
Started = TypeVar("Started")


class Services:
    """The local servers of one folder; a context manager."""

    database_url: str
    redis_url: str
    mail: MailServer

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str | None = None,
        redis_url: str | None = None,
        fast: bool = False,
    ) -> None:
        """`fast` gives up PostgreSQL's durability, for tests."""
        self.folder = folder.resolve()
        self.given_database_url = database_url
        self.given_redis_url = redis_url
        self.fast = fast
        self.children = Children(self.folder / "processes.json")
        self._lock = places.FolderLock(self.folder)

    @classmethod
    def from_environment(cls, folder: Path, *, fast: bool = False) -> Self:
        """Uses the servers that DATABASE_URL and REDIS_URL name, when they are set and not empty."""
        given = os.environ.get
        return cls(
            folder,
            database_url=given("DATABASE_URL") or None,
            redis_url=given("REDIS_URL") or None,
            fast=fast,
        )

    def __enter__(self) -> Self:
        """Start everything; ServiceError says what is missing or failed, and then nothing keeps running."""
        places.prepare(self.folder)
        self._lock.take()
        try:
            end_leftovers(self.children.records)
            self._remove_sockets()
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything, last started first."""
        self.stop()

    @property
    def logs(self) -> Path:
        """The folder with one log file for each program."""
        return self.home

    def spawn(
        self,
        name: str,
        args: Sequence[str],
        env: Mapping[str, str],
        *,
        ready: Callable[[], bool] | None = None,
        timeout_s: float = READY_S,
        cwd: Path | None = None,
        death_signal: int = signal.SIGTERM,
    ) -> Child:
        """Start another program that shall live no longer than these servers; waits until `ready()`.

        Its output goes to NAME.log in `logs`. Call it from the main thread (sandbox/processes.py says why).
        """
        child = self.children.start(
            Command(
                name,
                tuple(args),
                self.logs / f"{name}.log",
                cwd or Path.cwd(),
                env,
                death_signal=death_signal,
            )
        )
        child.wait_ready(ready or (lambda: True), timeout_s)
        return child

    def guard_record(self, database_url: str) -> bool:
        """Make the record of a migrated database INSERT-only for the product; False at a server that was given."""
        if self.given_database_url:
            return False
        address = urlsplit(database_url)
        assert address.port is not None
        postgres.guard_record(address.port, places.passwords(self.folder), address.path.removeprefix("/"))
        return True

    def stop(self) -> None:
        """Stop everything, last started first; safe to repeat."""
        self.children.stop_all()
        self._remove_sockets()
        self._lock.free()

    def _start(self) -> None:
        keys = places.passwords(self.folder)
        for_postgres, for_redis = account("postgres", "nobody"), account("redis", "nobody")
        for_mail = account(*MAIL_USERS)
        self.home = places.home(self.folder, [for_postgres, for_redis, for_mail])
        self.database_url = self.given_database_url or postgres.url(
            _on_a_free_port(
                lambda: postgres.start(self.children, self.home, keys, for_postgres, fast=self.fast)
            ),
            keys,
        )
        self.redis_url = self.given_redis_url or redis_server.url(
            _on_a_free_port(lambda: redis_server.start(self.children, self.home, keys, for_redis)), keys
        )
        self.certificate = tls.certificate(self.home / "tls")
        self.mail = _on_a_free_port(lambda: self._start_mail(keys, for_mail))

    def _start_mail(self, keys: places.Passwords, user: Account | None) -> MailServer:
        sockets = places.make_outside(self.folder, places.SHORT)
        sockets.chmod(0o711)  # Dovecot's log-in user passes through
        self.children.remove_in_the_end(sockets)
        return dovecot.start(self.children, self.home, sockets / "run", keys, self.certificate, user)

    def _remove_sockets(self) -> None:
        short = [each for each in places.outside(self.folder) if each.parent == places.SHORT]
        places.remove_outside(self.folder, short)


def _on_a_free_port(start: Callable[[], Started]) -> Started:
    for _ in range(STARTS - 1):
        try:
            return start()
        except ServiceError as failed:
            if "in use" not in str(failed):
                raise
    return start()


def main() -> None:
    """Start the services, print their addresses as settings, and wait for Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.services", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fast", action="store_true", help="give up durability, for tests")
    chosen = parser.parse_args()
    # SIGINT too: a shell that starts us in the background has it ignored.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _end)
    try:
        with Services.from_environment(chosen.folder, fast=chosen.fast) as services:
            sys.stdout.write(
                f"DATABASE_URL={services.database_url}\nREDIS_URL={services.redis_url}\n"
                f"IMAP={LOOPBACK}:{services.mail.port}\nLMTP={services.mail.lmtp_path}\n"
            )
            sys.stdout.flush()
            signal.pause()
    except ServiceError as failed:
        sys.exit(f"countersign: {failed}")
    except KeyboardInterrupt:
        return


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
