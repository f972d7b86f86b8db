"""Sockets are refused in a process that binds itself, and what is no socket is not."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from pipeline.sealed import sockets

BIND = (
    "import ctypes, os, socket\n"
    "from pipeline.sealed import sockets\n"
    "assert ctypes.CDLL(None).prctl(38, 1, 0, 0, 0) == 0\n"
    "sockets.refuse()\n"
)


@pytest.mark.skipif(not sockets.can_refuse(), reason="no seccomp here")
def test_no_kind_of_socket_can_be_made_and_pairs_and_pipes_can() -> None:
    code = BIND + (
        "for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):\n"
        "    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):\n"
        "        try: socket.socket(family, kind)\n"
        "        except PermissionError: continue\n"
        "        raise SystemExit(f'{family} {kind} was made')\n"
        "assert ctypes.CDLL(None).syscall(425, 1, None) == -1\n"  # io_uring makes sockets too
        "socket.socketpair(); os.pipe(); os.system('true')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_machine_says_that_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert not sockets.can_refuse()
