"""Poisoned caches: a branch leaves one, and no job that holds a secret executes what is in it.

The attack is played in act, by a branch that changes the set-up which its training runs on main;
and for every job there is, with what the workflow files say. The caches keep to GitHub's scopes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.checkout import shared_folder
from tests.github.caches import MAIN, Caches
from tests.workflows import act
from tests.workflows.advisories import advisories
from tests.workflows.parsed import ROOT, WORKFLOWS, workflow
from tests.workflows.world import World, world

NAMES = [path.name for path in sorted((ROOT / WORKFLOWS).glob("*.yml"))]
ON_MAIN = {"push", "schedule", "workflow_dispatch", "workflow_call"}  # such runs have main's scope
BRANCH, PULL = "refs/heads/topic", "refs/pull/1/merge"
KEY = "uv-Linux-X64-3.11-"
SETUP = ".github/actions/setup/action.yml"
POISON = """
setup: poison
poison:
\tmkdir -p $(HOME)/.cache/uv && touch $(HOME)/.cache/uv/evil
"""


def needs_act(test: Callable[..., None]) -> Callable[..., None]:
    return pytest.mark.e2e(pytest.mark.skipif(bool(act.missing()), reason=act.missing())(test))


@dataclass(frozen=True)
class CachingJob:
    """What a job does with caches: its mode, whether it restores and saves downloads, whose code
    it runs, and whether it holds a secret or a token that writes contents."""

    name: str
    mode: str
    caches: bool
    foreign: bool
    trusted: bool


def caching_jobs() -> Iterator[CachingJob]:
    """Every job with steps that a run on main can have."""
    for name in NAMES:
        content = workflow(name)
        if not ON_MAIN & set(content["on"]):
            continue
        for key, job in content["jobs"].items():
            if "steps" in job:
                yield _caching_job(f"{name}/{key}", job)


def _caching_job(name: str, job: dict[str, Any]) -> CachingJob:
    setups = [step for step in job["steps"] if step.get("uses") == "./.github/actions/setup"]
    refs = [str(s["with"].get("ref", "")) for s in job["steps"] if "checkout@" in s.get("uses", "")]
    return CachingJob(
        name,
        job.get("cache-mode", "write"),
        any(step.get("with", {}).get("cache") in (True, "true") for step in setups),
        any("inputs." in ref for ref in refs),
        "environment" in job or job["permissions"].get("contents") == "write",
    )


@pytest.fixture
def caches(tmp_path: Path) -> Caches:
    return Caches(tmp_path / "caches")


def saved(caches: Caches, ref: str, key: str, content: str, mode: str = "write") -> bool:
    """Could a run of `ref` save it?"""
    place = caches.save(ref, key, mode)
    if place:
        (place / content).touch()
    return place is not None


def restored(caches: Caches, ref: str, key: str, mode: str = "write") -> list[str]:
    """What a run of `ref` gets for the beginning of a key."""
    hit = caches.restore(ref, [key], mode)
    return sorted(file.name for file in hit.iterdir()) if hit else []


def test_a_cache_that_a_branch_poisoned_is_executed_by_no_job_that_is_trusted(
    caches: Caches,
) -> None:
    """Code of a branch runs on main where a training of it was asked for. It may save whatever it
    likes: uv takes what lies in its cache, even by hash."""
    foreign = [job for job in caching_jobs() if job.foreign]
    assert [job.name for job in foreign] == ["train.yml/train"]
    for job in foreign:
        saved(caches, MAIN, f"{KEY}evil", "evil", job.mode)
    for ref in (BRANCH, PULL):
        assert saved(caches, ref, f"{KEY}evil", "evil"), "as a pull request's own jobs may"
    executed = {
        job.name: restored(caches, MAIN, KEY, job.mode)
        for job in caching_jobs()
        if job.caches or job.trusted
    }
    assert [name for name, content in executed.items() if content] == []
    assert {"train.yml/propose", "release.yml/release", "_deploy.yml/deploy"} <= set(executed)


def test_a_branch_reads_mains_cache_and_main_reads_no_branchs(caches: Caches) -> None:
    assert saved(caches, MAIN, f"{KEY}1", "main")
    assert not saved(caches, MAIN, f"{KEY}1", "again"), "a key is written once"
    assert not saved(caches, MAIN, f"{KEY}3", "unasked", "none")
    assert saved(caches, PULL, f"{KEY}2", "branch")
    assert restored(caches, BRANCH, KEY) == ["main"]
    assert restored(caches, BRANCH, KEY, "none") == []
    assert restored(caches, PULL, KEY) == ["branch"]
    assert restored(caches, MAIN, f"{KEY}2") == []


@pytest.mark.parametrize("name", NAMES)
def test_jobs_of_an_environment_say_that_they_use_no_cache(name: str) -> None:
    for job in workflow(name)["jobs"].values():
        if "environment" in job or "secrets" in job:
            assert job["cache-mode"] == "none"


def test_the_set_up_takes_a_cache_only_where_a_job_asks_for_it() -> None:
    text = (ROOT / ".github/actions/setup/action.yml").read_text(encoding="utf-8")
    action = YAML(typ="safe", pure=True).load(text)
    (step,) = [s for s in action["runs"]["steps"] if "actions/cache@" in s.get("uses", "")]
    assert step["if"] == "inputs.cache == 'true'"
    assert action["inputs"]["cache"]["default"] == "false"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A branch whose set-up takes and leaves a cache in every job that runs it, with evil in it."""
    room = tmp_path_factory.mktemp("caches")
    with advisories() as source, world(room, "minimal", {}) as here:
        here.variables["ADVISORIES_URL"] = source.url
        here.environ["SHARED"] = str(shared_folder(tmp_path_factory) / "workspace")
        makefile, action = here.read("Makefile") + POISON, here.read(SETUP)
        for target in ("test", "e2e", "lint"):  # what they do is not tried here
            makefile = makefile.replace(f"\n{target}: setup", f"\n{target}: setup\nno-{target}:")
        assert action.count('default: "false"') == 1
        files = {"Makefile": makefile, SETUP: action.replace('default: "false"', 'default: "true"')}
        here.branch("faster", files, "A faster set-up")
        yield here


def attack(here: World, caches: Caches) -> None:
    """A training of the branch is asked for: it runs on main, with the branch's set-up."""
    here.environ["CACHES"] = f"{sys.executable} {ROOT}/tests/github/caches.py {caches.root}"
    run = here.dispatch("train.yml", {"branch": "faster"}, kill_when="Run Main Train")
    assert run.killed, "what it would train is not tried here"


@needs_act
def test_what_a_branch_leaves_reaches_no_job_of_main(attacked: World, caches: Caches) -> None:
    attack(attacked, caches)
    attacked.hub.open_pull(attacked.hub.person("maintainer"), "faster", "A faster set-up")
    attacked.settle(kill_when="Run Main Scan code")
    trained, *pulled = caches.log()
    assert trained == {"job": "train", "ref": MAIN, "mode": "none", "restored": [], "saved": False}
    assert {entry["ref"] for entry in pulled} == {PULL}
    assert list(caches.root.rglob("evil")), "as a pull request's own jobs may"
    asked = {"environment": "production", "reason": "complaints"}
    runs = [attacked.dispatch("release.yml", {}), attacked.dispatch("rollback.yml", asked)]
    assert [set(run.jobs) for run in runs] == [{"release"}, {"rollback"}], "which hold secrets"
    assert caches.log() == [trained, *pulled], "they ask for no cache"
    assert attacked.schedule("security.yml").jobs["scan"] == "success"
    scanned = {"job": "scan", "ref": MAIN, "mode": "write", "restored": [], "saved": True}
    assert caches.log()[-1] == scanned


@needs_act
def test_what_a_branch_leaves_would_reach_main_without_the_mode(
    attacked: World, caches: Caches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.workflows.world.cache_modes", lambda *_: {})
    attack(attacked, caches)
    attacked.schedule("security.yml")
    trained, scanned = caches.log()
    assert (trained["ref"], trained["saved"]) == (MAIN, True)
    assert scanned["restored"] == ["evil"]
