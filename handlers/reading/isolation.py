"""Shuts a process in before it touches a stranger's file: no network, bounded memory, time and files."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
from typing import Final

MEMORY_BYTES: Final = 2 << 30
FILE_BYTES: Final = 64 << 20
OPEN_FILES: Final = 256
NICENESS: Final = 5

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_FILTER: Final = 2
_SECCOMP_RET_ALLOW, _SECCOMP_RET_EPERM, _SECCOMP_RET_KILL = 0x7FFF0000, 0x00050001, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_X32_CALLS: Final = 0x40000000
"""x86-64 kernels accept a second numbering of system calls from here on; it is refused whole."""

_SYSTEMS: Final = {"x86_64": (0xC000003E, (41, 53, 425)), "aarch64": (0xC00000B7, (198, 199, 425))}
"""Audit architecture and the numbers of socket, socketpair and io_uring_setup (linux/audit.h, unistd.h)."""


class IsolationError(Exception):
    """The kernel refused to shut the process in."""


class _Program(ctypes.Structure):
    """struct sock_fprog of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def shut_in(cpu_seconds: int) -> None:
    """Limit this process and its children for good; raises IsolationError if they could reach the network.

    1. Die with the parent, be nice, write no core dumps.
    2. Bound memory, CPU time, file size and open files.
    3. Forbid sockets by a seccomp filter (needs no privilege, is inherited by tesseract).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.nice(NICENESS)
    for limit, soft, hard in (
        (resource.RLIMIT_AS, MEMORY_BYTES, MEMORY_BYTES),
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, FILE_BYTES, FILE_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES),
    ):
        resource.setrlimit(limit, (soft, hard))
    _forbid_sockets(libc)


def _forbid_sockets(libc: ctypes.CDLL) -> None:
    system = _SYSTEMS.get(platform.machine())
    if system is None:
        message = f"no system call table for {platform.machine()}"
        raise IsolationError(message)
    program = _filter(*system)
    buffer = ctypes.create_string_buffer(program, len(program))
    wanted = _Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise IsolationError(os.strerror(ctypes.get_errno()))
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(wanted), 0, 0) != 0:
        raise IsolationError(os.strerror(ctypes.get_errno()))


def _filter(architecture: int, forbidden: tuple[int, ...]) -> bytes:
    """A BPF program: kill on a foreign architecture, EPERM for the forbidden calls, allow the rest."""
    count = len(forbidden)
    steps = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _SECCOMP_RET_KILL),
        (_LOAD, 0, 0, 0),
        (_AT_LEAST, count + 1, 0, _X32_CALLS),
        *((_EQUAL, count - index, 0, number) for index, number in enumerate(forbidden)),
        (_RETURN, 0, 0, _SECCOMP_RET_ALLOW),
        (_RETURN, 0, 0, _SECCOMP_RET_EPERM),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
