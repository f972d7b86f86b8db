"""Poisoned caches: a branch leaves one, and no job that holds a secret executes what is in it.

act has no caches, and rejects `cache-mode`. So the attack is played with what the workflow files
say, against caches that keep to GitHub's scopes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.github.caches import MAIN, Caches
from tests.workflows.parsed import ROOT, WORKFLOWS, workflow

NAMES = [path.name for path in sorted((ROOT / WORKFLOWS).glob("*.yml"))]
ON_MAIN = {"push", "schedule", "workflow_dispatch", "workflow_call"}  # such runs have main's scope
BRANCH, PULL = "refs/heads/topic", "refs/pull/1/merge"
KEY = "uv-Linux-X64-3.11-"


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


def test_a_cache_that_a_branch_poisoned_is_executed_by_no_job_that_is_trusted() -> None:
    """Code of a branch runs on main where a training of it was asked for. It may save whatever it
    likes: uv takes what lies in its cache, even by hash."""
    caches = Caches()
    for job in caching_jobs():
        if job.foreign:
            caches.save(MAIN, f"{KEY}evil", job.name, job.mode)
    for ref in (BRANCH, PULL):
        assert caches.save(ref, f"{KEY}evil", "a pull request's own jobs"), "as they may"
    executed = {
        job.name: caches.restore(MAIN, [KEY], job.mode)
        for job in caching_jobs()
        if job.caches or job.trusted
    }
    assert set(executed.values()) == {None}
    assert {"train.yml/propose", "release.yml/release", "_deploy.yml/deploy"} <= set(executed)


def test_the_attack_would_succeed_without_the_mode() -> None:
    foreign = [job for job in caching_jobs() if job.foreign]
    assert [job.name for job in foreign] == ["train.yml/train"]
    caches = Caches()
    caches.save(MAIN, f"{KEY}evil", "evil")
    assert caches.restore(MAIN, [KEY]) == "evil"
    assert caches.restore(MAIN, [KEY], "none") is None


def test_a_branch_reads_mains_cache_and_main_reads_no_branchs() -> None:
    caches = Caches()
    assert caches.save(MAIN, f"{KEY}1", "main")
    assert not caches.save(MAIN, f"{KEY}1", "again"), "a key is written once"
    assert caches.save(PULL, f"{KEY}2", "branch")
    assert caches.restore(BRANCH, [KEY]) == "main"
    assert caches.restore(PULL, [KEY]) == "branch"
    assert caches.restore(MAIN, [f"{KEY}2"]) is None


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
