"""A container engine and a registry, lent to tests: the engine that answers here, or one of our
own whose state, socket and networks are apart from everybody else's."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SECONDS = 60
LOCKED_DOWN = (
    "--network=none", "--read-only", "--tmpfs=/tmp:rw,noexec,nosuid,size=256m", "--cap-drop=ALL",
    "--security-opt=no-new-privileges", "--memory=1g", "--pids-limit=200",
)  # fmt: skip


@dataclass(frozen=True)
class Engine:
    """`host` as DOCKER_HOST has it, empty for the one that docker finds. `restart` ends it as a
    reboot does and starts it again; None for one that is not ours."""

    docker: str
    host: str
    restart: Callable[[], None] | None = None

    def __call__(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "DOCKER_HOST": self.host} if self.host else None
        done = subprocess.run(
            [self.docker, *arguments], capture_output=True, text=True, check=False, env=environ
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    @contextmanager
    def started(
        self, image: str, *command: str, variables: Mapping[str, str], port: int = 3000
    ) -> Iterator[Container]:
        """A container without network, ready to answer at `port`."""
        given = [f"--env={key}={value}" for key, value in variables.items()]
        name = self("run", "--detach", *LOCKED_DOWN, *given, image, *command).stdout.strip()
        container = Container(self, name, port)
        try:
            wait(lambda: container.get("/readyz") == "200", lambda: container.log())
            yield container
        finally:
            self("rm", "--force", name)


@dataclass(frozen=True)
class Container:
    engine: Engine
    name: str
    port: int

    def get(self, path: str, body: str = "") -> str:
        """The status that the service answers from inside the container; empty if none."""
        script = (
            "import sys, urllib.request as r\n"
            "url, body = sys.argv[1], sys.argv[2].encode() or None\n"
            "ask = r.Request(url, body, {'Content-Type': 'application/json'})\n"
            "print(r.urlopen(ask, timeout=5).status)\n"
        )
        url = f"http://127.0.0.1:{self.port}{path}"
        asked = ["exec", self.name, "python3.11", "-c", script, url, body]
        return self.engine(*asked, check=False).stdout.strip()

    def log(self) -> str:
        done = self.engine("logs", "--tail=20", self.name, check=False)
        return done.stdout + done.stderr


def wait(good: Callable[[], bool], told: Callable[[], str]) -> None:
    deadline = time.monotonic() + SECONDS
    while not good():
        assert time.monotonic() < deadline, told()
        time.sleep(0.3)


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """Skips with one line where there is none and none can be started."""
    docker, dockerd = shutil.which("docker"), shutil.which("dockerd")
    if docker is None:
        pytest.skip("no container engine: `apt-get install docker.io` brings one")
    found = Engine(docker, "")
    if found("info", check=False).returncode == 0:
        yield found
        return
    if dockerd is None or os.geteuid() != 0:
        pytest.skip("the container engine does not answer, and only root can start one")
    host = f"unix://{folder}/docker.sock"
    command = [
        dockerd, f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--host={host}",
        f"--pidfile={folder}/docker.pid", "--iptables=false", "--ip6tables=false",
        "--ip-forward=false", "--bridge=none",
    ]  # fmt: skip
    with ExitStack() as stack:

        def restart() -> None:
            stack.close()
            told = stack.enter_context(running(command, folder / "dockerd.log"))
            wait(lambda: own("info", check=False).returncode == 0, told)

        own = Engine(docker, host, restart)
        restart()
        yield own


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Where a registry on loopback is."""
    program = shutil.which("docker-registry")
    if program is None or shutil.which("skopeo") is None:
        pytest.skip("no registry: `apt-get install docker-registry skopeo` brings one")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = folder / "registry.yml"
    settings.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/registry}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    with running([program, "serve", str(settings)], folder / "registry.log"):
        time.sleep(1)
        yield f"127.0.0.1:{port}"


@contextmanager
def running(command: list[str], log: Path) -> Iterator[Callable[[], str]]:
    """A process for as long as the block; what it wrote."""
    with ExitStack() as stack:
        out = stack.enter_context(log.open("w"))
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        stack.callback(process.wait, SECONDS)
        stack.callback(process.terminate)
        yield lambda: log.read_text()[-2000:]
