"""Runs in a pod: Traefik that divides clients, told by this process what to do.

    python -m delivery.targets.kubernetes.dividing.divider

It follows the Lease `divider` and the pods of both releases. Port 3000 is for clients; port 3001
tells how it stands, and what became of requests:

    /readyz, /livez     for kubelet
    /status             {"stamp": of the step in force, "watched": true}
    /records?ID=BYTES   what came after so many bytes of the records of the pod ID; the answer
                        names the pod that gave it, which begins anew for one it does not know
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex
from urllib.parse import parse_qs, urlsplit

import httpx

from delivery.files import program, write_whole
from delivery.targets.kubernetes.dividing.cluster import ACCOUNT, Cluster
from delivery.targets.kubernetes.dividing.configuration import divided
from delivery.targets.kubernetes.dividing.lease import SILENCE, split_of
from delivery.targets.kubernetes.routing.route import CONTROL, PORT
from delivery.targets.local.routing.configuration import PLUGIN
from delivery.targets.local.routing.traefik import OPTIONS, SOURCE
from delivery.targets.split import Split
from serving.settings.host import DRAIN_SECONDS

LOOK = 0.5  # s
DEAF = 3.0  # s that Traefik takes until it hears a signal, at most
STUCK = 30.0  # s without a look
CHUNK = 1_000_000  # bytes
POD = "X-Delivery-Pod"


@dataclass
class Divider:
    """Traefik at `address`, with what it reads and writes in `folder`."""

    folder: Path
    address: str
    cluster: Cluster
    identity: str = field(default_factory=lambda: token_hex(4))
    split: Split | None = None
    watched: bool = False
    stamp: str = ""
    looked: float = field(default_factory=time.monotonic)
    ending: bool = False
    _traefik: subprocess.Popen[bytes] | None = None
    _told: str = ""
    _begun: float = 0.0
    _renewal: object = None
    _heard: float = -SILENCE
    _addresses: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.folder / "access.log"

    @property
    def ready(self) -> bool:
        """Does it lead clients as it was told?"""
        if self.ending or self._traefik is None:
            return False
        with suppress(OSError), socket.create_connection((self.address or "127.0.0.1", PORT), LOOK):
            return True
        return False

    def run(self) -> int:
        """Until it has ended; the exit code of Traefik."""
        while not self._over():
            with suppress(httpx.HTTPError):  # an API server that is away renews nothing
                self._look()
            self._tell()
            self.looked = time.monotonic()
            time.sleep(LOOK)
        return self._traefik.returncode if self._traefik else 0

    def _over(self) -> bool:
        return self.ending if self._traefik is None else self._traefik.poll() is not None

    def end(self, drain: float) -> None:
        """It is not ready from now on, and goes on for `drain` seconds. Then Traefik finishes what
        it has, and `run` ends."""
        self.ending = True
        if self._traefik:
            threading.Timer(drain, self._traefik.terminate).start()

    @property
    def _file(self) -> Path:
        return self.folder / "dynamic" / "route.yml"

    def _look(self) -> None:
        lease = self.cluster.lease()
        holder, renewed = (lease["spec"].get(key) for key in ("holderIdentity", "renewTime"))
        if self._renewal not in (None, (holder, renewed)):  # what is seen first may be old
            self._heard = time.monotonic()
        if holder is None:
            self._heard = -SILENCE
        self._renewal = holder, renewed
        if split := split_of(lease):
            self._addresses = self.cluster.addresses(split.weights)
            self.split = split

    def _tell(self) -> None:
        """What is to be done, if it is not done already. A signal that comes before Traefik listens
        for it would end it."""
        if self.split is None:
            return
        watched = time.monotonic() < self._heard + SILENCE
        content = json.dumps(divided(self.split, self._addresses, watched=watched))
        if self._traefik is None:
            write_whole(self._file, content)
            self._traefik, self._begun = self._start(), time.monotonic()
        elif content != self._told and time.monotonic() > self._begun + DEAF:
            write_whole(self._file, content)
            self._traefik.send_signal(signal.SIGHUP)
        elif content != self._told:
            return
        self._told, self.watched, self.stamp = content, watched, self.split.stamp

    def _start(self) -> subprocess.Popen[bytes]:
        for file in sorted(SOURCE.iterdir()):
            text = file.read_text(encoding="utf-8")
            write_whole(self.folder / "plugins-local/src/delivery" / PLUGIN / file.name, text)
        command = [
            program("traefik"), *OPTIONS,
            f"--entrypoints.web.address={self.address}:{PORT}",
            f"--providers.file.directory={self._file.parent}",
            f"--accesslog.filepath={self.log}",
        ]  # fmt: skip
        return subprocess.Popen(command, cwd=self.folder)


class Control(BaseHTTPRequestHandler):
    """How `divider` stands."""

    divider: Divider

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        match asked.path:
            case "/readyz":
                self._say(200 if self.divider.ready else 503)
            case "/livez":
                self._say(200 if time.monotonic() < self.divider.looked + STUCK else 503)
            case "/status":
                stamp = self.divider.split.stamp if self.divider.split else ""
                self._say(
                    200, json.dumps({"stamp": stamp, "watched": self.divider.watched}).encode()
                )
            case "/records":
                read = parse_qs(asked.query).get(self.divider.identity, ["0"])[0]
                self._say(200, self._records(int(read)))
            case _:
                self._say(404)

    def _records(self, begin: int) -> bytes:
        with self.divider.log.open("rb") as file:
            file.seek(begin)
            return file.read(CHUNK)

    def _say(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header(POD, self.divider.identity)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Its log is nobody's."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Divide clients between two releases.")
    parser.add_argument("--account", type=Path, default=ACCOUNT)
    parser.add_argument("--address", default="", help="where to listen: everywhere")
    given = parser.parse_args()
    divider = Divider(Path.cwd(), given.address, Cluster.own(given.account))
    Control.divider = divider
    divider.log.touch()
    drain = float(os.environ.get(DRAIN_SECONDS, "0"))
    signal.signal(signal.SIGTERM, lambda *_: divider.end(drain))
    server = ThreadingHTTPServer((given.address, CONTROL), Control)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return divider.run()


if __name__ == "__main__":
    sys.exit(main())
