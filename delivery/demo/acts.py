"""The acts of the demo, each by the commands that people use."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from delivery.demo.rollout import shown
from delivery.demo.stage import ACTIVATION, CONSOLE, DemoError, Stage, opened
from delivery.documents import parse_yaml
from delivery.retraining.params import override as put
from delivery.settings.policy import read_settings

REFUSED = 3
SHUFFLED = """

# The bad candidate of the demo: labels that have nothing to do with their rows.
_honest_fit = fit


def fit(train, validation, settings):
    labels = train[settings.label].sample(frac=1, random_state=0).to_numpy()
    return _honest_fit(train.assign(**{settings.label: labels}), validation, settings)
"""


@dataclass
class Story:
    """What the acts found, for the summary and for `.demo/result.json`."""

    seconds: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def override(stage: Stage, which: str) -> str:
    """Write the overrides of `demo.<which>` into the clone's params.yaml; returns them."""
    file = stage.clone / "params.yaml"
    params = parse_yaml(file.read_text(encoding="utf-8"), file.name)
    overrides: Mapping[str, Any] = params.get("demo", {}).get(which, {})
    for path, value in overrides.items():
        put(file, f"{path}={value}")
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
    output = stage.run("delivery", "pr", "open")
    stage.run("delivery", "gate")
    stage.merge(output)
    stage.sync_main()
    stage.merge(stage.run("delivery", "release"))


def roll_out(stage: Stage) -> None:
    """Deploy and promote through every environment; the last one has clients to look after."""
    *others, last = read_settings(stage.clone).environments
    for name in others:
        stage.merge(stage.run("delivery", "deploy", name))
    with shown(stage, last):
        stage.run("delivery", "deploy", last)


@contextlib.contextmanager
def traffic(stage: Stage, name: str) -> Iterator[dict[str, Any]]:
    """Clients calling production all the while; fills in what they saw."""
    out, stop = stage.folder / f"{name}.json", stage.folder / f"{name}.stop"
    stop.unlink(missing_ok=True)
    url = stage.ask("status")[-1]["url"]
    process = subprocess.Popen(
        [sys.executable, "-m", "delivery.demo.traffic", url, "--until-file", str(stop),
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


def act_retrain(stage: Stage, _: Story) -> None:
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


def act_refuse(stage: Stage, _: Story) -> None:
    stage.sync_main()
    switch(stage, "shuffled-labels")
    with (stage.clone / "model" / "__init__.py").open("a", encoding="utf-8") as file:
        file.write(SHUFFLED)
    retrain(stage, "shuffled-labels", "Try something new")
    before = stage.ask("status")
    output = stage.run("delivery", "pr", "open")
    stage.run("delivery", "gate", expect=REFUSED)
    if stage.ask("status") != before:
        raise DemoError("a refused candidate changed an environment")
    CONSOLE.print("  no environment changed")
    stage.run("delivery", "pr", "close", opened(output), "--reason", "refused by a gate")


def act_roll_back(stage: Stage, story: Story) -> None:
    last = list(read_settings(stage.clone).environments)[-1]
    with traffic(stage, "rollback") as seen:
        stage.run("delivery", "rollback", last, "--reason", "a drill")
    answers = stage.ask("status")[-1]["route"]
    story.facts["rollback"] = seen
    if story.facts["first"] not in answers:
        raise DemoError(f"after the rollback {answers} answers, not {story.facts['first']}")


def act_look(stage: Stage, story: Story) -> None:
    *_, last = read_settings(stage.clone).environments
    stage.run("delivery", "history")
    stage.run("delivery", "report", "--rollout", last)
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
    CONSOLE.print(f"  . {stage.folder / ACTIVATION}   # then: delivery status, delivery --help, …",
                  markup=False, soft_wrap=True)  # fmt: skip


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
