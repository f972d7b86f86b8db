"""Run one of the workflow files in act: the file as it is, on this machine, without containers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.costs import counted
from tests.workflows.parsed import WORKFLOWS, pinned_actions

DOUBLES = Path(__file__).parent / "doubles"
BIN = Path(sys.executable).parent
SECONDS = 900
KEPT = ("OMP_", "UV_", "PIP_", "SSL_CERT_", "REQUESTS_CA_", "LANG", "http_proxy", "https_proxy")
RUNNERS = ("ubuntu-24.04", "own")


@dataclass(frozen=True)
class Run:
    """How the jobs of a run ended, by id, and everything they printed."""

    workflow: str
    jobs: Mapping[str, str]
    log: str
    artifacts: Path
    killed: bool = False

    @property
    def ok(self) -> bool:
        if self.killed or not self.jobs:
            return False
        return set(self.jobs.values()) <= {"success", "skipped"}


@dataclass(frozen=True)
class Job:
    """What a run gets from outside."""

    workflow: str
    event: str
    payload: Mapping[str, Any]
    checkout: Path  # a clone at the commit that the run is about
    environ: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    kill_when: str = ""  # a text in the log at which the run is killed, as by a lost runner


def run(job: Job, room: Path) -> Run:
    """Run it and wait for the end. `room` is a folder of the run's own."""
    room.mkdir(parents=True)
    (room / "artifacts").mkdir()
    event = room / "event.json"
    event.write_text(json.dumps(job.payload))
    process = subprocess.Popen(
        _command(job, room, event), cwd=job.checkout, env=_environ(room), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    with counted(f"act {room.name}"):
        lines, killed = _followed(process, job.kill_when)
    text = "".join(lines)
    (room / "log.jsonl").write_text(text)
    return Run(job.workflow, _jobs(lines), _readable(lines), room / "artifacts", killed)


def _followed(process: subprocess.Popen[str], kill_when: str) -> tuple[list[str], bool]:
    """What act printed until it ended, and whether it was killed at `kill_when`."""
    lines: list[str] = []
    assert process.stdout is not None
    try:
        for line in process.stdout:
            lines.append(line)
            if kill_when and kill_when in line:
                return lines, True
        process.wait(timeout=SECONDS)
    finally:
        _kill(process)
    return lines, False


def _kill(process: subprocess.Popen[str]) -> None:
    """End act and everything below it, at once, as when a runner is lost."""
    if process.poll() is None:
        lost = [*psutil.Process(process.pid).children(recursive=True), process]
        for one in lost:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait()
    assert process.stdout is not None
    process.stdout.close()


def _command(job: Job, room: Path, event: Path) -> list[str]:
    command = [
        str(BIN / "act"), job.event, "--json", "-W", f"{WORKFLOWS}/{job.workflow}",
        "-e", str(event), "--no-cache-server", "--action-cache-path", str(room / "cache"),
        "--container-daemon-socket", "-",
    ]  # fmt: skip
    for runner in RUNNERS:
        command += ["-P", f"{runner}=-self-hosted"]
    for action, sha in pinned_actions():
        owner_name = "/".join(action.split("/")[:2])
        folder = DOUBLES / owner_name.split("/")[1]
        if folder.is_dir():
            command += ["--local-repository", f"{owner_name}@{sha}={folder}"]
    # Outside of CI, act hides the values of secrets from its own command line in the environment.
    environ = {"BORROW": str(BIN.parent), "ARTIFACTS": str(room / "artifacts"), **job.environ}
    for name, value in environ.items():
        command += ["--env", f"{name}={value}"]
    for name, value in job.secrets.items():
        command += ["-s", f"{name}={value}"]
    for name, value in job.variables.items():
        command += ["--var", f"{name}={value}"]
    return command


def _environ(room: Path) -> dict[str, str]:
    """Nothing of the caller's but where programs and package indexes are."""
    home = room / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    return {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "DOCKER_HOST": "unix:///nonexistent.sock",
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_NO_ANALYTICS": "1",
        **kept,
    }


def _jobs(lines: list[str]) -> dict[str, str]:
    """Job id → result. A job of a called workflow is named caller/job."""
    found: dict[str, str] = {}
    for entry in _entries(lines):
        if "jobResult" in entry:
            found[str(entry["jobID"])] = str(entry["jobResult"])
    return found


def _entries(lines: list[str]) -> list[dict[str, Any]]:
    entries = []
    for line in lines:
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return entries


def _readable(lines: list[str]) -> str:
    told = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            told.append(line.rstrip())
            continue
        where = f"{entry.get('jobID', '')}/{entry.get('step', '')}"
        told.append(f"[{where}] {entry.get('msg', '')}".rstrip())
    return "\n".join(told)


def missing() -> str:
    """Why act cannot run here; empty where it can."""
    return "" if shutil.which(str(BIN / "act")) else "act is not in the environment: `make setup`"
