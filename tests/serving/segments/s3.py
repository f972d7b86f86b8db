"""A real S3 interface (moto's server), behind a relay that can be away, slow, silent or full."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import httpx

from tests.delivery.running import eventually, free_port
from tests.origin import ROOT

Mood = Literal["well", "away", "slow", "silent", "full"]
FULL = b"HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
PIECE = 16 * 1024
BUCKET = "s3://models/production"
READ = """\
import json, sys
from serving.segments.store import Store
store = Store(sys.argv[1])
print(json.dumps([store.read(each).decode() for each in store.find(sys.argv[2])]))
"""

ERASE = """\
import json, sys
from dataclasses import asdict
from datetime import date
from delivery.predictions.erasing import erase
from delivery.predictions.person import Person
from delivery.predictions.address import place_of
place = place_of(sys.argv[1])
person = Person(frozenset(sys.argv[2].split(",")))
done = erase(place, person, "case 2026-117", dry_run=False)
names = [json.loads(line)["request_id"] for line in place.lines("predictions", date.min)]
print(json.dumps([asdict(done), names]))
"""


class Relay:
    """Passes bytes between clients and `upstream` as its mood allows."""

    def __init__(self, upstream: int) -> None:
        self.mood: Mood = "well"
        self.asked = 0  # connections
        self._upstream = upstream
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                self.asked += 1
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self.mood == "away":
                return
            if self.mood == "full":
                client.recv(PIECE)
                client.sendall(FULL)
                return
            with socket.create_connection(("127.0.0.1", self._upstream)) as server:
                back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
                back.start()
                self._pass(client, server)
                back.join()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                while self.mood == "silent":
                    time.sleep(0.05)
                if self.mood == "slow":
                    time.sleep(0.2)
                if self.mood == "away":
                    break
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


class S3:
    """The store, from within the environment of requirements/stores.lock."""

    def __init__(self, python: Path, relay: Relay, home: Path) -> None:
        self.python, self.relay = python, relay
        self.environ: Mapping[str, str] = {
            "PATH": os.defpath,
            "HOME": str(home),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{relay.port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",  # pragma: allowlist secret
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def run(self, script: str, *arguments: str) -> Any:
        """What a script prints as JSON."""
        done = subprocess.run(
            [self.python, "-c", script, *arguments], cwd=ROOT, env=dict(self.environ),
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def segments(self, kind: str, address: str = BUCKET) -> list[bytes]:
        """The lines of each segment that counts."""
        return [text.encode() for text in self.run(READ, address, kind)]


@contextmanager
def moto(python: Path, home: Path) -> Iterator[S3]:
    """An empty bucket."""
    port = free_port()
    server = [python.with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with (home / "moto.log").open("wb") as log:
        process = subprocess.Popen(server, stdout=log, stderr=log, cwd=home)
    relay = Relay(port)
    try:
        bucket = f"http://127.0.0.1:{port}/models"
        eventually(lambda: _made(bucket), seconds=60)
        yield S3(python, relay, home)
    finally:
        relay.close()
        process.kill()
        process.wait()


def _made(bucket: str) -> bool:
    try:
        return httpx.put(bucket, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
