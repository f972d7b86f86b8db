"""Refuse sockets by seccomp: Landlock knows TCP alone, and neither UDP nor a local database.

A filter sees the number of each system call. `socket` and `io_uring_setup`, which makes sockets
too, fail as if permission was missing. Pipes and pairs of sockets, by which a process talks to
those that it starts, are other calls.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

PR_GET_SECCOMP, PR_SET_SECCOMP, FILTER = 21, 22, 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # operations of the filter's machine
NUMBER, ARCHITECTURE = 0, 4  # where they stand in what a filter is given
FOREIGN = 0x40000000  # calls by another convention of x86-64 begin here
IO_URING_SETUP = 425
# machine → what the kernel calls it, and its number of `socket`
MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("operations", ctypes.c_char_p))


def can_refuse() -> bool:
    """Has the kernel seccomp, and are the numbers of its system calls known here?"""
    known = sys.platform == "linux" and platform.machine() in MACHINES
    return known and ctypes.CDLL(None).prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0


def refuse() -> None:
    """Bind this thread and whatever it starts or executes; needs no_new_privs."""
    operations = _filter(*MACHINES[platform.machine()])
    program = _Program(len(operations) // 8, operations)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def _filter(architecture: int, socket: int) -> bytes:
    """Each operation: code, how many to leap where it is true and where it is not, operand."""
    lines = (
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 0, 5, architecture),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 3, 0, FOREIGN),
        (EQUAL, 2, 0, socket),
        (EQUAL, 1, 0, IO_URING_SETUP),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    )
    return b"".join(struct.pack("HBBI", *line) for line in lines)
