"""Landlock, the Linux kernel's way for a process to give up rights over files and TCP for good.

https://docs.kernel.org/userspace-api/landlock.html has the names. The kernel answers with the
version of its interface (ABI): 1 knows files, 4 TCP, 6 abstract UNIX sockets and signals.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
VERSION = 1  # a flag of CREATE_RULESET
PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 38, 24
# With either of them root sees the environment of any process in /proc, whatever Landlock says.
OF_ROOT = (21, 38)  # CAP_SYS_ADMIN, CAP_PERFMON

WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3
CHANGES = sum(1 << bit for bit in range(4, 13))  # remove and make, of every kind
REFER, TRUNCATE = 1 << 13, 1 << 14
READ = READ_FILE | READ_DIR
OF_A_FILE = WRITE_FILE | READ_FILE | TRUNCATE  # what a rule on a file may say
TCP = 0b11  # bind and connect
SCOPES = 0b11  # abstract UNIX sockets and signals


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def abi() -> int:
    """The version of this kernel's interface; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    version: int = _libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION)
    return max(version, 0)


class Rules:
    """What a process may do once `enforce` was called in it. Nothing, before the first rule."""

    def __init__(self) -> None:
        """Raises OSError where the kernel has no Landlock."""
        version = abi()
        self._files = WRITE_FILE | READ | CHANGES
        self._files |= (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
        attributes = _Ruleset(self._files, TCP, SCOPES)
        size = 8 if version < 4 else 16 if version < 6 else 24
        self._number = _call(CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0)

    def read(self, paths: Iterable[Path]) -> None:
        """Files, and all below folders. Paths that are not there count for nothing."""
        self._allow(paths, READ)

    def list_names(self, paths: Iterable[Path]) -> None:
        """Which names folders have, at any depth; no content of any file."""
        self._allow(paths, READ_DIR)

    def write(self, paths: Iterable[Path]) -> None:
        """Read and change files, and all below folders."""
        self._allow(paths, self._files)

    def enforce(self) -> None:
        """Bind this thread and whatever it starts or executes, for good."""
        if _libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        for capability in OF_ROOT:  # refused to a user, who has none
            _libc().prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        _call(RESTRICT_SELF, self._number, 0)

    def close(self) -> None:
        os.close(self._number)

    def _allow(self, paths: Iterable[Path], rights: int) -> None:
        for path in paths:
            try:
                number = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                folder = stat.S_ISDIR(os.fstat(number).st_mode)
                allowed = (rights if folder else rights & OF_A_FILE) & self._files
                rule = _Beneath(allowed, number)
                _call(ADD_RULE, self._number, PATH_BENEATH, ctypes.byref(rule), 0)
            finally:
                os.close(number)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    answer: int = _libc().syscall(number, *arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return answer
