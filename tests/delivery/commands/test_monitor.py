"""`delivery monitor`: from a log to findings, and to one retrain pull request."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.commands import monitor as command
from delivery.commands.monitor import MonitorRequest, MonitorResult, monitor
from delivery.errors import HeldError, InputError
from delivery.forge.protocol import Pull
from delivery.monitoring import observation
from delivery.monitoring.judges.rows import DAY, Log, Rows
from delivery.monitoring.judges.service import Counts
from delivery.settings.host import GitHub, Surroundings
from serving.segments.folder import Folder
from serving.segments.shipper import Shipper
from serving.segments.store import Store
from tests.delivery.commands.live import ENV, ONE, TWO, two_releases
from tests.delivery.monitoring.logged import CONTRACT, START, changed, log, write
from tests.delivery.place import World
from tests.origin import Origin

END = START + 42 * DAY
SCORES_FILES = """
environments:
  staging: {target: {kind: local, port: 7101}}
  production: {target: {kind: batch, sample: recent/}}
"""
OPEN = CONTRACT.model_copy(update={"inputs": CONTRACT.inputs[:3]})


@dataclass(frozen=True)
class Released:
    """Stands for a bento in the store."""

    id: str
    contract: Any = OPEN


@dataclass(frozen=True)
class Candidate:
    bento: Released


@pytest.fixture
def world(pipeline: Origin, remote: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A production whose pipeline takes no time, and whose releases answer as logged."""
    monkeypatch.setattr(command, "released", lambda _, __, release: Candidate(Released(release)))
    monkeypatch.setattr(command, "counts", lambda *_: Counts(5_000))
    monkeypatch.setattr(observation, "replay", lambda _, __, rows: rows.scores)
    return two_releases(pipeline)


def logged(world: World, made: Log) -> Path:
    """Where the local target keeps it."""
    folder = world.places[ENV].predictions = world.workspace / "predictions"
    return write(folder, made)


def quiet() -> Log:
    return changed(log(42), 0, release=TWO)


def drifting() -> Log:
    """Two windows of other scores."""
    return changed(quiet(), 28, scores=lambda scores: scores * 0.5)


def look(world: World, **fields: Any) -> MonitorResult:
    return monitor(world, MonitorRequest(ENV, until=fields.pop("until", END), **fields))


def statuses(result: MonitorResult) -> dict[str, str]:
    return {each.judge: each.status for each in result.findings}


def open_retrains(world: World) -> list[Pull]:
    return [pull for pull in world.forge.pulls(state="open") if "retrain" in pull.labels]


def test_a_quiet_environment_passes_and_nothing_is_proposed(world: World) -> None:
    logged(world, quiet())
    result = look(world, propose=True)
    assert set(statuses(result).values()) == {"pass", "no verdict"}
    assert statuses(result)["scores"] == statuses(result)["loss"] == "pass"
    assert (result.release, result.decision.propose, result.pull) == (TWO, False, None)
    assert (result.folder / "monitor.html").is_file()
    assert open_retrains(world) == []


def test_a_store_shows_what_the_folder_shows(world: World, tmp_path: Path) -> None:
    folder = logged(world, drifting())
    here = look(world)
    store = Store(str(tmp_path / "store"))
    assert Shipper(Folder(folder), store, 0, 0).go(last=True)
    assert look(world, log=store.address).findings == here.findings
    assert statuses(look(world))["scores"] == "no verdict", "the folder has none left"


def test_drift_becomes_one_pull_request_with_the_evidence(world: World, pipeline: Origin) -> None:
    logged(world, drifting())
    pipeline.push({"raw.txt": "newer data\n"}, "New data")
    first = look(world, propose=True)
    assert statuses(first)["scores"] == "alarm"
    (pull,) = open_retrains(world)
    assert first.pull is not None
    assert first.pull.number == pull.number
    assert "| scores | alarm | PSI" in pull.body
    assert "Trained anew by `dvc repro`" in pull.body
    pipeline.git("checkout", "--quiet", ".")
    again = look(world, propose=True)
    assert again.decision.why == f"the retrain pull request #{pull.number} is open"
    world.forge.close(pull.number, "no")
    later = look(world, propose=True, until=END + DAY)
    assert "the last one was proposed 1.0 days ago" in later.decision.why
    assert open_retrains(world) == []


@pytest.mark.parametrize("fields", [{}, {"propose": True, "dry_run": True}])
def test_nothing_is_proposed_unless_it_is_asked_for(world: World, fields: dict[str, bool]) -> None:
    logged(world, drifting())
    result = look(world, **fields)
    assert result.decision.propose
    assert result.pull is None
    assert open_retrains(world) == []
    assert world.repository.run("ls-remote", "origin", "refs/delivery/monitor/*") == ""


def test_a_job_asks_train_yml_and_says_why(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes what the other job found, and trains nothing itself: it may write."""
    logged(world, drifting())
    folder = look(world).folder
    started: list[tuple[object, ...]] = []

    class Started:
        def __init__(self, _: object, slug: str) -> None:
            self.slug = slug

        def start(self, *request: object) -> None:
            started.append((self.slug, *request))

    github = GitHub("o/n", "https://github.com", "https://api.github.com", "t", is_app=False)
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "7", "DEPLOY_RUNNER": "own"}
    forge = world.forge
    vars(world).update(surroundings=Surroundings(environ, github), forge=forge, api=None)
    monkeypatch.setattr(command, "Runs", Started)
    monkeypatch.setattr(command, "train", None)
    result = look(world, folder=folder, propose=True)
    reason = "alarm: scores. https://github.com/o/n/actions/runs/7"
    assert started == [("o/n", "train.yml", "main", {"reason": reason})]
    assert (result.pull, result.outcome) == (None, "asked train.yml for a retrain")


def test_the_same_data_gives_no_pull_request_and_cools_down(world: World) -> None:
    logged(world, drifting())
    result = look(world, propose=True)
    assert (result.pull, "nothing new" in result.outcome) == (None, True)
    assert not look(world, propose=True).decision.propose


def test_no_model_learns_from_a_broken_column(world: World) -> None:
    celsius = changed(drifting(), 40, inputs={"heat": lambda x: (x - 32) / 1.8})
    logged(world, celsius)
    result = look(world, propose=True)
    assert (statuses(result)["scores"], statuses(result)["units"]) == ("alarm", "alarm")
    assert "units: mend this first" in result.decision.why


def test_a_worse_release_is_found_by_the_one_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged(world, changed(quiet(), 0, scores=lambda s: np.clip(s + 0.25, 0.01, 0.99)))

    def replay(_: object, bento: Released, rows: Rows) -> np.ndarray:
        assert bento.id == ONE
        return np.clip(rows.scores - 0.25, 0.01, 0.99)

    monkeypatch.setattr(observation, "replay", replay)
    assert statuses(look(world))["loss"] == "alarm"


def test_what_comes_after_the_window_is_not_looked_at(world: World) -> None:
    logged(world, changed(quiet(), 30, scores=0.9))
    assert statuses(look(world, until=START + 30 * DAY))["scores"] != "alarm"


def test_another_job_proposes_from_what_was_found(world: World, tmp_path: Path) -> None:
    logged(world, drifting())
    found = look(world).folder
    folder = found.rename(tmp_path / "handed")
    result = look(world, folder=folder, propose=True, dry_run=True)
    assert result.decision.propose
    assert not (world.workspace / "monitor" / ENV).exists()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"environment": "staging", "release": "r", "until": "2024-10-04", '
                '"findings": []}', '{"environment": "production", "release": "r", "until": "now", '
                '"findings": [{"judge": 1}]}'],
)  # fmt: skip
def test_evidence_that_is_none_is_refused(world: World, tmp_path: Path, content: str) -> None:
    (tmp_path / "monitor.json").write_text(content)
    with pytest.raises(InputError, match=r"monitor\.json is"):
        look(world, folder=tmp_path, propose=True)


def test_lines_that_cannot_be_read_are_said(world: World) -> None:
    with (logged(world, quiet()) / "predictions-2.jsonl").open("w") as file:
        file.write('{"half')
    content = json.loads((look(world).folder / "monitor.json").read_text())
    assert "1 lines of the log could not be read" in content["notes"]


def test_without_a_log_it_says_where_one_comes_from(world: World) -> None:
    with pytest.raises(InputError, match="SERVING_LOG_FOLDER"):
        look(world)


def test_where_files_are_scored_nothing_is_watched_and_no_job_fails(
    world: World, pipeline: Origin, tmp_path: Path
) -> None:
    """What monitor.yml does each morning: one job looks, another proposes from what it found."""
    pipeline.push({"delivery.yaml": SCORES_FILES})
    found = look(world)
    (finding,) = found.findings
    assert (finding.status, finding.measured) == ("no verdict", "no service")
    assert "delivery batch run" in finding.why
    proposed = look(world, folder=found.folder.rename(tmp_path / "handed"), propose=True)
    assert (proposed.decision.propose, proposed.pull) == (False, None)
    logged(world, quiet())
    watched = look(world, log=str(world.workspace / "predictions"))
    assert statuses(watched)["scores"] == "pass", "a log that is named is judged"


def test_where_nothing_is_verified_nothing_is_watched(origin: Origin) -> None:
    empty = World(origin.path, lambda _: None)
    with pytest.raises(HeldError, match="nothing is verified in production"):
        monitor(empty, MonitorRequest(ENV))


def test_an_environment_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(InputError, match="no environment is called 'nowhere'"):
        monitor(world, MonitorRequest("nowhere"))
