"""A Redis of our own: append-only file on, never evicting, password-protected, on a free loopback port."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from sandbox import places
from sandbox.places import Passwords
from sandbox.ports import LOOPBACK, answers, free_port
from sandbox.processes import Account, Children, Command, ServiceError

DATABASES: Final = 512
"""One for each test that asks."""

CONFIGURATION: Final = """\
bind {host}
port {port}
dir {data}
requirepass {password}
databases {databases}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
"""


def start(children: Children, home: Path, keys: Passwords, user: Account | None) -> int:
    """Start Redis on the data kept under `home`; returns its port once it has loaded them."""
    binary = find_binary()
    data = home / "redis"
    data.mkdir(mode=0o700, exist_ok=True)
    places.give(data, user)
    port = free_port()
    # A file, since arguments can be read by every user of the machine.
    configuration = CONFIGURATION.format(
        host=LOOPBACK, port=port, data=data, password=keys.redis, databases=DATABASES
    )
    places.write_private(data / "redis.conf", configuration, user)
    child = children.start(
        Command(
            "redis",
            (binary, str(data / "redis.conf")),
            log=home / "redis.log",
            cwd=data,
            env={"PATH": "/usr/bin:/bin", "TZ": "UTC"},
            account=user,
        )
    )
    # While it loads its file it answers PING with -LOADING, so an open port is not yet readiness.
    ping = f"AUTH {keys.redis}\r\nPING\r\n".encode()
    try:
        child.wait_ready(lambda: answers(port, b"+OK\r\n+PONG", ping))
    except ServiceError:
        children.stop(child)
        raise
    return port


def url(port: int, keys: Passwords, database: int = 0) -> str:
    """The address of one numbered database."""
    return f"redis://:{keys.redis}@{LOOPBACK}:{port}/{database}"


def find_binary() -> str:
    """The server's program."""
    found = shutil.which("redis-server", path="/usr/bin:/usr/local/bin:/usr/sbin") or shutil.which(
        "redis-server"
    )
    if found is None:
        raise ServiceError("Redis is not installed: apt-get install redis-server")
    return found
