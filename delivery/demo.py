"""`make demo`: the whole loop in a scratch clone, by the commands that people use.

It works with whatever model the checkout holds. The two stages of its story, a first release and
an improvement, are the overrides under `demo:` in params.yaml. Everything lives under `.demo/`:
a clone, its bare origin, its DVC remote and a home of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from delivery.desired import Desired, desired_path, render_desired
from delivery.settings import read_settings

CONSOLE = Console(highlight=False)
REFUSED = 3
SHUFFLED = """

# The bad candidate of `make demo`: labels that have nothing to do with their rows.
_honest_fit = fit


def fit(train, validation, settings):
    def shuffled(frame):
        labels = frame[settings.label].sample(frac=1, random_state=0).to_numpy()
        return frame.assign(**{settings.label: labels})

    return _honest_fit(shuffled(train), shuffled(validation), settings)
"""


class DemoError(Exception):
    """An act did not end as it must."""


@dataclass
class Story:
    """What the acts found, for the summary and for `.demo/result.json`."""

    seconds: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


class Stage:
    """The scratch clone and the ways to act in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".demo"
        self.clone = self.folder / "checkout"
        self.environ = self._environ()

    def _environ(self) -> dict[str, str]:
        """A home of its own; nothing of the person's git or DVC settings."""
        uv_cache = subprocess.run(
            ["uv", "cache", "dir"], capture_output=True, text=True, check=True
        ).stdout.strip()
        home = self.folder / "home"
        who = {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", "Newcomer"), ("EMAIL", "newcomer@example.com"))
        }
        return {
            **os.environ,
            **who,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "UV_CACHE_DIR": uv_cache,
            "GIT_CONFIG_NOSYSTEM": "1",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(home / "dvc"),
            "PYTHONPATH": "",
        }

    def run(self, *command: str, expect: int = 0, quiet: bool = False) -> None:
        """Run a command of the story, showing it and what it prints."""
        CONSOLE.print(f"[bold]$ {' '.join(command)}[/bold]")
        process = subprocess.Popen(
            command, cwd=self.clone, env=self.environ, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if not quiet:
                CONSOLE.print("  " + line.rstrip(), markup=False, soft_wrap=True)
        if process.wait() != expect:
            if quiet:
                CONSOLE.print("".join(said), markup=False)
            raise DemoError(
                f"`{' '.join(command)}` exited with {process.returncode}, expected {expect}"
            )

    def ask(self, *command: str) -> Any:
        """The JSON answer of a `delivery` command."""
        result = subprocess.run(
            ["delivery", *command, "--json"],
            cwd=self.clone, env=self.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        try:
            return json.loads(result.stdout)
        except ValueError as error:
            raise DemoError(f"`delivery {' '.join(command)}`: {result.stderr}") from error

    def merge_newest(self) -> None:
        """Merge the pull request that was opened last."""
        number = max(pull["number"] for pull in self.ask("pr", "list") if pull["state"] == "open")
        self.run("delivery", "pr", "merge", str(number))

    def sync_main(self) -> None:
        self.run("git", "switch", "--quiet", "main", quiet=True)
        self.run("git", "pull", "--quiet", "origin", "main")


def prepare(stage: Stage) -> None:
    """Lay out the scratch clone: this checkout's files, nothing released, its own origin."""
    take_down(stage)
    shutil.rmtree(stage.folder, ignore_errors=True)
    stage.clone.mkdir(parents=True)
    listed = subprocess.run(
        ["git", "-C", str(stage.root), "ls-files", "-co", "--exclude-standard", "-z"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        source = stage.root / name
        if source.is_file() and not name.startswith("releases/r-") and name != "dvc.lock":
            target = stage.clone / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    for environment in read_settings(stage.clone).environments:
        (stage.clone / desired_path(environment)).write_text(render_desired(Desired()))
    for command in (
        ("git", "init", "--quiet", "--bare", "-b", "main", "../origin.git"),
        ("git", "init", "--quiet", "-b", "main"),
        ("git", "remote", "add", "origin", "../origin.git"),
        ("dvc", "remote", "add", "--local", "--quiet", "--default", "store", "../store"),
        ("git", "add", "--all"),
        ("git", "commit", "--quiet", "-m", "Start from the template"),
        ("git", "push", "--quiet", "-u", "origin", "main"),
    ):
        subprocess.run(command, cwd=stage.clone, env=stage.environ, check=True)


def take_down(stage: Stage) -> None:
    """Stop what an earlier demo left running."""
    if (stage.clone / "delivery.yaml").is_file():
        subprocess.run(
            ["delivery", "down"], cwd=stage.clone, env=stage.environ,
            stdout=subprocess.DEVNULL, check=False,
        )  # fmt: skip


def override(stage: Stage, which: str) -> str:
    """Write the overrides of `demo.<which>` into the clone's params.yaml; returns them."""
    file = stage.clone / "params.yaml"
    yaml = YAML()
    params = yaml.load(file.read_text(encoding="utf-8"))
    overrides: Mapping[str, Any] = params.get("demo", {}).get(which, {})
    for path, value in overrides.items():
        *parents, key = path.split(".")
        section = params
        for parent in parents:
            section = section[parent]
        section[key] = value
    with file.open("w", encoding="utf-8") as out:
        yaml.dump(params, out)
    return ", ".join(f"{path}={value}" for path, value in overrides.items()) or "nothing"


def retrain(stage: Stage, branch: str, message: str) -> None:
    """`dvc repro` on a branch, committed and pushed to the store."""
    stage.run("dvc", "repro")
    stage.run("git", "add", "--all", quiet=True)
    stage.run("git", "commit", "--quiet", "--allow-empty", "-m", message, quiet=True)
    stage.run("dvc", "push", "--quiet")
    CONSOLE.print(f"  committed on {branch}: {message}")


def switch(stage: Stage, branch: str) -> None:
    stage.run("git", "switch", "--quiet", "-c", branch, "main", quiet=True)


def release_to_staging(stage: Stage) -> None:
    """Pull request, gate, merge, release, promotion pull request to the first environment."""
    stage.run("delivery", "pr", "open")
    stage.run("delivery", "gate")
    stage.merge_newest()
    stage.sync_main()
    stage.run("delivery", "release")
    stage.merge_newest()


def roll_out(stage: Stage) -> None:
    """Deploy and promote through every environment."""
    environments = list(read_settings(stage.clone).environments)
    for name in environments:
        stage.run("delivery", "deploy", name)
        if name != environments[-1]:
            stage.merge_newest()


@contextlib.contextmanager
def traffic(stage: Stage, name: str) -> Iterator[dict[str, Any]]:
    """Clients calling production all the while; fills in what they saw."""
    out, stop = stage.folder / f"{name}.json", stage.folder / f"{name}.stop"
    stop.unlink(missing_ok=True)
    url = stage.ask("status")[-1]["url"]
    process = subprocess.Popen(
        [sys.executable, "-m", "delivery.traffic", url, "--until-file", str(stop),
         "--examples", "artifacts/model/examples.jsonl", "--json", str(out)],
        cwd=stage.clone, env=stage.environ,
    )  # fmt: skip
    seen: dict[str, Any] = {}
    try:
        yield seen
    finally:
        stop.touch()
        process.wait(timeout=60)
    seen.update(json.loads(out.read_text(encoding="utf-8")))
    answered = ", ".join(f"{count} by {who}" for who, count in seen["releases"].items())
    CONSOLE.print(
        f"  clients of production meanwhile: {seen['requests']} requests, "
        f"[bold]{seen['failures']} lost[/bold] ({answered})"
    )
    if seen["failures"] or not seen["requests"]:
        raise DemoError(f"{seen['failures']} of {seen['requests']} requests were lost")


def act_retrain(stage: Stage, story: Story) -> None:
    switch(stage, "first-release")
    CONSOLE.print(f"  the first release: {override(stage, 'first')}")
    retrain(stage, "first-release", "Train the first release")


def act_release(stage: Stage, story: Story) -> None:
    release_to_staging(stage)
    roll_out(stage)
    story.facts["first"] = stage.ask("status")[-1]["wanted"]


def act_improve(stage: Stage, story: Story) -> None:
    stage.sync_main()
    switch(stage, "improvement")
    CONSOLE.print(f"  the improvement: {override(stage, 'improvement')}")
    retrain(stage, "improvement", "Retrain")
    with traffic(stage, "improve") as seen:
        release_to_staging(stage)
        roll_out(stage)
    story.facts["improvement"] = stage.ask("status")[-1]["wanted"]
    story.facts["switch"] = seen
    story.facts["report"] = str(_report(stage, story.facts["improvement"]))


def act_refuse(stage: Stage, story: Story) -> None:
    stage.sync_main()
    switch(stage, "shuffled-labels")
    with (stage.clone / "model" / "__init__.py").open("a", encoding="utf-8") as file:
        file.write(SHUFFLED)
    retrain(stage, "shuffled-labels", "Try something new")
    before = stage.ask("status")
    stage.run("delivery", "pr", "open")
    stage.run("delivery", "gate", expect=REFUSED)
    if stage.ask("status") != before:
        raise DemoError("a refused candidate changed an environment")
    CONSOLE.print("  no environment changed")
    number = max(pull["number"] for pull in stage.ask("pr", "list"))
    stage.run("delivery", "pr", "close", str(number), "--reason", "refused by a gate")


def act_roll_back(stage: Stage, story: Story) -> None:
    last = list(read_settings(stage.clone).environments)[-1]
    with traffic(stage, "rollback") as seen:
        stage.run("delivery", "rollback", last, "--reason", "rehearsal")
    answers = stage.ask("status")[-1]["route"]
    story.facts["rollback"] = seen
    if story.facts["first"] not in answers:
        raise DemoError(f"after the rollback {answers} answers, not {story.facts['first']}")


def act_look(stage: Stage, story: Story) -> None:
    stage.run("delivery", "history")
    stage.run("delivery", "status")
    rows = stage.ask("status")
    example = (stage.clone / "artifacts/model/examples.jsonl").read_text().splitlines()[0]
    body = json.dumps({"instances": [json.loads(example)["instance"]]})
    CONSOLE.print("\n[bold]Try it[/bold]")
    for row in rows:
        CONSOLE.print(f"  {row['environment']:<11} {row['url']}", soft_wrap=True)
    CONSOLE.print(
        f"  curl -s {rows[-1]['url']}/predict -H 'Content-Type: application/json' -d '{body}'",
        markup=False, soft_wrap=True,
    )  # fmt: skip
    database = f"sqlite:///{stage.clone / 'mlflow.db'}"
    CONSOLE.print(f"  mlflow ui --backend-store-uri {database}", markup=False, soft_wrap=True)
    CONSOLE.print(f"  report: {story.facts['report']}", markup=False, soft_wrap=True)


def _report(stage: Stage, release: str) -> Path:
    return stage.clone / ".delivery" / "reports" / release / "report.html"


ACTS = (
    ("Retrain", act_retrain),
    ("Release", act_release),
    ("Improve", act_improve),
    ("Refuse", act_refuse),
    ("Roll back", act_roll_back),
    ("Look", act_look),
)


def play(stage: Stage) -> Story:
    """All acts, timed."""
    story = Story()
    prepare(stage)
    for number, (name, act) in enumerate(ACTS, start=1):
        CONSOLE.rule(f"[bold]{number}. {name}", align="left")
        begun = time.monotonic()
        act(stage, story)
        story.seconds[name] = time.monotonic() - begun
        CONSOLE.print(f"[green]{name}: done in {story.seconds[name]:.1f} s[/green]")
    return story


def summary(story: Story) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("act", "seconds"):
        table.add_column(column)
    for name, seconds in story.seconds.items():
        table.add_row(name, f"{seconds:.1f}")
    table.add_row("all", f"{sum(story.seconds.values()):.1f}", style="bold")
    return table


def main() -> int:
    """0 when every act ended as it must."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", choices=("0", "1"), default="1")
    parser.add_argument("--down", action="store_true")
    options = parser.parse_args()
    stage = Stage(Path.cwd())
    if options.down:
        take_down(stage)
        return 0
    try:
        story = play(stage)
    except DemoError as error:
        CONSOLE.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        take_down(stage)
        return 1
    (stage.folder / "result.json").write_text(json.dumps(vars(story), indent=1), encoding="utf-8")
    CONSOLE.print(summary(story))
    if options.keep == "0":
        take_down(stage)
    else:
        CONSOLE.print("staging and production stay up; `make down` stops them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
