"""A node for tests and a gateway, in a network of their own. The node is an agent that runs pods as
processes, or a kubelet with containers.

    python -m tests.cluster.node FOLDER

The network has no way out: two relays on 127.0.0.1 join it to the machine, one from inside to the
API server, one from outside to the gateway. So pods have addresses that a cluster accepts, which
those of a loopback are not, and the machine keeps its own. Needs root.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from delivery.files import program
from tests.checkout import ROOT
from tests.cluster.containers import parts, surroundings
from tests.cluster.keep import end, keep

PLAN = "node.json"
NEW_NETWORK = 0x40000000
HTTP = 80


class Pods(Enum):
    """What runs them."""

    NONE = "nothing"
    PROCESSES = "an agent, as processes"
    CONTAINERS = "a kubelet, as containers"


@dataclass(frozen=True, slots=True)
class Node:
    """In `folder`. `server` is the port of the API server, `gateway` the port of 127.0.0.1 where
    the gateway is reached. `kubelet` is the program that has it; without one, pods are
    processes."""

    folder: str
    server: int
    gateway: int
    kubelet: str = ""

    @classmethod
    def read(cls, folder: Path) -> Node:
        """The one whose plan is there."""
        return cls(**json.loads((folder / PLAN).read_text(encoding="utf-8")))

    @property
    def own(self) -> Path:
        """What its containers and their engine have of the disk."""
        return Path(self.folder) / "node"

    def write(self) -> None:
        """Its plan."""
        (Path(self.folder) / PLAN).write_text(json.dumps(asdict(self)), encoding="utf-8")
        if self.kubelet:
            parts.write(self.own)

    def command(self) -> Sequence[str]:
        """What runs it."""
        return self._module("tests.cluster.node")

    def commands(self) -> Mapping[str, Sequence[str]]:
        """Part → its command."""
        return {
            **self._pods(),
            "traefik": [
                program("traefik"),
                f"--entrypoints.http.address=:{HTTP}",
                "--providers.kubernetesgateway=true",
                "--providers.providersthrottleduration=100ms",
                "--global.checknewversion=false",
                "--global.sendanonymoususage=false",
                # Shorter than what an idle connection lasts in a service: docs/local.md.
                "--serverstransport.forwardingtimeouts.idleconntimeout=2s",
            ],
        }

    def _pods(self) -> Mapping[str, Sequence[str]]:
        if not self.kubelet:
            return {"agent": self._module("tests.cluster.agent")}
        return parts.commands(self.own, Path(self.kubelet), Path(self.folder) / "pki" / "kubelet")

    def _module(self, name: str) -> Sequence[str]:
        return ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", name, self.folder]


def lacking(pods: Pods, folder: Path) -> str:
    """What this machine has not that a node in `folder` needs; empty if nothing."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "only root of a Linux can have a network of its own for pods"
    if not shutil.which("ip"):
        return "there is no `ip`: `apt-get install iproute2`"
    return surroundings.lacking(folder) if pods is Pods.CONTAINERS else ""


def run(node: Node) -> None:
    """Its parts, until this process ends."""
    if node.kubelet:
        surroundings.enter(node.own)
    outside = socket.create_server(("127.0.0.1", node.gateway))
    inward = _loop()  # of a thread that stays in the network of the machine
    _leave()
    inside = socket.create_server(("127.0.0.1", node.server))
    outward = _loop()  # a thread begins where the one that starts it is
    for loop, listening, port in ((inward, inside, node.server), (outward, outside, HTTP)):
        asyncio.run_coroutine_threadsafe(_relay(listening, port), loop).result()
    os.environ["KUBECONFIG"] = str(Path(node.folder) / "kubeconfig")
    keep(Path(node.folder), node.commands())


def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def _leave() -> None:
    """This thread, and what it starts, leaves the network of the machine."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "no network of its own can be had here")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", f"{parts.ADDRESS}/32", "dev", "lo"], check=True)


async def _relay(listening: socket.socket, port: int) -> None:
    """Each connection to `listening` goes on to `port` in the network of this thread."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except OSError:
            writer.transport.abort()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward, back = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(carry(reader, back), carry(onward, writer))
        for each in (back, writer):
            with contextlib.suppress(OSError):
                each.close()

    await asyncio.start_server(join, sock=listening, backlog=512)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end)
    run(Node.read(Path(sys.argv[1])))
