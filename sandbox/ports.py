"""Free loopback ports, and waiting for something to become true with a named limit."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Final

LOOPBACK: Final = "127.0.0.1"
POLL_S: Final = 0.01


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on now; another process may take one before its server does."""
    taken = [socket.socket() for _ in range(count)]
    try:
        for each in taken:
            each.bind((LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in taken]
    finally:
        for each in taken:
            each.close()


def free_port() -> int:
    """One port of 127.0.0.1 that nobody listens on now."""
    return free_ports(1)[0]


def until(true: Callable[[], bool], timeout_s: float) -> bool:
    """Ask every ten milliseconds whether it is true; False when it was not within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def answers(port: int, starts_with: bytes, send: bytes = b"", timeout_s: float = 1.0) -> bool:
    """Whether the server on this loopback port takes `send` and its next bytes start as given."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout_s) as connection:
            connection.sendall(send)
            said = b""
            while len(said) < len(starts_with):
                more = connection.recv(4096)
                if not more:
                    return False
                said += more
    except OSError:
        return False
    return said.startswith(starts_with)
