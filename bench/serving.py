"""The service beside others: one model, the same rows, one worker and one core each.

All servers run from the beginning to the end and only one is asked at a time, in turns of a few
seconds, so that whatever the machine does besides meets all of them alike.
"""

from __future__ import annotations

import json
import os
import platform
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from bench import contestants as who
from bench import generator, page
from bench.contestants import MODEL, ROOT, SERVICE, UNCOUNTED, WORKSPACE, Contestant, Rows
from bench.generator import Target, shoot
from bench.results import Cell, Plan, Results, Server

FULL = Plan([Cell(c, r) for r in (1, 10, 1000) for c in (1, 8, 64)], rounds=5, seconds=2, starts=3)
QUICK = Plan([Cell(8, 1), Cell(8, 1000)], rounds=5, seconds=1, starts=1)
EXTRA = Cell(8, 1)  # the only one in which the service without drift counters is asked
READY = 120.0  # s
SAME = 1e-6  # how far two scores of one row may lie apart: some answer float32, some text
BODIES = {1: 256, 10: 64, 1000: 4}  # different ones, by rows
KEPT = ROOT / "docs" / "benchmarks.json"


@dataclass(frozen=True)
class Running:
    """A contestant that answers at `port`."""

    contestant: Contestant
    port: int
    process: psutil.Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.contestant.path}"

    def megabytes(self) -> float:
        """Resident memory of it and all its children."""
        total = 0
        for each in [self.process, *self.process.children(recursive=True)]:
            with suppress(psutil.Error):
                total += each.memory_info().rss
        return total / 1e6


def main(quick: bool) -> None:
    """Measure and write docs/benchmarks.md; a quick run writes beside its servers' logs instead,
    since it says little."""
    versions = {"wrk": generator.require(), **_versions()}
    plan = QUICK if quick else FULL
    results = Results(f"{datetime.now(UTC):%Y-%m-%d}", _machine(), versions, plan)
    with tempfile.TemporaryDirectory(prefix="bench-") as work:
        measure(results, Path(work))
    kept = WORKSPACE / "bench" / "quick.json" if quick else KEPT
    kept.write_text(results.to_json(), encoding="utf-8")
    page.write(results, kept.with_suffix(".md"))
    print(kept.with_suffix(".md").read_text(encoding="utf-8") if quick else "docs/benchmarks.md")


def measure(results: Results, work: Path) -> None:
    """Start everybody, ask each in turn, and add what was seen to `results`."""
    say("building the bento and the environments")
    service = who.ours(work)
    rows = [json.loads(line)["instance"] for line in (MODEL / "examples.jsonl").open()]
    contestants = [service, *who.limits(work), *who.peers(work), who.uncounted(work)]
    results.servers = {each.name: Server(each.name, each.title) for each in contestants}
    cores = generator.cores()
    for _ in range(results.plan.starts):
        with running(service, None) as (_, seconds):
            results.servers[SERVICE].starts.append(seconds)
    results.parts = who.parts(service)
    with ExitStack() as stack:
        started = []
        for each in contestants:
            server, seconds = stack.enter_context(running(each, cores[0]))
            say(f"{each.name}: ready after {seconds:.1f} s")
            if each.name != SERVICE:
                results.servers[each.name].starts.append(seconds)
            started.append(server)
        check_same(started, rows)
        for number in range(results.plan.rounds):
            for cell in results.plan.cells:
                say(f"round {number + 1}: {cell.connections} connections, {cell.rows} rows")
                turn = [one for one in started if cell == EXTRA or one.contestant.name != UNCOUNTED]
                _ask(results, turn[number:] + turn[:number], cell, (work, rows), cores[1])


def _ask(
    results: Results,
    turn: Sequence[Running],
    cell: Cell,
    source: tuple[Path, Rows],
    core: int | None,
) -> None:
    work, rows = source
    for server in turn:
        contestant = server.contestant
        choose = random.Random(cell.rows)
        documents = (
            contestant.body(choose.choices(rows, k=cell.rows)) for _ in range(BODIES[cell.rows])
        )
        bodies = generator.write_bodies(work / "bodies", documents)
        target = Target(server.url, bodies, contestant.headers)
        seconds = results.plan.seconds
        shot = shoot(target, connections=cell.connections, seconds=seconds, core=core)
        found = results.servers[contestant.name]
        found.shots.setdefault(cell, []).append(shot)
        found.megabytes = max(found.megabytes, server.megabytes())
        if shot.failed:
            raise SystemExit(f"error: {contestant.title} failed {shot.failed} requests of {cell}")


def check_same(started: Sequence[Running], rows: Rows) -> None:
    """SystemExit unless all of them give the same answers: it is the same model."""
    expected: list[float] = []
    for server in started:
        contestant = server.contestant
        headers = dict(contestant.headers)
        answer = httpx.post(server.url, json=contestant.body(rows), headers=headers, timeout=30)
        found = answer.raise_for_status().json()["predictions"]
        flat = [value[0] if isinstance(value, list) else value for value in found]
        expected = expected or flat
        far = max(abs(a - b) for a, b in zip(flat, expected, strict=True))
        if far > SAME:
            raise SystemExit(f"error: {contestant.title} answers otherwise, by up to {far:g}")


@contextmanager
def running(contestant: Contestant, core: int | None) -> Iterator[tuple[Running, float]]:
    """A server that is ready, and the seconds that took; ended afterwards."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
    began = time.monotonic()
    process = contestant.start(port, core)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
            _await(client, contestant, process, began + READY)
        seconds = time.monotonic() - began
        yield Running(contestant, port, psutil.Process(process.pid)), seconds
    finally:
        _end(process)


def _await(
    client: httpx.Client, contestant: Contestant, process: subprocess.Popen[bytes], until: float
) -> None:
    while True:
        with suppress(httpx.TransportError):
            if client.get(contestant.ready).status_code == 200:
                return
        if process.poll() is not None or time.monotonic() > until:
            told = (contestant.folder / "log").read_text(errors="replace")[-2000:]
            raise SystemExit(f"error: {contestant.title} does not start: {told}")
        time.sleep(0.01)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and its children; the next may have the memory."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for child in family:
        with suppress(psutil.NoSuchProcess):
            child.kill()


def _machine() -> dict[str, str]:
    model = platform.processor() or platform.machine()
    with suppress(OSError):
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        model = found[1] if found else model
    held = "server and generator on a core of their own"
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "Python": platform.python_version(),
        "cores": held if generator.cores()[0] is not None else "not held: the system cannot",
        "load average before": f"{os.getloadavg()[0]:.1f}",
    }


def _versions() -> dict[str, str]:
    """What was locked, of the packages that matter here."""
    found = {}
    for lock, names in (
        ("serving", ("bentoml", "uvicorn", "uvloop", "httptools", "starlette", "orjson")),
        ("serving", ("onnxruntime",)),
        ("peers", ("kserve", "mlflow")),
    ):
        text = (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")
        for name in names:
            pinned = re.search(rf"^{name}==(\S+)", text, re.MULTILINE)
            found[name] = pinned[1] if pinned else "none"
    return found


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
