"""What listens on another machine is reached through ssh, and by nothing that was published."""

from __future__ import annotations

import http.server
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from delivery.errors import InputError, TargetError
from delivery.targets.docker.engine import Engine
from delivery.targets.docker.reach import Tunnels

# Forwards as ssh does, and ends with its input.
SSH = """
import os, socket, sys, threading
host, port, far, number = sys.argv[sys.argv.index("-L") + 1].split(":")
def copy(a, b):
    while data := a.recv(65536):
        b.sendall(data)
    b.shutdown(socket.SHUT_WR)
def serve():
    while True:
        near, _ = server.accept()
        there = socket.create_connection((far, int(number)))
        for pair in ((near, there), (there, near)):
            threading.Thread(target=copy, args=pair, daemon=True).start()
server = socket.create_server((host, int(port)))
threading.Thread(target=serve, daemon=True).start()
while os.read(0, 100):
    pass
os._exit(0)
"""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "ssh"
    (tmp_path / "ssh.py").write_text(SSH)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -SE "{tmp_path}/ssh.py" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return program


@pytest.fixture
def far() -> Iterator[str]:
    """An address with an HTTP server."""
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler
    ) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_address_is_reached_by_one_tunnel_that_is_renewed(ssh: Path, far: str) -> None:
    made = Tunnels("ssh://ann@example:22")
    try:
        near = made.to(far)
        assert near != far
        assert httpx.get(f"http://{near}/", trust_env=False).status_code == 200
        assert made.to(far) == near
        process = made._open[far][1]
        process.stdin.close()
        assert process.wait(10) == 0, "it ends with whoever opened it"
        assert httpx.get(f"http://{made.to(far)}/", trust_env=False).status_code == 200
    finally:
        made.close()


def test_ssh_that_fails_says_why_and_what_has_to_work(ssh: Path) -> None:
    ssh.write_text("#!/bin/sh\necho 'Host key verification failed.' >&2; exit 255\n")
    with pytest.raises(TargetError, match=r"Host key.*`ssh ann@example docker version`"):
        Tunnels("ssh://ann@example").to("127.0.0.1:1")


def test_an_engine_over_plain_tcp_is_not_reached() -> None:
    with pytest.raises(InputError, match=r"tcp://.*expected a socket .* or ssh"):
        Tunnels("tcp://example:2375").to("127.0.0.1:1")


def test_the_engine_of_this_machine_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    for engine in (Engine(), Engine("unix:///run/docker.sock")):
        assert engine.reach("10.0.0.3:3000") == "10.0.0.3:3000"
    monkeypatch.setenv("DOCKER_HOST", "ssh://ann@example")
    assert not Engine().is_here
