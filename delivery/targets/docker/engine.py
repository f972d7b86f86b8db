"""A container engine, asked by its own command: `docker` knows sockets, ssh and contexts.

DOCKER_HOST, or what `docker context` chose, says which engine; `host` in delivery.yaml wins.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from delivery.errors import TargetError
from delivery.targets.docker.reach import tunnels

SECONDS = 120.0
PULL = 900.0  # s: an image has some 100 MB
VARIABLE = "DOCKER_HOST"


class EngineError(TargetError):
    """The engine refused something. `said` is its first line about an error."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


@dataclass(frozen=True, slots=True)
class Engine:
    """`host` as DOCKER_HOST has it; empty for the one that docker finds."""

    host: str = ""

    @property
    def place(self) -> str:
        """Which engine that is, for people and to see whether it is on this machine."""
        return self.host or os.environ.get(VARIABLE, "") or "the engine of this machine"

    def reach(self, address: str) -> str:
        """Where this machine finds what is at `address` (host:port) of the engine's."""
        if self.is_here:
            return address
        return tunnels(self.place).to(address)

    @property
    def is_here(self) -> bool:
        """Is it this machine's?"""
        named = self.host or os.environ.get(VARIABLE, "")
        return not named or named.startswith("unix://")

    def __call__(self, *arguments: str, seconds: float = SECONDS) -> str:
        """What the command prints, stripped. EngineError if it fails."""
        try:
            done = subprocess.run(
                self._command(arguments), capture_output=True, text=True, check=False,
                timeout=seconds, env=self._environ(),
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise self._refusal(arguments, f"no answer within {seconds:.0f} s") from error
        if done.returncode != 0:
            raise self._refusal(arguments, done.stderr)
        return done.stdout.strip()

    def logs(self, container: str, lines: int = 5) -> str:
        """The last that a container wrote, in one line; empty where it wrote nothing."""
        done = subprocess.run(
            self._command(["logs", f"--tail={lines}", container]),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            timeout=SECONDS, env=self._environ(),
        )  # fmt: skip
        return " | ".join(done.stdout.strip().splitlines())[-1000:]

    def opened(self, *arguments: str, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        """A command that goes on, with pipes to it and from it. In a session of its own, so that
        an interrupted `delivery` ends it in its own order."""
        return subprocess.Popen(
            self._command(arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            env=self._environ(), start_new_session=True,
        )  # fmt: skip

    def containers(self, labels: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        """What `docker inspect` says of each container with these labels, also of stopped ones."""
        filters = [f"--filter=label={name}={value}" for name, value in labels.items()]
        ids = self("ps", "--all", "--quiet", "--no-trunc", *filters).split()
        if not ids:
            return []
        try:
            return [dict(found) for found in json.loads(self("container", "inspect", *ids))]
        except EngineError:  # one of them ended meanwhile
            return [found for each in ids if (found := self.inspected("container", each))]

    def inspected(self, kind: str, name: str) -> Mapping[str, Any] | None:
        """What `docker KIND inspect` says; None where there is no such thing."""
        try:
            (found,) = json.loads(self(kind, "inspect", name))
        except EngineError as error:
            if "no such" in error.said.lower() or "not found" in error.said.lower():
                return None
            raise
        return dict(found)

    def removed(self, *containers: str) -> None:
        """End and remove these, be they there or not."""
        for name in containers:
            try:
                self("rm", "--force", "--volumes", name)
            except EngineError as error:
                if "no such container" not in error.said.lower() and (
                    "already in progress" not in error.said
                ):
                    raise

    def _command(self, arguments: Sequence[str]) -> list[str]:
        docker = shutil.which("docker")
        if docker is None:
            raise TargetError(
                "docker is not on PATH; the target `docker` needs its command, as `apt-get install "
                "docker.io` brings it. `delivery doctor`"
            )
        return [docker, *arguments]

    def _environ(self) -> Mapping[str, str] | None:
        return {**os.environ, VARIABLE: self.host} if self.host else None

    def _refusal(self, arguments: Sequence[str], told: str) -> EngineError:
        lines = told.strip().splitlines() or ["it said nothing"]
        causes = [line for line in lines if "Error" in line]
        said = (causes or lines)[0][-600:]
        what = f"docker {' '.join(arguments[:2])}"
        return EngineError(f"{what} at {self.place}: {said}. `delivery doctor`", said)
